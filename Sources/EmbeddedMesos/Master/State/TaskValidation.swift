import JSON
import Mesos

/// Why a task is refused, in upstream's words (Mesos source, `master/validation.cpp`).
enum TaskValidation {
    /// nil where the task may start.
    /// - Parameters:
    ///   - wanted: the task's resources, allocated to the offer's role.
    ///   - available: what is left of the offers.
    static func problem(
        with task: TaskInfo, wanted: Resources, available: Resources, agentID: String, framework: MasterFramework
    ) -> String? {
        if let problem = problem(withID: task.taskID) { return problem }
        if framework.tasks[task.taskID] != nil { return "Task has duplicate ID: \(task.taskID)" }
        guard task.agentID == agentID else { return "Task uses invalid agent \(task.agentID) while agent \(agentID) is expected" }
        if let executor = task.json["executor"], !executor.isNull {
            return "Custom executors are not supported by the embedded engine; give the task a CommandInfo"
        }
        guard task.command != nil else {
            return "Task should have at least one (but not both) of CommandInfo or ExecutorInfo present"
        }
        if let grace = task.killPolicy?.gracePeriod, grace < .zero { return "Task's 'kill_policy.grace_period' must be non-negative" }
        if let check = task.json["check"], !check.isNull {
            return "Task checks other than 'health_check' are not supported by the embedded engine"
        }
        if let problem = problem(with: task.healthCheck) { return "Task uses invalid health check: \(problem)" }
        guard !wanted.isEmpty else { return "Task uses no resources" }
        guard available.contains(wanted) else {
            return "Total resources \(wanted) required by task and its executor is more than available \(available)"
        }
        return nil
    }

    private static func problem(withID id: String) -> String? {
        if id.isEmpty { return "ID must not be empty" }
        if id.utf8.count > 255 { return "ID must not be greater than 255 characters" }
        if id == "." || id == ".." { return "'.' and '..' are disallowed" }
        if id.unicodeScalars.contains(where: { $0.value < 32 || $0.value == 127 || $0 == "/" || $0 == "\\" }) {
            return "'\(id)' contains invalid characters"
        }
        return nil
    }

    private static func problem(with check: HealthCheck?) -> String? {
        guard let check else { return nil }
        if check.delaySeconds < 0 { return "Expecting 'delay_seconds' to be non-negative" }
        if check.gracePeriodSeconds < 0 { return "Expecting 'grace_period_seconds' to be non-negative" }
        if check.intervalSeconds < 0 { return "Expecting 'interval_seconds' to be non-negative" }
        if check.timeoutSeconds < 0 { return "Expecting 'timeout_seconds' to be non-negative" }
        if case .http(_, _, let path) = check.kind, !path.hasPrefix("/") {
            return "The path '\(path)' of HTTP health check must start with '/'"
        }
        return nil
    }
}
