import JSON
import Mesos
import Testing

@testable import EmbeddedMesos

@Suite struct MasterStateTests {
    @Test func `a new framework gets offers within 50 ms`() throws {
        var bench = Bench()
        _ = try bench.agent()
        bench.subscribe("a")
        bench.wait(0.05)
        #expect(bench.offers("a").count == 1)
        #expect(bench.offers("a").first?.resources.cpus == 4)
    }

    @Test func `resources of an ended task are offered at once`() throws {
        var bench = Bench()
        let agent = try bench.agent()
        bench.subscribe("a")
        bench.wait(0.05)
        try bench.launch("t", on: "a", refuseSeconds: 60)
        let id = try #require(bench.framework("a")?.id)
        bench.wait(0.05)
        #expect(bench.offers("a").count == 1)
        bench.report("t", .finished, of: id, agent: agent)
        bench.wait(0.05)
        #expect(bench.offers("a").last?.resources.cpus == 4)
    }

    @Test func `what was refused is offered again when the time is over, or on revive`() throws {
        var bench = Bench()
        _ = try bench.agent()
        bench.subscribe("a")
        bench.wait(0.05)
        let framework = try #require(bench.framework("a"))
        bench.change { [offer = bench.offers("a")[0].id] state, now in state.decline(framework, [offer], .init(refuseSeconds: 10), now) }
        bench.wait(9.9)
        #expect(bench.offers("a").count == 1)
        bench.wait(0.2)
        bench.wait(0.05)
        #expect(bench.offers("a").count == 2)
        bench.change { [offer = bench.offers("a")[1].id] state, now in state.decline(framework, [offer], .init(refuseSeconds: 1000), now) }
        bench.change { state, now in state.revive(framework, [], now) }
        bench.wait(0.05)
        #expect(bench.offers("a").count == 3)
    }

    @Test func `a framework that suppressed offers gets none`() throws {
        var bench = Bench()
        bench.subscribe("a")
        bench.change { [framework = bench.framework("a")] state, _ in if let framework { state.suppress(framework, []) } }
        _ = try bench.agent()
        bench.wait(0.05)
        #expect(bench.offers("a").isEmpty)
    }

    @Test func `an offer that nobody uses is taken back`() throws {
        var limits = MasterState.Limits()
        limits.offerTimeout = 30
        var bench = Bench(limits: limits)
        _ = try bench.agent()
        bench.subscribe("a")
        bench.wait(0.05)
        let offer = bench.offers("a")[0].id
        bench.wait(30)
        #expect(bench.told["a"]?.contains(.rescind(offerID: offer)) == true)
        #expect(bench.state.agents.values.first?.offered.isEmpty == true)
        try bench.launch("t", on: "a")
        #expect(bench.updates("a").last?.state == .dropped)
        #expect(bench.updates("a").last?.message == "Task launched with invalid offers: Offer \(offer) is no longer valid")
    }

    @Test func `a framework keeps its id, its tasks and its agents over a fail-over of its own`() throws {
        var bench = Bench()
        let agent = try bench.agent()
        bench.subscribe("a")
        bench.wait(0.05)
        try bench.launch("t", on: "a")
        let id = try #require(bench.framework("a")?.id)
        bench.report("t", .running, of: id, agent: agent)
        bench.subscribe("b", id: id)
        #expect(bench.told["a"]?.last == .error("Framework failed over"))
        #expect(bench.closed == ["a"])
        #expect(bench.state.frameworks[id]?.tasks.count == 1)
        // The old stream's end must not take the framework away.
        bench.change { state, now in state.frameworkGone(streamID: "a", now) }
        #expect(bench.framework("b")?.id == id)
    }

    @Test func `a framework that stays away is removed with its tasks, and stays removed`() throws {
        var bench = Bench()
        let agent = try bench.agent()
        bench.subscribe("a", timeout: 60)
        bench.wait(0.05)
        try bench.launch("t", on: "a")
        let id = try #require(bench.framework("a")?.id)
        bench.report("t", .running, of: id, agent: agent)
        bench.change { state, now in state.frameworkGone(streamID: "a", now) }
        bench.wait(59)
        #expect(bench.state.frameworks[id] != nil)
        bench.wait(2)
        #expect(bench.state.frameworks[id] == nil)
        #expect(bench.commands.contains { $0.command == .shutdownFramework(frameworkID: id) })
        #expect(bench.state.completedFrameworks.first?.completedTasks.first?.statuses.last?.state == .killed)
        #expect(bench.state.agents[agent]?.used.isEmpty == true)
        bench.subscribe("b", id: id)
        #expect(bench.told["b"] == [.error("Framework has been removed")])
        #expect(bench.closed.contains("b"))
    }

