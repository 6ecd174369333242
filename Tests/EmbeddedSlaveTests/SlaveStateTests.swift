import ClusterCore
import JSON
import Mesos
import Testing

@testable import EmbeddedMesos

@Suite struct SlaveStateTests {
    private func slave(tasks: [SlaveTask] = []) -> SlaveState {
        var state = SlaveState(address: "127.0.2.1", agentID: "M-S0", recovered: tasks)
        _ = state.handle(.executorConnected(containers: Set(tasks.map(\.containerID)), accepted: []))
        _ = state.handle(.registered(agentID: "M-S0"))
        return state
    }

    private func task(_ id: String = "t", container: String = "c1") -> SlaveTask {
        SlaveTask(containerID: container, agentID: "M-S0", framework: Sample.framework, frameworkID: "F-0000", info: Sample.task(id))
    }

    private func run(_ state: inout SlaveState, _ id: String = "t", container: String = "c1") -> [SlaveState.Action] {
        state.handle(.command(.runTask(framework: Sample.framework, task: Sample.task(id)), containerID: container))
    }

    private func sent(_ actions: [SlaveState.Action]) -> [String] {
        actions.compactMap {
            if case .send(let update, _, _, _) = $0 { "\(update.status.state.rawValue) \(update.status.uuid ?? "-")" } else { nil }
        }
    }

    private func names(_ actions: [SlaveState.Action]) -> [String] { actions.map { String("\($0)".prefix { $0 != "(" }) } }

    @Test func `a task is checkpointed before it is launched`() {
        var state = slave()
        #expect(names(run(&state)) == ["checkpoint", "launch"])
        // The same command again changes nothing.
        #expect(names(run(&state, container: "c2")) == ["log"])
    }

    @Test func `without an executor the launch waits for one`() {
        var state = slave()
        _ = state.handle(.executorLost)
        #expect(names(run(&state)) == ["checkpoint"])
        #expect(names(state.handle(.executorConnected(containers: [], accepted: []))) == ["launch"])
    }

