import ClusterCore
import EngineSupport
import HTTPClient
import JSON
import Logging
import Mesos
import MesosFramework
import Testing

/// Another event came than the one that had to.
private struct Unexpected: Error { let what: String }

/// An id in memory.
private actor MemoryIdentity: FrameworkIdentity {
    var id: String?
    init(_ id: String? = nil) { self.id = id }
    func load() async throws -> String? { id }
    func save(_ frameworkID: String) async throws { id = frameworkID }
}

/// A master that answers as it is told.
private actor ScriptedMaster {
    var calls: [SchedulerCall] = []
    var streamIDs: [String?] = []
    var stream: ByteStream?
    var answer: (@Sendable (Int) -> EngineResponse?)?
    private var server: Task<Void, any Error>?
    private(set) var port = 0

    func start(answer: (@Sendable (Int) -> EngineResponse?)? = nil) async {
        self.answer = answer
        let (ports, listening) = AsyncStream.makeStream(of: Int.self)
        var logger = Logger(label: "scripted-master")
        logger.logLevel = .critical
        let server = EngineServer(host: "127.0.0.1", port: 0, logger: logger) { request in await self.take(request) }
        self.server = Task { try await server.run { listening.yield($0) } }
        for await port in ports {
            self.port = port
            return
        }
    }

    func stop() {
        stream?.finish()
        server?.cancel()
    }

    func send(_ event: SchedulerEvent) { stream?.send(record: event.json) }
    func drop() { stream?.finish() }

    private func take(_ request: EngineRequest) -> EngineResponse {
        guard let json = try? request.json(), let call = try? SchedulerCall(json: json) else { return .text("bad", status: 400) }
        calls.append(call)
        streamIDs.append(request.headers["Mesos-Stream-Id"])
        guard case .subscribe(let info, _) = call.kind else { return .empty(status: 202) }
        if let scripted = answer?(calls.count) { return scripted }
        let stream = ByteStream()
        self.stream = stream
        send(.subscribed(frameworkID: info.id ?? "new-0001", heartbeatInterval: 15, master: nil))
        return .stream(stream, type: "application/json", headers: ["Mesos-Stream-Id": "s-\(calls.count)"])
    }

    var info: MasterInfo { MasterInfo(id: "m", ip: "127.0.0.1", port: port, hostname: "127.0.0.1") }
    var subscriptions: [String?] {
        calls.compactMap { call -> String?? in
            if case .subscribe(let info, _) = call.kind { info.id } else { nil }
        }
    }
}

@Suite(.timeLimit(.minutes(1)))
struct MesosFrameworkClientTests {
    private func client(
        _ identity: MemoryIdentity, _ masters: AsyncStream<MasterInfo?>
    ) -> MesosFrameworkClient {
        var configuration = FrameworkConfiguration(
            framework: FrameworkInfo(user: "root", name: "test", failoverTimeout: 60),
            authentication: HTTPRequest.BasicAuth(user: "p", password: "s"))
        configuration.backoff = .milliseconds(10)...(.milliseconds(50))
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        return MesosFrameworkClient(configuration, identity: identity, masters: masters, http: HTTPClient(), logger: logger)
    }

    @Test func keepsItsIdentityOverDroppedStreamsAndNewMasters() async throws {
        let (first, second) = (ScriptedMaster(), ScriptedMaster())
        await first.start()
        await second.start()
        let (masters, leads) = AsyncStream.makeStream(of: MasterInfo?.self)
        let identity = MemoryIdentity()
        let client = client(identity, masters)
        let running = Task { try await client.run() }
        var events = client.events.makeAsyncIterator()
        leads.yield(await first.info)
        guard case .connected(let id, _) = await events.next() else { throw Unexpected(what: "not connected") }
        #expect(id == "new-0001")
        #expect(await identity.id == "new-0001")
        try await client.call(.revive())
        #expect(await first.streamIDs.last == "s-1")

        await first.drop()
        guard case .disconnected = await events.next() else { throw Unexpected(what: "not disconnected") }
        guard case .connected(let again, _) = await events.next() else { throw Unexpected(what: "not connected again") }
        #expect(again == "new-0001")

        leads.yield(await second.info)
        guard case .disconnected = await events.next() else { throw Unexpected(what: "not disconnected") }
        guard case .connected = await events.next() else { throw Unexpected(what: "not connected to the second") }
        #expect(await second.subscriptions == ["new-0001"])
        #expect(await first.subscriptions == [nil, "new-0001"])
        await second.send(.update(TaskStatus(taskID: "t", state: .running)))
        guard case .update(let status) = await events.next() else { throw Unexpected(what: "no update") }
        #expect(status.taskID == "t")

        leads.yield(nil)
        guard case .disconnected = await events.next() else { throw Unexpected(what: "not disconnected") }
        await #expect(throws: ClusterError.self) { try await client.call(.revive()) }
        running.cancel()
        await first.stop()
        await second.stop()
    }

    @Test func aRemovedFrameworkIsToldAndNeverBecomesAnother() async throws {
        let master = ScriptedMaster()
        await master.start()
        let (masters, leads) = AsyncStream.makeStream(of: MasterInfo?.self)
        let identity = MemoryIdentity("old-0001")
        let client = client(identity, masters)
        leads.yield(await master.info)
        let running = Task { try await client.run() }
        var events = client.events.makeAsyncIterator()
        guard case .connected = await events.next() else { throw Unexpected(what: "not connected") }
        await master.send(.error("Framework has been removed"))
        guard case .refused(let why) = await events.next() else { throw Unexpected(what: "not refused") }
        #expect(why == "Framework has been removed")
        let outcome = await running.result
        #expect(throws: ClusterError.self) { try outcome.get() }
        #expect(await identity.id == "old-0001")
        #expect(await master.subscriptions == ["old-0001"])
        await master.stop()
    }

    @Test func followsAStandbysHintAndWaitsOutRefusals() async throws {
        let leader = ScriptedMaster()
        await leader.start { $0 < 3 ? .text("Master is recovering", status: 503) : nil }
        let standby = ScriptedMaster()
        let port = await leader.port
        await standby.start { _ in .empty(status: 307, headers: ["Location": "//127.0.0.1:\(port)/api/v1/scheduler"]) }
        let (masters, leads) = AsyncStream.makeStream(of: MasterInfo?.self)
        let client = client(MemoryIdentity("f-1"), masters)
        leads.yield(await standby.info)
        let running = Task { try await client.run() }
        var events = client.events.makeAsyncIterator()
        guard case .connected = await events.next() else { throw Unexpected(what: "not connected") }
        #expect(await leader.subscriptions.count == 3)
        try await client.call(.suppress())
        #expect(await leader.calls.last?.type == "SUPPRESS")
        running.cancel()
        await leader.stop()
        await standby.stop()
    }
}