    @Test func `a silent agent is unreachable after the ping time-outs, and its tasks come back with it`() throws {
        var bench = Bench()
        let agent = try bench.agent()
        bench.subscribe("a")
        bench.wait(0.05)
        try bench.launch("t", on: "a")
        let framework = try #require(bench.framework("a"))
        bench.report("t", .running, of: framework.id, agent: agent)
        let running = try #require(bench.state.frameworks[framework.id]?.tasks["t"])
        bench.change { state, now in state.agentDisconnected(agent, streamNumber: 1, now) }
        bench.wait(74)
        #expect(bench.updates("a").last?.state == .running)
        bench.wait(2)
        #expect(bench.updates("a").last?.state == .unreachable)
        #expect(bench.updates("a").last?.reason == "REASON_SLAVE_REMOVED")
        #expect(bench.published.contains("AGENT_REMOVED") && bench.remembered.isEmpty)
        let status = try #require(running.statuses.last)
        _ = try bench.agent(id: agent, tasks: [.init(frameworkID: framework.id, info: running.info, status: status)])
        #expect(bench.updates("a").last?.state == .running)
        #expect(bench.state.frameworks[framework.id]?.tasks["t"]?.state == .running)
        #expect(bench.state.agents[agent]?.used.cpus == 1)
    }

    @Test func `an older framework is told LOST, and what comes back is killed`() throws {
        var bench = Bench()
        let agent = try bench.agent()
        bench.subscribe("a", capabilities: [])
        bench.wait(0.05)
        try bench.launch("t", on: "a")
        let id = try #require(bench.framework("a")?.id)
        bench.report("t", .running, of: id, agent: agent)
        let task = try #require(bench.state.frameworks[id]?.tasks["t"])
        bench.change { state, now in state.agentDisconnected(agent, streamNumber: 1, now) }
        bench.wait(80)
        #expect(bench.updates("a").last?.state == .lost)
        _ = try bench.agent(id: agent, tasks: [.init(frameworkID: id, info: task.info, status: task.statuses[0])])
        #expect(bench.commands.last?.command == .killTask(frameworkID: id, taskID: "t", policy: nil))
    }

    @Test func `a new leader says nothing of tasks whose agents may still come back`() throws {
        var bench = Bench(knownAgents: ["old-S0"])
        bench.subscribe("a", id: "old-0000")
        let framework = try #require(bench.framework("a"))
        bench.change { state, now in
            state.reconcile(framework, [.init(taskID: "t", agentID: "old-S0"), .init(taskID: "u")], now)
        }
        #expect(bench.updates("a").isEmpty)
        let info = TaskInfo(
            name: "t", taskID: "t", agentID: "old-S0", resources: Resources(cpus: 1), command: CommandInfo(value: "x"))
        let task = AgentProtocol.Registration.Task(
            frameworkID: "old-0000", info: info, status: TaskStatus(taskID: "t", state: .running, uuid: "AA=="))
        _ = try bench.agent(id: "old-S0", frameworks: [framework.info], tasks: [task])
        let known = try #require(bench.framework("a"))
        bench.change { state, now in
            state.reconcile(known, [.init(taskID: "t", agentID: "old-S0"), .init(taskID: "u")], now)
        }
        #expect(bench.updates("a").map(\.state) == [.running, .unknown])
    }

