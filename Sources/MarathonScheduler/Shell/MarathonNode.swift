import ClusterCore
import EngineSupport
import HTTPClient
import JSON
import Logging
import Marathon
import Mesos
import MesosFramework
import ZooKeeper

/// One Marathon process: serves HTTP at once, takes part in the election, and schedules while it leads.
struct MarathonNode: Sendable {
    let options: MarathonOptions
    let logger: Logger

    /// Why it ended.
    enum Ending: Error, Sendable, CustomStringConvertible {
        case lostLeadership(String)
        case abdicated

        var description: String {
            switch self {
            case .lostLeadership(let why): "leadership was lost: \(why)"
            case .abdicated: "leadership was given up on request"
            }
        }
    }

    private var own: HostPort { HostPort(host: options.hostname, port: options.httpPort) }

    /// Works until cancelled.
    /// - Throws: `Ending` where it led and does no longer; the process must be started anew then.
    func run() async throws {
        let client = ZooKeeperClient(url: options.zk, sessionTimeout: options.sessionTimeout, logger: logger)
        let election = LeaderElection(
            client: client, layout: .latch(parent: "\(options.zk.path)/leader-curator"), data: Array(own.description.utf8), logger: logger)
        let http = HTTPClient(idleConnections: 64)
        let gate = RoleGate()
        let front = MarathonFront(
            gate: gate, proxy: LeaderProxy(client: http, viaHeader: "X-Marathon-Via", own: own), own: own,
            authentication: authentication, allowOrigin: options.allowOrigin)
        let server = EngineServer(
            host: options.httpAddress ?? "0.0.0.0", port: options.httpPort, bodyLimit: 4 << 20, logger: logger,
            handler: front.handler)
        let events = await election.events()
        await election.start()
        let outcome: Result<Void, any Error>
        do {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await server.run { port in logger.info("serving HTTP", metadata: ["port": "\(port)"]) } }
                group.addTask { try await follow(events, election, client, http, gate) }
                try await group.next()
                group.cancelAll()
            }
            outcome = .success(())
        } catch {
            outcome = .failure(error)
        }
        // Frees the election node at once, so that the next leader need not wait for the session to expire.
        await election.stop()
        await client.close()
        try outcome.get()
    }

    private var authentication: BasicAuthentication? {
        guard let credentials = options.httpCredentials, let colon = credentials.firstIndex(of: ":") else { return nil }
        let user = String(credentials[..<colon])
        let password = String(credentials[credentials.index(after: colon)...])
        return BasicAuthentication(realm: options.httpRealm, credentials: [.init(principal: user, secret: password)])
    }

    private func follow(
        _ events: AsyncStream<ElectionEvent>, _ election: LeaderElection, _ client: ZooKeeperClient, _ http: HTTPClient, _ gate: RoleGate
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            let (endings, end) = AsyncStream.makeStream(of: (any Error).self)
            group.addTask { for await ending in endings { throw ending } }
            group.addTask {
                var leading: Task<Void, Never>?
                defer { leading?.cancel() }
                for await event in events {
                    switch event {
                    case .elected(let term):
                        guard leading == nil else { continue }
                        logger.info("elected as the leading Marathon", metadata: ["address": "\(own)"])
                        leading = Task {
                            do { try await lead(term, client, http, gate, end) } catch { end.yield(error) }
                        }
                    case .lost(let reason):
                        await gate.set(.undecided)
                        throw Ending.lostLeadership(reason.description)
                    case .leaderChanged(let leader): await show(leader, gate)
                    }
                }
            }
            try await group.next()
            group.cancelAll()
        }
    }

    private func show(_ leader: ElectionLeader?, _ gate: RoleGate) async {
        guard leader?.isSelf != true else { return }
        guard let leader, let address = HostPort(leader.text) else { return await gate.set(.undecided) }
        logger.info("another Marathon leads", metadata: ["leader": "\(address)"])
        await gate.set(.standby(leader: address))
    }

    private func lead(
        _ term: ElectionTerm, _ client: ZooKeeperClient, _ http: HTTPClient, _ gate: RoleGate,
        _ end: AsyncStream<any Error>.Continuation
    ) async throws {
        await gate.set(.undecided)
        let store = FencedStore(client: client, root: "\(options.zk.path)/embedded/v1", patience: options.sessionTimeout)
        try await store.takeEpoch(term: term)
        let masters = try MesosMasters(options.master, client: client, sessionTimeout: options.sessionTimeout, logger: logger)
        let framework = MesosFrameworkClient(
            try configuration(), identity: FencedIdentity(store: store), masters: masters.leaders, http: http, logger: logger)
        var core = SchedulerCore(options: options.scheduling, now: Self.now())
        core.validation.isOnEmbeddedMesos = await masters.areEmbedded()
        let scheduler = Scheduler(
            core: core, store: FencedStateStore(store: store),
            prober: HealthProber(http: http, concurrency: options.concurrentHealthChecks),
            events: EventBus(limit: options.maxOutstandingEvents), clock: Self.now, logger: logger,
            calls: { try await framework.call($0) })
        let (options, own) = (options, own)
        let api = MarathonAPI(
            scheduler: scheduler, info: { options.info(frameworkID: $0, leader: own.description) }, leader: own.description,
            abdicate: {
                Task {
                    // The answer goes out first.
                    try? await Task.sleep(for: .milliseconds(250), clock: .continuous)
                    end.yield(Ending.abdicated)
                }
            }, logger: logger)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await scheduler.run(framework: Self.inputs(framework.events, masters)) { Task { await gate.set(.leader(api.router)) } }
            }
            group.addTask { try await framework.run() }
            group.addTask {
                while !Task.isCancelled {
                    try? await Task.sleep(for: .seconds(10), clock: .continuous)
                    scheduler.events.beat()
                }
            }
            defer { scheduler.events.close() }
            try await group.next()
            group.cancelAll()
        }
    }

    private func configuration() throws(ClusterError) -> FrameworkConfiguration {
        var capabilities = FrameworkInfo.usualCapabilities
        if options.scheduling.features.contains("gpu_resources") { capabilities.append("GPU_RESOURCES") }
        let info = FrameworkInfo(
            user: options.user ?? currentUserName(), name: options.frameworkName, failoverTimeout: options.failoverTimeout,
            checkpoint: options.checkpoint, role: options.role, hostname: options.hostname, principal: options.principal,
            webuiURL: options.webuiURL ?? "http://\(own)", capabilities: capabilities)
        var configuration = FrameworkConfiguration(framework: info, authentication: try masterCredentials())
        configuration.silence = options.heartbeat
        return configuration
    }

    private func masterCredentials() throws(ClusterError) -> HTTPRequest.BasicAuth? {
        guard let principal = options.principal else { return nil }
        if let secret = options.secret { return HTTPRequest.BasicAuth(user: principal, password: secret) }
        guard let path = options.secretFile else { return nil }
        let text = try Files.read(path)
        let secret = String(decoding: text, as: UTF8.self).split(whereSeparator: \.isNewline).first.map { String($0) } ?? ""
        return HTTPRequest.BasicAuth(user: principal, password: secret)
    }

    private static func inputs(_ events: AsyncStream<FrameworkEvent>, _ masters: MesosMasters) -> AsyncStream<FrameworkInput> {
        AsyncStream { continuation in
            let task = Task {
                for await event in events {
                    switch event {
                    case .connected(let id, let master):
                        continuation.yield(
                            .connected(frameworkID: id, master: "\(master.address)", isEmbedded: await masters.areEmbedded()))
                    case .disconnected, .refused: continuation.yield(.disconnected)
                    case .offers(let offers): continuation.yield(.offers(offers))
                    case .update(let status): continuation.yield(.update(status))
                    case .rescind, .message, .failure: continue
                    }
                }
                continuation.finish()
            }
            continuation.onTermination = { _ in task.cancel() }
        }
    }

    static func now() -> Timestamp { Timestamp(milliseconds: wallClockMilliseconds()) }
}
