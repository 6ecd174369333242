import Chronos
import ClusterCore
import EngineSupport
import HTTPClient
import Logging
import Mesos
import MesosFramework
import ZooKeeper

/// One Chronos process: serves HTTP at once, takes part in the election, and schedules while it leads.
struct ChronosNode: Sendable {
    let options: ChronosOptions
    let logger: Logger

    /// Leadership was lost; upstream ends the process then, and so do we: a new one starts from what is stored.
    struct LostLeadership: Error, CustomStringConvertible {
        let description: String
    }

    private var own: HostPort { HostPort(host: options.hostname, port: options.httpPort) }

    /// Works until cancelled.
    /// - Throws: `LostLeadership`; `ClusterError` and `ZooKeeperError` where it can't work.
    func run() async throws {
        let client = ZooKeeperClient(url: options.zk, sessionTimeout: options.sessionTimeout, logger: logger)
        let election = LeaderElection(
            client: client, layout: .latch(parent: "\(options.zk.path)/candidate"), data: Array(own.description.utf8), logger: logger)
        let http = HTTPClient(idleConnections: 64)
        let front = ChronosFront(proxy: LeaderProxy(client: http, viaHeader: "X-Chronos-Via", own: own))
        let server = EngineServer(host: options.httpAddress, port: options.httpPort, bodyLimit: 1 << 20, logger: logger, handler: handler(front))
        let events = await election.events()
        await election.start()
        let outcome: Result<Void, any Error>
        do {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await server.run { port in logger.info("serving HTTP on port \(port)") } }
                group.addTask { try await follow(events, client, http, front) }
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

    private func handler(_ front: ChronosFront) -> EngineRouter.Handler {
        let handler: EngineRouter.Handler = { request in await front.respond(to: request) }
        guard let credentials = options.httpCredentials, let colon = credentials.firstIndex(of: ":") else { return handler }
        let credential = BasicAuthentication.Credential(
            principal: String(credentials[..<colon]), secret: String(credentials[credentials.index(after: colon)...]))
        return BasicAuthentication(realm: options.httpRealm, credentials: [credential]).protect(handler)
    }

    private func follow(
        _ events: AsyncStream<ElectionEvent>, _ client: ZooKeeperClient, _ http: HTTPClient, _ front: ChronosFront
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            let (terms, elected) = AsyncStream.makeStream(of: ElectionTerm.self)
            group.addTask {
                for await term in terms { try await lead(term, client, http, front) }
            }
            group.addTask {
                for await event in events {
                    switch event {
                    case .elected(let term):
                        logger.info("elected as the leading Chronos, \(own)")
                        await front.set(.undecided)
                        elected.yield(term)
                    case .lost(let reason):
                        await front.set(.undecided)
                        throw LostLeadership(description: "\(reason)")
                    case .leaderChanged(let leader): await show(leader, front)
                    }
                }
            }
            try await group.next()
            group.cancelAll()
        }
    }

    private func show(_ leader: ElectionLeader?, _ front: ChronosFront) async {
        guard leader?.isSelf != true else { return }
        guard let leader, let address = HostPort(leader.text) else { return await front.set(.undecided) }
        logger.info("another Chronos leads: \(address)")
        await front.set(.standby(leader: address))
    }

    private func lead(_ term: ElectionTerm, _ client: ZooKeeperClient, _ http: HTTPClient, _ front: ChronosFront) async throws {
        let store = FencedStore(client: client, root: "\(options.zk.path)/embedded/v1", patience: options.sessionTimeout)
        try await store.takeEpoch(term: term)
        let zones = TimeZoneDatabase()
        let jobs = FencedJobStore(store: store) { name throws(ClusterError) in try zones.zone(name) }
        let masters = try MesosMasters(options.master, client: client, sessionTimeout: options.sessionTimeout, logger: logger)
        let framework = MesosFrameworkClient(
            try options.framework(webui: "http://\(own)"), identity: StoredIdentity(store: store), masters: masters.leaders, http: http,
            logger: logger)
        let leader = ChronosLeader(
            options.leading { name throws(ClusterError) in try zones.zone(name) }, state: try await jobs.load(), store: jobs,
            mesos: framework, logger: logger, clock: { Timestamp.now })
        let api = ChronosAPI(
            leader: leader, address: own.description, defaultEpsilon: "PT\(options.epsilonSeconds)S", isOnEmbeddedMesos: masters.areEmbedded)
        await front.set(.leader(api.router))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await leader.run() }
            group.addTask { try await framework.run() }
            try await group.next()
            group.cancelAll()
        }
    }
}
