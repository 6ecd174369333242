import Chronos
import ClusterCore
import EngineSupport
import HTTPClient
import Logging
import Mesos
import MesosFramework
import ZooKeeper

/// One Chronos process.
struct ChronosNode: Sendable {
    let options: ChronosOptions
    let logger: Logger

    private var own: HostPort { HostPort(host: options.hostname, port: options.httpPort) }

    /// Works until cancelled.
    /// - Throws: `FrameworkNode.LostLeadership`; `ClusterError` and `ZooKeeperError` where it can't work.
    func run() async throws {
        let node = FrameworkNode(
            name: "Chronos", own: own, listenAddress: options.httpAddress, zooKeeper: options.zk, election: "candidate",
            sessionTimeout: options.sessionTimeout, viaHeader: "X-Chronos-Via", bodyLimit: 1 << 20, logger: logger)
        try await node.run(
            handler: { gate, proxy in
                ChronosFront(
                    gate: gate, proxy: proxy,
                    authentication: options.httpCredentials.flatMap { BasicAuthentication(realm: options.httpRealm, userAndPassword: $0) }
                ).handler
            }, lead: lead)
    }

    @Sendable private func lead(_ leadership: FrameworkNode.Leadership) async throws {
        let zones = TimeZoneDatabase()
        let jobs = FencedJobStore(store: leadership.store) { name throws(ClusterError) in try zones.zone(name) }
        let masters = try MesosMasters(options.master, client: leadership.client, sessionTimeout: options.sessionTimeout, logger: logger)
        let framework = MesosFrameworkClient(
            try options.framework(webui: "http://\(own)"), identity: FencedIdentity(store: leadership.store), masters: masters.leaders,
            http: leadership.http, logger: logger)
        let leader = ChronosLeader(
            options.leading { name throws(ClusterError) in try zones.zone(name) }, state: try await jobs.load(), store: jobs,
            mesos: framework, logger: logger, clock: { Timestamp.now })
        let api = ChronosAPI(
            leader: leader, address: own.description, defaultEpsilon: "PT\(options.epsilonSeconds)S", isOnEmbeddedMesos: masters.areEmbedded
        )
        await leadership.gate.set(.leader(api.router))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await leader.run() }
            group.addTask { try await framework.run() }
            try await group.next()
            group.cancelAll()
        }
    }
}
