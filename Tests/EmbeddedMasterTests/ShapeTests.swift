import ClusterCore
import ClusterTestKit
import EngineSupport
import HTTPClient
import JSON
import Logging
import Mesos
import Testing

@testable import EmbeddedMesos

/// The endpoints have the members, in their order and of their types, that a real Mesos 1.11 master sent (`Golden/leader_*.json`).
@Suite struct ShapeTests {
    /// Members that a real master has and this one has not, or whose content is its own.
    private static let absent: Set<String> = ["git_sha"]
    private static let opaque: Set<String> = ["flags", "capabilities", "container_status"]

    private func expectSameShape(_ actual: JSON, _ expected: JSON, at path: String) {
        switch (actual, expected) {
        case (.object(let left), .object(let right)):
            #expect(left.keys == right.keys.filter { !Self.absent.contains($0) }, "members of \(path)")
            for key in left.keys where !Self.opaque.contains(key) {
                if let one = left[key], let other = right[key] { expectSameShape(one, other, at: "\(path).\(key)") }
            }
        case (.array(let left), .array(let right)):
            #expect(left.isEmpty == right.isEmpty, "elements of \(path)")
            if let one = left.first, let other = right.first { expectSameShape(one, other, at: "\(path)[]") }
        case (.double, .double), (.int, .int): break
        default: #expect(actual.kind == expected.kind && actual.int == nil && expected.int == nil, "type of \(path): \(actual.text())")
        }
    }

    /// A leader with an agent, a framework with a running task, and a framework that is gone, as in the recording.
    private func leader() throws -> MasterRoutes {
        var bench = Bench()
        let agent = try bench.agent("cpus:2;mem:2048;disk:1024;ports:[31000-32000]")
        bench.state.agents[agent]?.info.attributes = try Attribute.list(text: "rack:r1;zone:z")
        for stream in ["gone", "here"] {
            bench.subscribe(stream, capabilities: ["TASK_KILLING_STATE", "PARTITION_AWARE"])
            bench.wait(0.05)
            try bench.launch("s1", on: stream, cpus: 0.2, refuseSeconds: 1000)
            let id = try #require(bench.framework(stream)?.id)
            for state in [TaskState.starting, .running] {
                let status = TaskStatus(
                    taskID: "s1", state: state, source: "SOURCE_EXECUTOR", agentID: agent, executorID: "s1",
                    timestamp: bench.now.wall + 0.5,
                    uuid: "AA==", containerStatus: ["container_id": ["value": "c"], "executor_pid": 5])
                bench.change { state, now in
                    _ = state.update(.init(frameworkID: id, status: status, latestState: status.state), from: agent, now)
                }
            }
            if stream == "gone" { bench.change { state, now in state.removeFramework(id, now) } }
        }
        let configuration = try MasterConfiguration(
            arguments: ["--registry=in_memory", "--ip=127.0.0.1", "--port=25050"], environment: [:], readFile: { _ in "" })
        let time: @Sendable () -> MasterTime = { [now = bench.now] in now }
        let node = MasterNode(info: Bench.info, configuration: configuration, time: time)
        let master = Master(state: bench.state, registry: NoRegistry(), time: time, logger: Logger(label: "test"), fail: { _ in })
        node.become(.leader(master))
        return MasterRoutes(node: node, logger: Logger(label: "test"))
    }

