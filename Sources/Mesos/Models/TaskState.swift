/// The state of a task (v1 `TaskState`).
public enum TaskState: String, Sendable, Hashable, CaseIterable {
    /// Handed to the agent.
    case staging = "TASK_STAGING"
    /// The executor has it.
    case starting = "TASK_STARTING"
    /// It runs.
    case running = "TASK_RUNNING"
    /// It is being killed.
    case killing = "TASK_KILLING"
    /// It ended well.
    case finished = "TASK_FINISHED"
    /// It ended badly.
    case failed = "TASK_FAILED"
    /// It was killed by the framework.
    case killed = "TASK_KILLED"
    /// Its description is invalid.
    case error = "TASK_ERROR"
    /// It is lost (frameworks that are not PARTITION_AWARE).
    case lost = "TASK_LOST"
    /// It was never launched.
    case dropped = "TASK_DROPPED"
    /// Its agent is not reachable; it may come back.
    case unreachable = "TASK_UNREACHABLE"
    /// It is gone with its agent.
    case gone = "TASK_GONE"
    /// The operator says that it is gone.
    case goneByOperator = "TASK_GONE_BY_OPERATOR"
    /// Nobody knows it.
    case unknown = "TASK_UNKNOWN"

    /// True where it never runs again: FINISHED, FAILED, KILLED, ERROR, LOST, DROPPED, GONE, GONE_BY_OPERATOR
    /// (upstream `isTerminalState`; UNREACHABLE and UNKNOWN are not terminal).
    public var isTerminal: Bool {
        switch self {
        case .finished, .failed, .killed, .error, .lost, .dropped, .gone, .goneByOperator: true
        case .staging, .starting, .running, .killing, .unreachable, .unknown: false
        }
    }
}
