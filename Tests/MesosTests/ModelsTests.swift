import ClusterCore
import JSON
import Mesos
import Testing

@Suite struct ModelsTests {
    @Test func `a master's address is packed as upstream packs it`() throws {
        let info = MasterInfo(id: "x", ip: "127.0.0.1", port: 5050, hostname: "m1", version: "1.11.0", capabilities: ["AGENT_UPDATE"])
        #expect(info.packedIP == 16_777_343)
        #expect(MasterInfo(id: "x", ip: "10.0.0.1", port: 1, hostname: "h").packedIP == 16_777_226)
        #expect(try MasterInfo(json: info.json) == info)
        #expect(try MasterInfo(json: info.nodeJSON) == info)
        let keys = try #require(info.nodeJSON.object).keys
        #expect(keys == keys.sorted())
    }

    @Test func `an old master's node without an address is read`() throws {
        let json = try JSON(
            parsing: #"{"hostname":"h","id":"i","ip":16777226,"pid":"master@10.0.0.1:5050","port":5050,"version":"0.23.0"}"#)
        let info = try MasterInfo(json: json)
        #expect(info.address == HostPort(host: "10.0.0.1", port: 5050))
        #expect(info.hostname == "h")
    }

    @Test func `the lowest number leads`() {
        let names = ["json.info_0000000011", "log_replicas", "json.info_0000000009", "engine", "info_0000000001"]
        #expect(MesosLeaderDetector.candidates(names) == ["json.info_0000000009", "json.info_0000000011"])
    }

    @Test func `a task keeps what this release does not know`() throws {
        let text = """
            {"name":"t","task_id":{"value":"t"},"agent_id":{"value":"a"},"resources":[{"name":"cpus","type":"SCALAR","scalar":{"value":1}}],\
            "command":{"value":"x","mystery":1},"max_completion_time":{"nanoseconds":5}}
            """
        let task = try TaskInfo(json: JSON(parsing: text))
        #expect(task.json.text() == text)
        #expect(task.command?.shell == true)
    }

    @Test func `a whole task survives writing and reading`() throws {
        let task = TaskInfo(
            name: "web", taskID: "web.1", agentID: "S0",
            resources: Resources(cpus: 0.5, mem: 64, ports: ValueRanges(values: [31000, 31001])),
            command: CommandInfo(
                value: "run", uris: [.init("http://x/a.tgz", outputFile: "a")], environment: [.init("A", "1")], user: "nobody"),
            container: ContainerInfo(
                kind: .docker, volumes: [.init(containerPath: "/c", hostPath: "/h", isReadWrite: false)],
                docker: DockerInfo(
                    image: "i:1", network: "BRIDGE", portMappings: [.init(hostPort: 31000, containerPort: 80, transport: "udp")],
                    privileged: true, parameters: [.init("k", "v")], forcePullImage: true)),
            healthCheck: HealthCheck(.http(scheme: "https", port: 31000, path: "/h"), consecutiveFailures: 2),
            killPolicy: KillPolicy(gracePeriod: .seconds(3)), labels: Labels([("a", "b")]),
            discovery: DiscoveryInfo(
                name: "web", ports: [.init(number: 31000, name: "http", transport: "tcp", labels: Labels([("s", "1")]))]))
        #expect(try TaskInfo(json: JSON(parsing: task.json.text())) == task)
        let read = try TaskInfo(json: task.json)
        #expect(read.container == task.container && read.healthCheck == task.healthCheck && read.discovery == task.discovery)
    }

    @Test func `secrets and unknown states are refused by name`() throws {
        let command = try JSON(parsing: #"{"environment":{"variables":[{"name":"P","type":"SECRET","secret":{}}]}}"#)
        #expect { try CommandInfo(json: command) } throws: { "\($0)".contains("'P' is a secret") }
        #expect { try TaskStatus(json: ["task_id": ["value": "t"], "state": "TASK_BOGUS"]) } throws: { "\($0)".contains("TASK_BOGUS") }
    }

    @Test func `calls survive writing and reading`() throws {
        let info = FrameworkInfo(user: "root", name: "f", id: "F", roles: ["*"], capabilities: ["MULTI_ROLE"])
        let calls: [SchedulerCall.Kind] = [
            .subscribe(info, suppressedRoles: ["*"]), .teardown, .decline(offerIDs: ["o"], filters: .init(refuseSeconds: 2)),
            .accept(offerIDs: ["o"], operations: [.other(type: "RESERVE", body: ["x": 1])], filters: .init()), .revive(roles: ["a"]),
            .suppress(), .kill(taskID: "t", agentID: "a", policy: KillPolicy(gracePeriod: .seconds(1))),
            .shutdown(executorID: "e", agentID: "a"), .acknowledge(agentID: "a", taskID: "t", uuid: "AA=="),
            .reconcile([.init(taskID: "t", agentID: "a"), .init(taskID: "u")]), .message(agentID: "a", executorID: "e", data: "AA=="),
        ]
        for kind in calls {
            let call = SchedulerCall(frameworkID: "F", kind)
            #expect(try SchedulerCall(json: JSON(parsing: call.json.text())) == call)
        }
    }

    @Test func `an unknown call gets upstream's words`() {
        #expect {
            try SchedulerCall(json: ["type": "BOGUS"])
        } throws: { "\($0)" == "Failed to validate scheduler::Call: Expecting 'type' to be present" }
    }
}