    @Test func `a framework known by its tasks only waits for its return`() throws {
        var bench = Bench(knownAgents: ["old-S0"])
        let info = FrameworkInfo(user: "u", name: "f", id: "old-0000", failoverTimeout: 10, roles: ["*"], capabilities: ["MULTI_ROLE"])
        let task = TaskInfo(name: "t", taskID: "t", agentID: "old-S0", resources: Resources(cpus: 1), command: CommandInfo(value: "x"))
        _ = try bench.agent(
            id: "old-S0", frameworks: [info],
            tasks: [.init(frameworkID: "old-0000", info: task, status: TaskStatus(taskID: "t", state: .running))])
        bench.wait(100)
        #expect(bench.state.frameworks["old-0000"]?.isRecovered == true)
        bench.subscribe("a", id: "old-0000")
        #expect(bench.state.frameworks["old-0000"]?.isRecovered == false)
        #expect(bench.state.frameworks["old-0000"]?.tasks.count == 1)
    }

    @Test func `a task that never reached its agent is told as gone`() throws {
        var bench = Bench()
        let agent = try bench.agent()
        bench.subscribe("a")
        bench.wait(0.05)
        try bench.launch("t", on: "a")
        _ = try bench.agent(id: agent)
        #expect(bench.updates("a").last?.state == .gone)
        #expect(bench.state.agents[agent]?.used.isEmpty == true)
    }

    @Test func `a kill while the agent is away is done when it is back`() throws {
        var bench = Bench()
        let agent = try bench.agent()
        bench.subscribe("a")
        bench.wait(0.05)
        try bench.launch("t", on: "a")
        let framework = try #require(bench.framework("a"))
        bench.report("t", .running, of: framework.id, agent: agent)
        let task = try #require(bench.state.frameworks[framework.id]?.tasks["t"])
        bench.change { state, now in state.agentDisconnected(agent, streamNumber: 1, now) }
        bench.change { state, now in
            if let current = state.frameworks[framework.id] { state.kill(current, taskID: "t", agentID: agent, policy: nil, now) }
        }
        #expect(!bench.commands.contains { $0.command == .killTask(frameworkID: framework.id, taskID: "t", policy: nil) })
        _ = try bench.agent(id: agent, tasks: [.init(frameworkID: framework.id, info: task.info, status: task.statuses[0])])
        #expect(bench.commands.last?.command == .killTask(frameworkID: framework.id, taskID: "t", policy: nil))
    }

    @Test(arguments: [
        ("a/b", "'a/b' contains invalid characters"), ("", "ID must not be empty"), ("..", "'.' and '..' are disallowed"),
    ])
    func `a task with a bad id is refused`(_ id: String, _ message: String) throws {
        var bench = Bench()
        _ = try bench.agent()
        bench.subscribe("a")
        bench.wait(0.05)
        try bench.launch(id, on: "a")
        #expect(bench.updates("a").last?.state == .error)
        #expect(bench.updates("a").last?.message == message)
        #expect(bench.commands.isEmpty)
    }

    @Test func `of two tasks with one id the second is refused`() throws {
        var bench = Bench()
        _ = try bench.agent()
        bench.subscribe("a")
        bench.wait(0.05)
        let offer = bench.offers("a")[0]
        let framework = try #require(bench.framework("a"))
        let task = TaskInfo(
            name: "t", taskID: "t", agentID: offer.agentID, resources: Resources(cpus: 1), command: CommandInfo(value: "x"))
        bench.change { state, now in state.accept(framework, [offer.id], [.launch([task, task])], .init(refuseSeconds: 0), now) }
        #expect(bench.updates("a").map(\.message) == ["Task has duplicate ID: t"])
        #expect(bench.commands.count == 1)
    }

    @Test func `the whole of an offer can be used and is conserved`() throws {
        var bench = Bench()
        let agent = try bench.agent("cpus:3;mem:300")
        bench.subscribe("a")
        for number in 0..<3 {
            bench.wait(0.05)
            try bench.launch("t\(number)", on: "a")
        }
        bench.wait(0.05)
        #expect(bench.state.agents[agent]?.used.cpus == 3)
        #expect(bench.state.agents[agent]?.available.cpus == 0)
        let id = try #require(bench.framework("a")?.id)
        for number in 0..<3 { bench.report("t\(number)", .finished, of: id, agent: agent) }
        let free = try #require(bench.state.agents[agent])
        #expect(free.used.isEmpty)
        #expect(free.available + free.offered.allocated(to: nil) == (try Resources(text: "cpus:3;mem:300")))
    }
}
