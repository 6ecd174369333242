import ClusterCore
import JSON
import Logging
import Mesos
import Synchronization
import Testing

@testable import EmbeddedMesos

/// How a master keeps its agents in the registry, and what it refuses.
@Suite struct RegistrationTests {
    /// A registry that writes when it is told to, or fails.
    private final class HeldRegistry: AgentRegistry {
        private struct State { var begun: [String] = [], done: [String] = [], failing = false }
        private let state = Mutex(State())
        private let (permits, permit) = AsyncStream<Void>.makeStream()
        let (beginnings, began) = AsyncStream<String>.makeStream()

        var begun: [String] { state.withLock { $0.begun } }
        var done: [String] { state.withLock { $0.done } }
        func failFromNowOn(_ fails: Bool) { state.withLock { $0.failing = fails } }
        func allow(_ count: Int = 1) { for _ in 0..<count { permit.yield() } }

        func remember(_ agentID: String) async throws(ClusterError) { try await write("+\(agentID)") }
        func forget(_ agentID: String) async throws(ClusterError) { try await write("-\(agentID)") }

        private func write(_ text: String) async throws(ClusterError) {
            state.withLock { $0.begun.append(text) }
            began.yield(text)
            for await _ in permits { break }
            let fails = state.withLock { state in
                if !state.failing { state.done.append(text) }
                return state.failing
            }
            if fails { throw ClusterError(.unavailable, "no ZooKeeper") }
        }
    }

    private func registration(port: Int = 5051, id: String? = nil) throws -> AgentProtocol.Registration {
        let info = AgentInfo(hostname: "h", port: port, resources: try Resources(text: "cpus:4;mem:4096"))
        return .init(agent: info, ip: "127.0.0.1", agentID: id)
    }

    private func master(
        _ registry: HeldRegistry, isLeader: @escaping MasterNode.Leadership = { true },
        fail: @escaping @Sendable (ClusterError) -> Void = { _ in }
    ) -> Master {
        let time = MasterTime(wall: 1000, steady: 0)
        return Master(
            state: MasterState(master: Bench.info, now: time), registry: registry, time: { time }, logger: Logger(label: "test"),
            isLeader: isLeader, fail: fail)
    }

    @Test(.timeLimit(.minutes(1))) func anAgentIsTakenInWhenTheRegistryHasIt() async throws {
        let registry = HeldRegistry()
        let master = master(registry)
        let request = try registration()
        let answer = Task { try await master.register(request) }
        for await _ in registry.beginnings { break }
        #expect(await master.state.agents.isEmpty)
        registry.allow()
        let id = try await answer.value
        #expect(registry.done == ["+\(id)"])
        #expect(await master.state.agents.keys.sorted() == [id])
        // Once more: nothing has to be written.
        #expect(try await master.register(registration(id: id)) == id)
        #expect(registry.begun == ["+\(id)"])
        // It goes and comes back at once: both are written, in this order.
        #expect(try await master.change { state, now in state.agentGone(id, now) })
        let again = Task { try await master.register(registration(id: id)) }
        registry.allow(2)
        #expect(try await again.value == id)
        #expect(registry.done == ["+\(id)", "-\(id)", "+\(id)"])
    }

    @Test(.timeLimit(.minutes(1))) func aFailedWriteRefusesTheRegistrationAndIsTriedAgain() async throws {
        let registry = HeldRegistry()
        let master = master(registry)
        registry.failFromNowOn(true)
        registry.allow()
        await #expect(throws: ClusterError.self) { try await master.register(registration(id: "S1")) }
        #expect(await master.state.agents.isEmpty)
        registry.failFromNowOn(false)
        registry.allow()
        #expect(try await master.register(registration(id: "S1")) == "S1")
        #expect(registry.done == ["+S1"])
    }

    @Test(.timeLimit(.minutes(1))) func onlyWritesUnderWayOrFailedAreKept() async throws {
        let registry = HeldRegistry()
        var queue = RegistryQueue(registry, contents: [])
        registry.allow(2)
        let (one, two) = (queue.add(.remember("S1")), queue.add(.forget("S1")))
        let (first, second) = (try #require(one), try #require(two))
        _ = await second.value
        queue.settle(first, of: "S1")
        #expect(queue.writing(of: "S1") == second)
        queue.settle(second, of: "S1")
        #expect(queue.writing(of: "S1") == nil)
        #expect(registry.done == ["+S1", "-S1"])
    }

    @Test(.timeLimit(.minutes(1))) func nothingIsAcceptedOnceTheLeaseIsOver() async throws {
        let leads = Mutex(true)
        let registry = HeldRegistry()
        let node = MasterNode(
            info: Bench.info,
            configuration: try MasterConfiguration(
                arguments: ["--registry=in_memory"], environment: [:],
                readFile: { (_) throws(ClusterError) in throw ClusterError(.invalid, "no file") }),
            time: { MasterTime(wall: 0, steady: 0) })
        let isLeader: MasterNode.Leadership = { leads.withLock { $0 } }
        let master = master(registry, isLeader: isLeader)
        node.become(.leader(master), while: isLeader)
        let request = try registration()
        let answer = Task { try await master.register(request) }
        for await _ in registry.beginnings { break }
        // The lease ends while the registry is written.
        leads.withLock { $0 = false }
        registry.allow()
        await #expect(throws: ClusterError.self) { try await answer.value }
        #expect(await master.state.agents.isEmpty)
        guard case .noLeader = node.place else {
            Issue.record("it still shows itself as the leader")
            return
        }
        await #expect(throws: ClusterError.self) { try await master.change { _, _ in } }
        await #expect(throws: ClusterError.self) {
            try await master.subscribe(FrameworkInfo(user: "root", name: "f"), suppressedRoles: [], principal: nil)
        }
    }

    @Test(arguments: ["", ".", "..", "a/b", "../../mesos/json.info_0000000000", "a\u{0}b", "a\u{85}b", "\u{FFF5}"])
    func anAgentIDThatIsNoNameIsRefused(id: String) throws {
        let json = try registration(id: id).json
        #expect(throws: ClusterError.self) { try AgentProtocol.Registration(json: json) }
        #expect(try AgentProtocol.Registration(json: registration(id: "7817a9ed-S0").json).agentID == "7817a9ed-S0")
    }
}
