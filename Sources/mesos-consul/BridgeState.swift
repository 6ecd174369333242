import Checks
import ClusterCore
import Entrypoint
import JSON
import Mesos
import Synchronization
import ZooKeeper

/// What the companions share with the probes.
final class BridgeState: Sendable {
    /// What is known now.
    struct Snapshot: Sendable {
        var leader = MesosLeaderDetector.State.unknown
        /// When Mesos was last heard of: an event, a heartbeat, its whole state.
        var lastState: ContinuousClock.Instant?
        /// Events, as against asking again and again.
        var isStreaming = false
        var stateProblem: String?
        /// Why an agent can't be written to, by its address.
        var agentProblems: [String: String] = [:]
        var services = 0
        /// The last time from reading all of Mesos to all agents told.
        var lastCycle: Duration?
        var problems: [String] = []
    }

    private let plan: BridgePlan
    private let snapshot = Mutex(Snapshot())
    private let leaderChanges: AsyncStream<Void>
    private let leaderChanged: AsyncStream<Void>.Continuation

    init(_ plan: BridgePlan) {
        self.plan = plan
        (leaderChanges, leaderChanged) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    var current: Snapshot { snapshot.withLock { $0 } }
    func update(_ change: (inout Snapshot) -> Void) { snapshot.withLock { change(&$0) } }

    /// One element for each change of the leader; for the bridge alone.
    var changes: AsyncStream<Void> { leaderChanges }

    /// True while this node's master leads.
    var isLeading: Bool { current.leader.leader?.address == plan.master }

    /// Takes in who leads.
    func tell(_ leader: MesosLeaderDetector.State) {
        update { $0.leader = leader }
        leaderChanged.yield()
    }

    /// Follows the election in ZooKeeper.
    func watchLeader(_ context: CompanionContext) async throws {
        let client = ZooKeeperClient(url: plan.zooKeeper, logger: context.logger)
        client.start()
        do {
            for try await leader in MesosLeaderDetector(client: client).changes() {
                tell(leader)
            }
        } catch {
            tell(.unknown)
            await client.close()
            throw error
        }
        await client.close()
    }

    var checks: [Check] {
        [
            Check("leader-known", proves: "ZooKeeper tells which Mesos master leads") { self.lookAtLeader() },
            Check("state", proves: "the leading master's state is read, where it is this node's") { self.lookAtState() },
            Check("agents", proves: "all Consul agents take registrations", gates: []) { self.lookAtAgents() },
        ]
    }

    private func lookAtLeader() -> Check.Outcome {
        switch current.leader {
        case .leader(let info, _): .pass("\(info.address) leads")
        case .none: .fail("no Mesos master has announced itself at \(plan.zooKeeper.path)")
        case .unknown: .fail("ZooKeeper has not answered yet")
        }
    }

    private func lookAtState() -> Check.Outcome {
        guard isLeading else { return .pass("another node's bridge is active") }
        let now = current
        if let problem = now.stateProblem { return .fail("\(problem); nothing is written to Consul until the master is heard again") }
        guard let last = now.lastState else { return .fail("not read yet") }
        let age = ContinuousClock.now - last
        guard age <= plan.limits.silence else {
            return .fail("Mesos has been silent for \(Int(age.seconds)) s: nothing is written to Consul until it is heard again")
        }
        return .pass(
            "\(now.services) services, \(now.isStreaming ? "by events" : "by asking"), heard of \(age.milliseconds) ms ago"
        )
    }

    private func lookAtAgents() -> Check.Outcome {
        let problems = current.agentProblems.sorted { $0.key < $1.key }
        guard let first = problems.first else { return .pass("no problem") }
        return .fail("\(problems.count) agents fail; \(first.key): \(first.value)")
    }

    func role() -> Role {
        switch current.leader {
        case .leader(let info, _): info.address == plan.master ? .leader : .standby(leader: info.address.description)
        case .none: .standby(leader: nil)
        case .unknown: .unknown("ZooKeeper has not answered yet")
        }
    }

    /// `/status`
    func document() -> JSON {
        let now = current
        return .members([
            "active": .bool(isLeading), "leader": now.leader.leader.map { .string($0.address.description) },
            "state_age_seconds": now.lastState.map { .double((ContinuousClock.now - $0).seconds) },
            "streaming": .bool(now.isStreaming), "services": .number(now.services),
            "cycle_seconds": now.lastCycle.map { .double($0.seconds) }, "state_problem": now.stateProblem.map { .string($0) },
            "agent_problems": .object(JSONObject(now.agentProblems.sorted { $0.key < $1.key }.map { ($0.key, JSON.string($0.value)) })),
            "problems": .array(now.problems.map { .string($0) }),
        ])
    }
}
