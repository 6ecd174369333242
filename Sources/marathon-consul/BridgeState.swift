import Checks
import ClusterCore
import JSON
import Synchronization

/// What the companion shares with the probes.
final class BridgeState: Sendable {
    /// Who leads, as this node's Marathon says.
    enum Leader: Sendable, Hashable {
        case unknown(String)
        case nobody
        case known(HostPort)
    }

    /// What is known now.
    struct Snapshot: Sendable {
        var leader = Leader.unknown("this node's Marathon has not answered yet")
        /// When all of Marathon was last read.
        var lastSnapshot: ContinuousClock.Instant?
        var marathonProblem: String?
        var isStreaming = false
        /// When Consul had all keys as they ought to be.
        var lastAgreement: ContinuousClock.Instant?
        var consulProblem: String?
        var apps = 0
        var tasks = 0
        var routable = 0
        /// Apps that can't be written, each in a sentence.
        var problems: [String] = []
    }

    private let plan: BridgePlan
    private let snapshot = Mutex(Snapshot())

    init(_ plan: BridgePlan) { self.plan = plan }

    var current: Snapshot { snapshot.withLock { $0 } }
    func update(_ change: (inout Snapshot) -> Void) { snapshot.withLock { change(&$0) } }

    /// True while this node's Marathon leads.
    var isLeading: Bool { current.leader == .known(plan.identity) }

    var checks: [Check] {
        [
            Check("leader-known", proves: "this node's Marathon tells which one leads") { self.lookAtLeader() },
            Check("marathon", proves: "Marathon's apps and events are read, where this node's leads") { self.lookAtMarathon() },
            Check("consul", proves: "Consul takes the keys, where this node's Marathon leads") { self.lookAtConsul() },
            Check("apps", proves: "all apps can be written", gates: []) { self.lookAtApps() },
        ]
    }

    private func lookAtLeader() -> Check.Outcome {
        switch current.leader {
        case .known(let leader): .pass("\(leader) leads")
        case .nobody: .fail("no Marathon leads")
        case .unknown(let why): .fail(why)
        }
    }

    private func lookAtMarathon() -> Check.Outcome {
        guard isLeading else { return .pass("another node's bridge is active") }
        let now = current
        if let problem = now.marathonProblem { return .fail(problem) }
        guard let last = now.lastSnapshot else { return .fail("not read yet") }
        guard now.isStreaming else { return .fail("the event stream is not open") }
        return .pass("\(now.apps) apps, \(now.tasks) tasks, all read \((ContinuousClock.now - last).milliseconds) ms ago, then by events")
    }

    private func lookAtConsul() -> Check.Outcome {
        guard isLeading else { return .pass("another node's bridge is active") }
        let now = current
        if let problem = now.consulProblem { return .fail(problem) }
        return now.lastAgreement == nil ? .fail("not written yet") : .pass("Consul has what it ought to have")
    }

    private func lookAtApps() -> Check.Outcome {
        let problems = current.problems
        return problems.first.map { .fail(problems.count == 1 ? $0 : "\($0); and \(problems.count - 1) more") } ?? .pass("no problem")
    }

    func role() -> Role {
        switch current.leader {
        case .known(let leader): leader == plan.identity ? .leader : .standby(leader: leader.description)
        case .nobody: .standby(leader: nil)
        case .unknown(let why): .unknown(why)
        }
    }

    /// `/status`
    func document() -> JSON {
        let now = current
        let leader: String? = if case .known(let leader) = now.leader { leader.description } else { nil }
        return .members([
            "active": .bool(isLeading), "leader": leader.map { .string($0) }, "streaming": .bool(now.isStreaming),
            "snapshot_age_seconds": now.lastSnapshot.map { .double((ContinuousClock.now - $0).seconds) },
            "apps": .number(now.apps), "tasks": .number(now.tasks), "routable_tasks": .number(now.routable),
            "marathon_problem": now.marathonProblem.map { .string($0) }, "consul_problem": now.consulProblem.map { .string($0) },
            "problems": .array(now.problems.map { .string($0) }),
        ])
    }
}
