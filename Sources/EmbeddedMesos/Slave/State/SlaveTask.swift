import JSON
import Mesos

/// A task of this slave: what was asked for, what became of it, and what of that a framework has taken.
struct SlaveTask: Sendable, Hashable {
    /// Task ids are unique within a framework only.
    struct Key: Sendable, Hashable {
        let frameworkID: String
        let taskID: String
    }

    /// Random id of this run.
    let containerID: String
    let agentID: String
    let framework: FrameworkInfo
    let frameworkID: String
    let info: TaskInfo
    /// What has become of it, in order.
    var events: [TaskEvent] = []
    /// How many of the events a framework has acknowledged.
    var acknowledged = 0
    /// A kill that no executor has been told yet, or that must be told again to the next one.
    var pendingKill: KillOrder?
    /// True: no framework will acknowledge anything any more.
    var isOrphaned = false

    /// How a task is to be ended.
    struct KillOrder: Sendable, Hashable {
        /// Nil: the task's own, else the slave's.
        let grace: Duration?
        let reportsKilling: Bool
    }

    /// Its key.
    var key: Key { Key(frameworkID: frameworkID, taskID: info.taskID) }

    /// True when its last event has happened.
    var isTerminal: Bool { events.last?.status.isTerminal ?? false }

    /// The event that waits for its acknowledgement; those behind it wait for theirs.
    var pending: TaskEvent? { acknowledged < events.count ? events[acknowledged] : nil }

    /// The state that the slave knows.
    var state: TaskState { events.last.flatMap { TaskState(rawValue: $0.status.state) } ?? .staging }

    /// Adds an event, unless it is there already.
    /// - Returns: false where it is.
    mutating func add(_ event: TaskEvent) -> Bool {
        guard event.sequence == events.count + 1 else { return false }
        events.append(event)
        return true
    }

    /// An event as a v1 status.
    /// - Parameter address: the slave's own; a container's port is reached there, too.
    func status(of event: TaskEvent, address: String) -> TaskStatus {
        TaskStatus(
            taskID: info.taskID, state: TaskState(rawValue: event.status.state) ?? .lost, message: event.status.message,
            source: Self.agentReasons.contains(event.status.reason ?? "") ? "SOURCE_AGENT" : "SOURCE_EXECUTOR",
            reason: event.status.reason, agentID: agentID, executorID: info.taskID, timestamp: event.timestamp, uuid: event.uuid,
            healthy: event.status.healthy, containerStatus: containerStatus(pid: event.pid, address: address))
    }

    /// The latest status, for a master that learns of the task anew.
    func latestStatus(address: String) -> TaskStatus {
        guard let event = events.last else {
            return TaskStatus(taskID: info.taskID, state: .staging, source: "SOURCE_AGENT", agentID: agentID, executorID: info.taskID)
        }
        return status(of: event, address: address)
    }

    private func containerStatus(pid: Int32?, address: String) -> JSON {
        .members([
            "container_id": ["value": .string(containerID)],
            "network_infos": [["ip_addresses": [["protocol": "IPv4", "ip_address": .string(address)]]]],
            "executor_pid": pid.map { .number(Int($0)) },
        ])
    }

    // What the agent says itself in upstream, too.
    private static let agentReasons: Set<String> = [
        "REASON_CONTAINER_LAUNCH_FAILED", "REASON_TASK_INVALID", "REASON_EXECUTOR_TERMINATED",
    ]
}
