import ClusterCore
import JSON
import Mesos

/// All that a leading master knows, and its rules: events in, effects out. No I/O, no clock, no randomness.
struct MasterState: Sendable {
    /// Limits and time-outs.
    struct Limits: Sendable, Hashable {
        var offerTimeout: Double?
        /// Silence after which an agent is unreachable, seconds.
        var agentTimeout: Double = 75
        /// How long agents of an earlier leader are waited for, seconds.
        var agentReregisterTimeout: Double = 600
        /// How soon after a change resources are offered, seconds.
        var allocationDelay: Double = 0.03
        var completedFrameworks = 50
        var completedTasks = 1000
        var unreachableTasks = 1000
        var weights: [String: Double] = [:]
        /// Roles that frameworks may have; nil: any.
        var allowedRoles: Set<String>?
        var allowsRoot = true
    }

    let master: MasterInfo
    let limits: Limits
    /// When this master was elected, seconds since 1970.
    let electedTime: Double

    var frameworks: [String: MasterFramework] = [:]
    var completedFrameworks: [MasterFramework] = []
    var agents: [String: MasterAgent] = [:]
    var offers: [String: MasterOffer] = [:]
    /// Agents that are away: since when, on the wall's clock.
    var unreachableAgents: [String: Double] = [:]
    /// Agents of an earlier leader that have not come back yet, with the steady moment until which they are waited for.
    var recoveredAgents: [String: Double] = [:]
    var allocator = Allocator()
    var counters = MasterCounters()
    /// When resources are offered next, on the steady clock.
    var allocationDeadline: Double?

    private var nextFramework = 0
    private var nextAgent = 0
    private var nextOffer = 0
    private var nextTask = 0
    private(set) var effects: [MasterEffect] = []

    /// A master that was just elected.
    /// - Parameter knownAgents: ids of the agents that an earlier leader had.
    init(master: MasterInfo, limits: Limits = Limits(), knownAgents: [String] = [], now: MasterTime) {
        self.master = master
        self.limits = limits
        electedTime = now.wall
        for id in knownAgents { recoveredAgents[id] = now.steady + limits.agentReregisterTimeout }
    }

    // MARK: effects

    mutating func emit(_ effect: MasterEffect) { effects.append(effect) }

    mutating func tell(_ framework: MasterFramework, _ event: SchedulerEvent) {
        if let stream = framework.streamID { emit(.tell(streamID: stream, event)) }
    }

    /// Hands out what is to be done, once.
    mutating func drainEffects() -> [MasterEffect] {
        defer { effects.removeAll() }
        return effects
    }

    // MARK: ids

    mutating func makeFrameworkID() -> String {
        defer { nextFramework += 1 }
        let digits = String(nextFramework)
        return "\(master.id)-\(String(repeating: "0", count: max(0, 4 - digits.count)))\(digits)"
    }

    mutating func makeAgentID() -> String {
        defer { nextAgent += 1 }
        return "\(master.id)-S\(nextAgent)"
    }

    mutating func makeOfferNumber() -> Int {
        defer { nextOffer += 1 }
        return nextOffer
    }

    mutating func makeTaskNumber() -> Int {
        defer { nextTask += 1 }
        return nextTask
    }

    // MARK: time

    /// The next moment at which `advance` has something to do, on the steady clock.
    var nextDeadline: Double? {
        let deadlines =
            [allocationDeadline, allocator.nextExpiry].compactMap { $0 } + offers.values.compactMap(\.deadline)
            + frameworks.values.compactMap(\.failoverDeadline) + agents.values.compactMap(\.unreachableDeadline)
            + recoveredAgents.values
        return deadlines.min()
    }

    /// Does all that is due.
    mutating func advance(to now: MasterTime) {
        for (id, offer) in offers where offer.deadline.map({ $0 <= now.steady }) ?? false {
            emit(.log("Offer \(id) was not used in time and is taken back"))
            rescind(id, now)
        }
        for framework in frameworks.values where framework.failoverDeadline.map({ $0 <= now.steady }) ?? false {
            emit(.log("Framework \(framework.id) (\(framework.info.name)) was away longer than its failover timeout and is removed"))
            removeFramework(framework.id, now)
        }
        for agent in agents.values where agent.unreachableDeadline.map({ $0 <= now.steady }) ?? false {
            markUnreachable(agent.id, now)
        }
        for (id, deadline) in recoveredAgents where deadline <= now.steady {
            recoveredAgents[id] = nil
            unreachableAgents[id] = now.wall
            counters["recovery_slave_removals"] += 1
            emit(.forget(agentID: id))
            emit(.log("Agent \(id) of an earlier leader did not come back and counts as unreachable"))
        }
        if allocator.expireFilters(now.steady) { scheduleAllocation(now) }
        if let due = allocationDeadline, due <= now.steady { allocate(now) }
    }

    /// Resources are offered soon; several changes that come together are answered by one allocation.
    mutating func scheduleAllocation(_ now: MasterTime) {
        let due = now.steady + limits.allocationDelay
        allocationDeadline = min(allocationDeadline ?? due, due)
    }
}

/// Counters of `/metrics/snapshot`, by their name without `master/`.
struct MasterCounters: Sendable, Hashable {
    private(set) var values: [String: Int] = [:]

    subscript(name: String) -> Int {
        get { values[name, default: 0] }
        set { values[name] = newValue }
    }
}