    private func body(_ response: EngineResponse) throws -> JSON { try JSON(parsing: try #require(response.bytes)) }

    private func golden(_ name: String) throws -> JSON { try JSON(parsing: try #require(readText(GoldenFile("leader_\(name).json").path))) }

    @Test(arguments: ["state", "slaves", "frameworks", "tasks", "roles", "state-summary"])
    func `an endpoint has the shape of a real one`(_ name: String) async throws {
        let router = try leader().router()
        for path in ["/\(name)", "/master/\(name)"] {
            let response = await router.respond(to: EngineRequest(method: "GET", target: path))
            #expect(response.status == 200)
            expectSameShape(try body(response), try golden(name), at: name)
        }
        #expect(await router.respond(to: EngineRequest(method: "GET", target: "/\(name).json")).status == 404)
    }

    @Test(arguments: ["GET_STATE", "GET_ROLES", "GET_MASTER"])
    func `an operator call has the shape of a real one`(_ type: String) async throws {
        let response = await call("/api/v1", ["type": .string(type)], try leader().router())
        expectSameShape(try body(response), try golden("v1_\(type)"), at: type)
    }

    private func call(_ path: String, _ body: JSON, _ router: EngineRouter, headers: HTTPHeaders = [:]) async -> EngineResponse {
        var headers = headers
        headers["Content-Type"] = "application/json"
        return await router.respond(to: EngineRequest(method: "POST", target: path, headers: headers, body: body.bytes()))
    }

    @Test func `tasks are paged and ordered`() async throws {
        let router = try leader().router()
        func ids(_ query: String) async throws -> [String] {
            try body(await router.respond(to: EngineRequest(method: "GET", target: "/tasks?\(query)")))["tasks"]?.array?
                .compactMap { $0["framework_id"]?.string } ?? []
        }
        let newest = try await ids("")
        #expect(newest.count == 2)
        #expect(try await ids("order=asc") == newest.reversed())
        #expect(try await ids("limit=1&offset=1") == [newest[1]])
        #expect(try await ids("limit=-1").count == 2)
        #expect(try await ids("framework_id=\(newest[0])") == [newest[0]])
    }

    @Test func `a follower names the leader, and a lonely master says so`() async throws {
        let routes = try leader()
        routes.node.become(.follower(MasterInfo(id: "x", ip: "127.0.0.9", port: 15051, hostname: "m9")))
        let router = routes.router()
        for (path, location) in [
            ("/state", "//m9:15051/master/state"), ("/master/tasks?limit=1", "//m9:15051/master/tasks?limit=1"),
            ("/redirect", "//m9:15051"), ("/maintenance/status", "//m9:15051/master/maintenance/status"),
        ] {
            let response = await router.respond(to: EngineRequest(method: "GET", target: path))
            #expect(response.status == 307 && response.headers["Location"] == location)
        }
        #expect(await call("/api/v1/scheduler", ["type": "SUBSCRIBE"], router).headers["Location"] == "//m9:15051/master/api/v1/scheduler")
        for path in ["/health", "/version", "/flags", "/metrics/snapshot"] {
            #expect(await router.respond(to: EngineRequest(method: "GET", target: path)).status == 200)
        }
        routes.node.become(.noLeader)
        #expect(await router.respond(to: EngineRequest(method: "GET", target: "/redirect")).status == 503)
        #expect(await router.respond(to: EngineRequest(method: "GET", target: "/state")).status == 503)
    }

    @Test func `calls without a type, stream or framework get upstream's words`() async throws {
        let router = try leader().router()
        func words(_ body: JSON, headers: HTTPHeaders = [:]) async -> String {
            String(decoding: await call("/api/v1/scheduler", body, router, headers: headers).bytes ?? [], as: UTF8.self)
        }
        let id: JSON = ["value": "7817a9ed-ffa6-4987-b82a-ca555d0640de-0001"]
        #expect(await words(["type": "BOGUS"]) == "Failed to validate scheduler::Call: Expecting 'type' to be present")
        #expect(await words(["type": "REVIVE"]) == "Failed to validate scheduler::Call: Expecting 'framework_id' to be present")
        #expect(await words(["type": "REVIVE", "framework_id": ["value": "nobody"]]) == "Framework cannot be found")
        #expect(
            await words(["type": "REVIVE", "framework_id": id]) == "All non-subscribe calls should include the 'Mesos-Stream-Id' header")
        #expect(await words(["type": "REVIVE", "framework_id": id], headers: ["Mesos-Stream-Id": "here"]) == "")
        let reserve: JSON = [
            "type": "ACCEPT", "framework_id": id, "accept": ["offer_ids": [], "operations": [["type": "RESERVE", "reserve": [:]]]],
        ]
        #expect(await words(reserve, headers: ["Mesos-Stream-Id": "here"]).contains("RESERVE is not supported"))
        let get = await router.respond(to: EngineRequest(method: "GET", target: "/api/v1/scheduler"))
        #expect(get.status == 405 && get.headers["Allow"] == "POST")
        let untyped = await router.respond(to: EngineRequest(method: "POST", target: "/api/v1"))
        #expect(untyped.status == 400)
        let upstream = await router.respond(to: EngineRequest(method: "POST", target: "/master/mesos.internal.RegisterSlaveMessage"))
        #expect(upstream.status == 400)
    }

    @Test func `passwords are asked for where the flags say so`() async throws {
        let credentials = #"{"credentials":[{"principal":"ops","secret":"word"}]}"#
        let configuration = try MasterConfiguration(
            arguments: [
                "--registry=in_memory", "--credentials=/c", "--authenticate_http_readonly", "--authenticate_http_frameworks",
                "--authenticate_agents",
            ], environment: [:], readFile: { _ in credentials })
        let time: @Sendable () -> MasterTime = { MasterTime(wall: 0, steady: 0) }
        let node = MasterNode(info: Bench.info, configuration: configuration, time: time)
        let router = MasterRoutes(node: node, logger: Logger(label: "test")).router()
        let refused = await router.respond(to: EngineRequest(method: "GET", target: "/state"))
        #expect(refused.status == 401 && refused.headers["WWW-Authenticate"] == "Basic realm=\"mesos-master-readonly\"")
        let right: HTTPHeaders = ["Authorization": "Basic \(Base64.encode("ops:word".utf8))"]
        let wrong: HTTPHeaders = ["Authorization": "Basic \(Base64.encode("ops:wort".utf8))"]
        #expect(await router.respond(to: EngineRequest(method: "GET", target: "/state", headers: right)).status == 503)
        #expect(await router.respond(to: EngineRequest(method: "GET", target: "/state", headers: wrong)).status == 401)
        #expect(await router.respond(to: EngineRequest(method: "GET", target: "/health")).status == 200)
        #expect(await router.respond(to: EngineRequest(method: "POST", target: "/embedded/v1/agents")).status == 401)
        #expect(await call("/api/v1/scheduler", ["type": "SUBSCRIBE"], router).status == 401)
    }

    @Test(arguments: [
        (["--zk=zk://h:1/"], "work_dir"), (["--registry=in_memory", "--zk=zk://h:1/"], "'/' is not supported"),
        (["--work_dir=/w", "--zk=zk://h:1/m"], "Need to specify --quorum"),
        (["--registry=in_memory", "--acls=x"], "--acls is not supported"),
        (["--registry=in_memory", "--authenticate_agents"], "--credentials"), (["--registry=x"], "not a supported option"),
        (["--registry=in_memory", "--offer_timeout=5"], "offer_timeout"),
    ])
    func `wrong flags end the start with what to do`(_ flags: [String], _ part: String) {
        #expect {
            try MasterConfiguration(arguments: flags, environment: [:], readFile: { _ in "" })
        } throws: { "\($0)".contains(part) }
    }
}