    @Test func `what is not supported becomes TASK_ERROR and is never launched`() {
        var state = slave()
        var json = Sample.task("t").json.object ?? [:]
        json["executor"] = ["executor_id": ["value": "x"]]
        guard let info = try? TaskInfo(json: .object(json)) else { return #expect(Bool(false)) }
        let actions = state.handle(.command(.runTask(framework: Sample.framework, task: info), containerID: "c1"))
        #expect(names(actions) == ["checkpoint", "append"])
        guard case .append(_, let status)? = actions.last else { return }
        #expect(status.state == "TASK_ERROR" && status.message?.contains("custom executor") == true)
    }

    @Test func `statuses go out one by one, each behind the acknowledgement of the last`() {
        var state = slave()
        _ = run(&state)
        #expect(sent(state.handle(.event(container: "c1", Sample.event(1, "TASK_STARTING")))) == ["TASK_STARTING uuid-1"])
        #expect(sent(state.handle(.event(container: "c1", Sample.event(2, "TASK_RUNNING")))).isEmpty)
        let wrong = state.handle(.command(.acknowledge(frameworkID: "F-0000", taskID: "t", uuid: "uuid-2"), containerID: ""))
        #expect(wrong.isEmpty)
        let actions = state.handle(.command(.acknowledge(frameworkID: "F-0000", taskID: "t", uuid: "uuid-1"), containerID: ""))
        #expect(names(actions) == ["keepAcknowledgement", "send"])
        #expect(sent(actions) == ["TASK_RUNNING uuid-2"])
    }

    @Test func `an update is repeated with growing waits, and at once for a new master`() {
        var state = slave()
        _ = run(&state)
        var actions = state.handle(.event(container: "c1", Sample.event(1, "TASK_STARTING")))
        for (attempt, wait) in [(0, 10), (1, 20), (2, 40), (3, 80), (4, 160), (5, 320), (6, 600), (7, 600)] {
            guard case .send(_, _, attempt, let retryAfter)? = actions.last else { return #expect(Bool(false)) }
            #expect(retryAfter == .seconds(wait))
            actions = state.handle(.retryDue(container: "c1", uuid: "uuid-1", attempt: attempt + 1))
        }
        _ = state.handle(.disconnected)
        #expect(sent(state.handle(.retryDue(container: "c1", uuid: "uuid-1", attempt: 1))).isEmpty)
        #expect(sent(state.handle(.registered(agentID: "M-S0"))) == ["TASK_STARTING uuid-1"])
    }

    @Test func `a task is forgotten when its end has been acknowledged, not before`() {
        var state = slave()
        _ = run(&state)
        _ = state.handle(.event(container: "c1", Sample.event(1, "TASK_FAILED")))
        #expect(state.registration(AgentInfo(hostname: "h", port: 1, resources: Resources())).tasks.count == 1)
        let actions = state.handle(.command(.acknowledge(frameworkID: "F-0000", taskID: "t", uuid: "uuid-1"), containerID: ""))
        #expect(names(actions) == ["keepAcknowledgement", "forget"])
        #expect(state.tasks.isEmpty)
    }

    @Test func `events are taken once and in order`() {
        var state = slave()
        _ = run(&state)
        _ = state.handle(.event(container: "c1", Sample.event(1, "TASK_STARTING")))
        _ = state.handle(.event(container: "c1", Sample.event(1, "TASK_STARTING")))
        _ = state.handle(.event(container: "c1", Sample.event(3, "TASK_FINISHED")))
        #expect(state.tasks["c1"]?.events.count == 1)
    }

    @Test func `a new executor launches what was never accepted, adopts what was, and hears of kills again`() {
        var (first, second, ended) = (task("a", container: "c1"), task("b", container: "c2"), task("d", container: "c4"))
        _ = first.add(Sample.event(1, "TASK_RUNNING"))
        second.pendingKill = .init(grace: nil, reportsKilling: true)
        _ = ended.add(Sample.event(1, "TASK_FAILED"))
        var state = SlaveState(address: "a", agentID: "M-S0", recovered: [first, second, task("c", container: "c3"), ended])
        let actions = state.handle(.executorConnected(containers: ["c3"], accepted: ["c1", "c3"]))
        #expect(names(actions) == ["adopt", "launch", "kill"])
    }

    @Test func `a framework's end ends its tasks and waits for nobody`() {
        var state = slave()
        _ = run(&state)
        _ = state.handle(.event(container: "c1", Sample.event(1, "TASK_RUNNING")))
        #expect(names(state.handle(.command(.shutdownFramework(frameworkID: "F-0000"), containerID: ""))) == ["kill"])
        let actions = state.handle(.event(container: "c1", Sample.event(2, "TASK_KILLED")))
        #expect(names(actions) == ["forget"])
    }

    @Test func `USR1 ends all tasks, then the slave leaves`() {
        var state = slave()
        _ = run(&state)
        #expect(names(state.handle(.endRequested)) == ["kill"])
        #expect(names(state.handle(.event(container: "c1", Sample.event(1, "TASK_KILLED")))).last == "leave")
        var idle = slave()
        #expect(names(idle.handle(.endRequested)) == ["leave"])
    }

    @Test func `a registration carries every task with its latest status`() {
        var running = task()
        _ = running.add(Sample.event(1, "TASK_STARTING"))
        _ = running.add(Sample.event(2, "TASK_RUNNING"))
        let state = slave(tasks: [running])
        let registration = state.registration(AgentInfo(hostname: "h", port: 5051, resources: Resources(cpus: 1)))
        #expect(registration.agentID == "M-S0" && registration.frameworks == [Sample.framework])
        #expect(registration.tasks.map(\.status.state) == [.running])
        #expect(registration.tasks.first?.status.ipAddresses == ["127.0.2.1"])
    }
}

@Suite struct CheckpointTests {
    private let agent = AgentInfo(
        hostname: "h", port: 5051, resources: Resources(cpus: 2, mem: 1024), attributes: [Attribute("rack", .text("r1"))], id: "M-S0")

    @Test func `what was changed is named`() {
        var other = agent
        other.hostname = "g"
        #expect(other.incompatibility(with: agent, isAdditive: true)?.contains("hostname was h and is g") == true)
        other = agent
        other.resources = Resources(cpus: 4, mem: 1024)
        #expect(other.incompatibility(with: agent, isAdditive: false)?.contains("resources") == true)
        #expect(other.incompatibility(with: agent, isAdditive: true) == nil)
        #expect(agent.incompatibility(with: other, isAdditive: true)?.contains("resources") == true)
        other = agent
        other.attributes.append(Attribute("zone", .text("z")))
        #expect(other.incompatibility(with: agent, isAdditive: false)?.contains("attributes") == true)
        #expect(other.incompatibility(with: agent, isAdditive: true) == nil)
    }
}

@Suite struct SlaveConfigurationTests {
    private func configuration(_ arguments: [String], _ environment: [String: String] = [:]) throws(ClusterError) -> SlaveConfiguration {
        try SlaveConfiguration(
            arguments: arguments, environment: environment, host: HostResources(cpus: 8, memory: 16384, disk: 100_000),
            readFile: { (_) throws(ClusterError) in "p s" })
    }

    @Test func `what is not given is taken from the host, less what the host needs itself`() throws {
        let found = try configuration(["--master=zk://a:2181/mesos", "--work_dir=/w", "--resources=cpus:2"])
        #expect(found.resources.cpus == 2 && found.resources.mem == 15360 && found.resources.disk == 94880)
        #expect(found.resources.ports.description == "[31000-32000]")
        #expect(try HostResources(memory: 1500).complete(Resources()).mem == 750)
    }

    @Test func `the environment counts where the command line is silent, and tasks don't inherit it`() throws {
        let found = try configuration(
            ["--master=zk://a:2181/mesos", "--work_dir=/w", "--port=6000"],
            ["MESOS_PORT": "7000", "MESOS_HOSTNAME": "h", "MESOS_TASK_ID": "x", "LANG": "C", "LIBPROCESS_IP": "1"])
        #expect(found.port == 6000 && found.hostname == "h")
        #expect(found.launch.environment["LANG"] == "C" && found.launch.environment["PATH"] != nil)
        #expect(found.launch.environment.keys.allSatisfy { !$0.hasPrefix("MESOS_") && !$0.hasPrefix("LIBPROCESS_") })
    }

    @Test(
        arguments: [
            ([], "Missing required option `--master`"), (["--master=a:5050", "--work_dir=/w"], "zk://"),
            (["--master=zk://a:2181/", "--work_dir=/w"], "chroot"), (["--master=zk://a:2181/m"], "--work_dir is required"),
            (["--master=zk://a/m", "--work_dir=/w", "--nonsense=1"], "unknown flag 'nonsense'"),
            (["--master=zk://a/m", "--work_dir=/w", "--isolation=cgroups/cpu"], "--isolation=cgroups/cpu is not supported"),
            (["--master=zk://a/m", "--work_dir=/w", "--modules=x"], "--modules=x is not supported"),
            (["--master=zk://a/m", "--work_dir=/w", "--recover=maybe"], "neither reconnect nor cleanup"),
            (["--master=zk://a/m", "--work_dir=/w", "--containerizers=appc"], "neither mesos nor docker"),
            (["--master=zk://a/m", "--work_dir=/w", "--authenticate_http_readonly"], "needs --http_credentials"),
        ] as [([String], String)])
    func `a wrong flag is refused by name`(arguments: [String], reason: String) {
        do throws(ClusterError) {
            _ = try configuration(arguments)
            Issue.record("accepted \(arguments)")
        } catch {
            #expect(error.message.contains(reason), "\(error)")
            #expect(error.code == .usage)
        }
    }

    @Test func `harmless flags are named as without effect`() throws {
        let found = try configuration(["--master=zk://a/m", "--work_dir=/w", "--docker_mesos_image=i", "--perf_interval=1mins"])
        #expect(found.withoutEffect == ["docker_mesos_image", "perf_interval"])
    }
}
