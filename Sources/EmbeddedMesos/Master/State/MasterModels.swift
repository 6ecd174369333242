import ClusterCore
import Mesos

/// A task as the master knows it.
struct MasterTask: Sendable, Hashable {
    let info: TaskInfo
    let frameworkID: String
    let agentID: String
    /// The role that its resources are allocated to.
    let role: String
    /// Counts tasks in the order in which this master got to know them.
    let number: Int
    /// The latest state that the agent knows.
    var state: TaskState
    /// One status for each state it went through.
    var statuses: [TaskStatus] = []
    /// State and uuid of the latest update that was forwarded.
    var updateState: TaskState?
    var updateUUID: String?
    /// The framework asked for its end while the agent was away.
    var killAsked = false
    var killPolicy: KillPolicy?

    /// What it takes of its agent while it has not ended.
    var resources: Resources { info.resources.allocated(to: role) }
    /// True while its resources are in use.
    var isActive: Bool { !state.isTerminal && state != .unreachable && state != .unknown }

    /// Notes a status; one that repeats the last one's state takes its place, so that health checks don't fill the list.
    mutating func note(_ status: TaskStatus) {
        if statuses.last?.state == status.state { statuses.removeLast() }
        statuses.append(status)
    }
}

/// A framework as the master knows it.
struct MasterFramework: Sendable, Hashable {
    var info: FrameworkInfo
    let id: String
    let registeredTime: Double
    var reregisteredTime: Double?
    var unregisteredTime: Double?
    /// The event stream it is subscribed by; nil while it is away.
    var streamID: String?
    /// Known from an agent's tasks only: it has not subscribed with this master yet.
    var isRecovered = false
    var principal: String?
    var tasks: [String: MasterTask] = [:]
    var unreachableTasks: [MasterTask] = []
    var completedTasks: [MasterTask] = []
    var suppressedRoles: Set<String> = []
    /// When it is removed, on the steady clock; nil while it is here.
    var failoverDeadline: Double?

    var isConnected: Bool { streamID != nil }
    var isPartitionAware: Bool { info.capabilities.contains("PARTITION_AWARE") }
    var roles: [String] { info.effectiveRoles }

    /// All that its tasks use.
    var used: Resources { tasks.values.lazy.filter(\.isActive).reduce(Resources([])) { $0 + $1.resources } }
    /// Tasks in the order in which this master got to know them.
    var orderedTasks: [MasterTask] { tasks.values.sorted { $0.number < $1.number } }
}

/// An agent as the master knows it.
struct MasterAgent: Sendable, Hashable {
    let id: String
    var info: AgentInfo
    var ip: String
    let registeredTime: Double
    var reregisteredTime: Double?
    /// The command stream is open.
    var isConnected = false
    /// Identifies the command stream.
    var streamNumber = 0
    /// When it is declared unreachable, on the steady clock.
    var unreachableDeadline: Double?
    /// It answers pings, so silence means something.
    var answersPings = false
    /// What its tasks use.
    var used = Resources([])
    /// What is offered.
    var offered = Resources([])

    var pid: String { "slave(1)@\(HostPort(host: ip, port: info.port))" }
    /// What is neither used nor offered, not allocated to any role.
    var available: Resources { info.resources - used.allocated(to: nil) - offered.allocated(to: nil) }
}

/// An offer that is out.
struct MasterOffer: Sendable, Hashable {
    let offer: Offer
    /// When it is rescinded, on the steady clock.
    let deadline: Double?
    /// Counts offers, for their order.
    let number: Int
}
