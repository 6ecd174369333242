public import JSON

/// What a framework says to the master (v1 scheduler `Call`; Mesos documentation, "Scheduler HTTP API").
public struct SchedulerCall: Sendable, Hashable {
    /// The framework; nil only in a first SUBSCRIBE.
    public var frameworkID: String?
    /// What is asked for.
    public var kind: Kind

    /// What is asked for.
    public enum Kind: Sendable, Hashable {
        /// Opens the event stream.
        case subscribe(FrameworkInfo, suppressedRoles: [String] = [])
        /// Ends the framework and all its tasks.
        case teardown
        /// Uses offers.
        case accept(offerIDs: [String], operations: [Operation], filters: Filters)
        /// Gives offers back.
        case decline(offerIDs: [String], filters: Filters)
        /// Forgets all filters, ends suppression; empty: all roles.
        case revive(roles: [String] = [])
        /// Wants no offers; empty: for all roles.
        case suppress(roles: [String] = [])
        /// Kills a task.
        case kill(taskID: String, agentID: String?, policy: KillPolicy?)
        /// Ends an executor of its own.
        case shutdown(executorID: String, agentID: String)
        /// A status update was taken; `uuid` in base64.
        case acknowledge(agentID: String, taskID: String, uuid: String)
        /// Asks for the latest status of tasks; empty: of all.
        case reconcile([TaskReference])
        /// Bytes for an executor of its own.
        case message(agentID: String, executorID: String, data: String)
        /// Any other type that v1 knows, with its body.
        case other(type: String, body: JSON)
    }

    /// A task to be reconciled.
    public struct TaskReference: Sendable, Hashable {
        /// The task.
        public var taskID: String
        /// The agent, where known.
        public var agentID: String?
        /// Names a task.
        public init(taskID: String, agentID: String? = nil) {
            self.taskID = taskID
            self.agentID = agentID
        }
    }

    /// What is done with accepted offers (v1 `Offer.Operation`).
    public enum Operation: Sendable, Hashable {
        /// Starts tasks.
        case launch([TaskInfo])
        /// RESERVE, CREATE, LAUNCH_GROUP …, as it came.
        case other(type: String, body: JSON)

        /// Its v1 type.
        public var type: String {
            switch self {
            case .launch: "LAUNCH"
            case .other(let type, _): type
            }
        }
    }

    /// How long resources that were given back are not offered again (v1 `Filters`).
    public struct Filters: Sendable, Hashable {
        /// Seconds, ≥ 0. Default 5.
        public var refuseSeconds: Double
        /// Makes filters.
        public init(refuseSeconds: Double = 5) { self.refuseSeconds = refuseSeconds }
    }

    /// Makes a call.
    public init(frameworkID: String?, _ kind: Kind) {
        self.frameworkID = frameworkID
        self.kind = kind
    }

    /// The v1 type: `SUBSCRIBE`.
    public var type: String {
        switch kind {
        case .subscribe: "SUBSCRIBE"
        case .teardown: "TEARDOWN"
        case .accept: "ACCEPT"
        case .decline: "DECLINE"
        case .revive: "REVIVE"
        case .suppress: "SUPPRESS"
        case .kill: "KILL"
        case .shutdown: "SHUTDOWN"
        case .acknowledge: "ACKNOWLEDGE"
        case .reconcile: "RECONCILE"
        case .message: "MESSAGE"
        case .other(let type, _): type
        }
    }
}
