import Checks
import ClusterCore
import ClusterTestKit
import Consul
import Entrypoint
import Glibc
import HTTPClient
import JSON
import Logging
import Mesos
import Testing
import ZooKeeper

@testable import mesos_consul

/// 200 nodes, of which every tenth has an agent that accepts connections and never answers.
@Suite(.serialized, .timeLimit(.minutes(3))) struct ManyAgentsTests {
    private static let count = 200
    private static let tasksEach = 5
    private static func address(_ index: Int) -> String { "127.77.\(index / 100).\(index % 100 + 1)" }
    private static func isDead(_ index: Int) -> Bool { index % 10 == 3 }

    private static func plan(_ master: HostPort, _ consul: HostPort, reconcile: Duration = .seconds(3600)) throws -> BridgePlan {
        BridgePlan(
            zooKeeper: try ZooKeeperURL("zk://127.0.0.1:1/mesos"), master: master, basicAuth: nil,
            consul: ConsulAddress(host: consul.host, port: consul.port), agentPort: consul.port, token: nil, caFile: nil,
            refresh: .seconds(1), reconcile: reconcile, agentTimeout: .milliseconds(1500),
            limits: BridgeCore.Limits(deadAfter: .seconds(1)), rules: ServiceRules())
    }

    @Test func deadAgentsDelayNobody() async throws {
        let port = try freePort()
        var agents: [Int: AgentDouble] = [:]
        var holes: [BlackHole] = []
        for index in 0..<Self.count {
            if Self.isDead(index) {
                holes.append(try BlackHole(Self.address(index), port: port))
            } else {
                agents[index] = try AgentDouble(Self.address(index), port: port)
            }
        }
        let all = Array(agents.values)
        let own = try AgentDouble("127.0.0.1", port: port) { .array(all.map(\.node)) }
        let nodes = (0..<Self.count).map { operatorAgent("S\($0)", Self.address($0)) }
        let tasks = (0..<Self.count).flatMap { node in
            (0..<Self.tasksEach).map { operatorTask("web.\(node).\($0)", slave: "S\(node)", port: 31000 + $0) }
        }
        let master = try OperatorDouble(subscribed(nodes, tasks))
        let plan = try Self.plan(HostPort(host: "127.0.0.1", port: master.port), HostPort(host: "127.0.0.1", port: port))
        let state = BridgeState(plan)
        var logger = Logger(label: "bridge")
        logger.logLevel = .error
        let context = CompanionContext(
            signalChild: { _ in false }, childPID: { nil }, metrics: MetricsRegistry(), logger: logger)
        let bridge = Bridge(plan, state: state, context: context)
        let clock = ContinuousClock()
        let run = Task { try await bridge.run() }

        // The best of three, and 2 s of a machine that is not overloaded: the 200 agents run in this process, in a debug build.
        let limit = Duration.seconds(2) * overload()
        var (living, cycle) = (Duration.seconds(60), Duration.seconds(60))
        for _ in 0..<3 where living >= limit || cycle >= limit {
            state.tell(.none)
            for agent in all { agent.clear() }
            try await eventually("it is not active") { state.current.lastState == nil }
            state.update { $0.lastCycle = nil }
            let began = clock.now
            state.lead(plan.master)
            try await eventually("every living agent has its services") {
                all.allSatisfy { $0.ids.count == Self.tasksEach + 1 }
            }
            living = clock.now - began
            try await eventually("the cycle is over") { state.current.lastCycle != nil }
            cycle = try #require(state.current.lastCycle)
            print("200 nodes, 20 dead: the living were told after \(living.milliseconds) ms, the cycle took \(cycle.milliseconds) ms")
        }
        #expect(living < limit)
        #expect(cycle < limit)
        #expect(state.current.agentProblems.count == Self.count / 10)

        // While the dead are tried again and again, news reaches a living agent at once.
        let writes = all.reduce(0) { $0 + $1.writes }
        let told = clock.now
        master.send(["type": "TASK_ADDED", "task_added": ["task": operatorTask("new", slave: "S0", port: 31900)]])
        try await eventually("the new task is registered") { agents[0]?.ids.contains("mesos-consul:F:new:0") ?? false }
        print("a task was registered \((clock.now - told).milliseconds) ms after its event")
        #expect(clock.now - told < .seconds(1) * overload())
        #expect(all.reduce(0) { $0 + $1.writes } == writes + 1)
        run.cancel()
        _ = await run.result
        _ = holes.count
        _ = own.address
    }

    /// What is wrong at the agents is put right by the comparison, and what is right is not written.
    @Test func theComparisonRepairs() async throws {
        let port = try freePort()
        let agent = try AgentDouble("127.78.0.1", port: port)
        let orphan = try AgentDouble("127.78.0.2", port: port)
        let awaited = try AgentDouble("127.78.0.3", port: port)
        for (double, slave) in [(orphan, "gone"), (awaited, "awaited")] {
            let client = ConsulClient(ConsulAddress(host: double.address, port: port), http: HTTPClient())
            try await client.register(
                ServiceRegistration(id: "mesos-consul:F:old:0", name: "old", address: double.address, port: 1, meta: ["slave_id": slave]))
            try await client.register(ServiceRegistration(id: "foreign", name: "foreign", address: double.address, port: 2))
        }
        let all = [agent, orphan, awaited]
        let own = try AgentDouble("127.0.0.1", port: port) { .array(all.map(\.node)) }
        let master = try OperatorDouble(
            subscribed([operatorAgent("S0", agent.address)], [operatorTask("web.1", slave: "S0")], recovered: ["awaited"]))
        let plan = try Self.plan(
            HostPort(host: "127.0.0.1", port: master.port), HostPort(host: "127.0.0.1", port: port), reconcile: .milliseconds(300))
        let state = BridgeState(plan)
        var logger = Logger(label: "bridge")
        logger.logLevel = .error
        let context = CompanionContext(
            signalChild: { _ in false }, childPID: { nil }, metrics: MetricsRegistry(), logger: logger)
        let bridge = Bridge(plan, state: state, context: context)
        let run = Task { try await bridge.run() }
        state.lead(plan.master)
        try await eventually("it is registered, and the orphan is gone") {
            agent.ids == ["mesos-consul:F:web.1:0", "mesos-consul:slave:S0"] && orphan.ids == ["foreign"]
        }
        #expect(awaited.ids == ["mesos-consul:F:old:0", "foreign"])
        let writes = all.reduce(0) { $0 + $1.writes }

        // Somebody takes a service away.
        let client = ConsulClient(ConsulAddress(host: agent.address, port: port), http: HTTPClient())
        try await client.deregister(serviceID: "mesos-consul:F:web.1:0")
        try await eventually("it is back") { agent.ids.contains("mesos-consul:F:web.1:0") }
        #expect(all.reduce(0) { $0 + $1.writes } == writes + 2)

        // The slave that was awaited is given up.
        master.begin(with: subscribed([operatorAgent("S0", agent.address)], [operatorTask("web.1", slave: "S0")]))
        try await eventually("what was awaited is gone") { awaited.ids == ["foreign"] }
        run.cancel()
        _ = await run.result
        _ = own.address
    }
}

/// How many threads want each core; at least 1.
private func overload() -> Double {
    var load = 0.0
    guard getloadavg(&load, 1) == 1 else { return 1 }
    return max(1, load / Double(max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))))
}

extension BridgeState {
    /// As if ZooKeeper had said that this master leads.
    func lead(_ master: HostPort) {
        let info = MasterInfo(id: "m", ip: master.host, port: master.port, hostname: master.host)
        tell(.leader(info, node: "json.info_0000000001"))
    }
}
