import ClusterCore
import Mesos

/// The environment of a task, as upstream's agent and command executor make it.
enum TaskEnvironment {
    /// Variables of a process: the slave's own, Mesos', then those of the command, which win.
    static func process(_ record: LaunchRecord, _ task: TaskSpec) -> [String: String] {
        var environment = record.settings.environment
        environment.merge(mesos(record, task, sandbox: record.sandbox)) { $1 }
        for variable in task.environment { environment[variable.name] = variable.value }
        return environment
    }

    /// Variables of a container: Mesos' and the command's; the image has its own.
    static func container(_ record: LaunchRecord, _ task: TaskSpec) -> [String: String] {
        var environment = mesos(record, task, sandbox: record.settings.sandboxMount)
        environment["MESOS_CONTAINER_NAME"] = record.dockerName
        for variable in task.environment { environment[variable.name] = variable.value }
        return environment
    }

    // Names of Mesos' executor environment (documentation, "Executor"), and MESOS_TASK_ID, which Marathon's tasks expect too.
    private static func mesos(_ record: LaunchRecord, _ task: TaskSpec, sandbox: String) -> [String: String] {
        let settings = record.settings
        return [
            "MESOS_FRAMEWORK_ID": record.frameworkID, "MESOS_EXECUTOR_ID": task.id, "MESOS_TASK_ID": task.id,
            "MESOS_SLAVE_ID": record.agentID, "MESOS_AGENT_ID": record.agentID, "MESOS_SLAVE_PID": settings.slavePID,
            "MESOS_AGENT_ENDPOINT": String(settings.slavePID.drop { $0 != "@" }.dropFirst()), "MESOS_DIRECTORY": record.sandbox,
            "MESOS_SANDBOX": sandbox, "MESOS_CONTAINER_ID": record.containerID, "MESOS_CHECKPOINT": "1",
            "MESOS_EXECUTOR_SHUTDOWN_GRACE_PERIOD": settings.grace.mesosText,
        ]
    }
}
