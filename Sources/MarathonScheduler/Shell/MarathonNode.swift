import ClusterCore
import EngineSupport
import HTTPClient
import JSON
import Logging
import Marathon
import Mesos
import MesosFramework
import ZooKeeper

/// One Marathon process.
struct MarathonNode: Sendable {
    let options: MarathonOptions
    let logger: Logger

    /// A client asked for another leader.
    struct Abdicated: Error, Sendable {}

    private var own: HostPort { HostPort(host: options.hostname, port: options.httpPort) }

    /// Works until cancelled.
    /// - Throws: `FrameworkNode.LostLeadership` and `Abdicated` where it led and does no longer; the process must be started anew then.
    func run() async throws {
        let node = FrameworkNode(
            name: "Marathon", own: own, listenAddress: options.httpAddress ?? "0.0.0.0", zooKeeper: options.zk, election: "leader-curator",
            sessionTimeout: options.sessionTimeout, viaHeader: "X-Marathon-Via", bodyLimit: 4 << 20, logger: logger)
        try await node.run(
            handler: { gate, proxy in
                MarathonFront(
                    gate: gate, proxy: proxy, own: own,
                    authentication: options.httpCredentials.flatMap { BasicAuthentication(realm: options.httpRealm, userAndPassword: $0) },
                    allowOrigin: options.allowOrigin
                ).handler
            }, lead: lead)
    }

    @Sendable private func lead(_ leadership: FrameworkNode.Leadership) async throws {
        let (store, http, gate) = (leadership.store, leadership.http, leadership.gate)
        let masters = try MesosMasters(options.master, client: leadership.client, sessionTimeout: options.sessionTimeout, logger: logger)
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
        let (abdications, abdicate) = AsyncStream.makeStream(of: Void.self)
        let api = MarathonAPI(
            scheduler: scheduler, info: { options.info(frameworkID: $0, leader: own.description) }, leader: own.description,
            abdicate: { abdicate.yield() }, logger: logger)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await scheduler.run(framework: Self.inputs(framework.events, masters)) { Task { await gate.set(.leader(api.router)) } }
            }
            group.addTask { try await framework.run() }
            group.addTask {
                for await _ in abdications {
                    // The answer goes out first.
                    try await Task.sleep(for: .milliseconds(250), clock: .continuous)
                    throw Abdicated()
                }
            }
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
            user: options.user ?? AccountName.own, name: options.frameworkName, failoverTimeout: options.failoverTimeout,
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

    static func now() -> Timestamp { Timestamp(milliseconds: UnixTime.nowMilliseconds) }
}
