public import ClusterCore
public import EngineSupport
public import HTTPClient
public import Logging
public import ZooKeeper

/// One process of a framework of which one leads and the others stand by: it serves HTTP at once, takes part in the election, and works
/// while it leads.
public struct FrameworkNode: Sendable {
    /// `Marathon`, for texts.
    public let name: String
    /// What it announces in ZooKeeper, where the others send their requests.
    public let own: HostPort
    /// Address to listen on, at the announced port.
    public let listenAddress: String
    /// Servers, path and credentials of its state.
    public let zooKeeper: ZooKeeperURL
    /// Node below `zooKeeper.path` that the candidates' latches are in.
    public let election: String
    /// ZooKeeper's.
    public let sessionTimeout: Duration
    /// Header by which a standby marks what it passes on.
    public let viaHeader: String
    /// Bytes that a request may have.
    public let bodyLimit: Int
    /// One line an event.
    public let logger: Logger

    /// Describes a node.
    public init(
        name: String, own: HostPort, listenAddress: String, zooKeeper: ZooKeeperURL, election: String, sessionTimeout: Duration,
        viaHeader: String, bodyLimit: Int, logger: Logger
    ) {
        self.name = name
        self.own = own
        self.listenAddress = listenAddress
        self.zooKeeper = zooKeeper
        self.election = election
        self.sessionTimeout = sessionTimeout
        self.viaHeader = viaHeader
        self.bodyLimit = bodyLimit
        self.logger = logger
    }

    /// It led and does no longer: the process must be started anew, and reads its state then.
    public struct LostLeadership: Error, Sendable, CustomStringConvertible {
        /// Why, in words.
        public let description: String
    }

    /// What a leader works with.
    public struct Leadership: Sendable {
        /// Takes writes of this leadership only; earlier leaders are shut out already.
        public let store: FencedStore
        /// The session.
        public let client: ZooKeeperClient
        /// For requests of its own.
        public let http: HTTPClient
        /// Set it to `.leader` once requests can be answered.
        public let gate: RoleGate
    }

    /// Works until cancelled. When it returns, nothing of it is under way any more.
    /// - Parameters:
    ///   - handler: makes what answers requests, of who leads and of what passes requests on.
    ///   - lead: works while this process leads; cancelled, and waited for, when it leads no longer.
    /// - Throws: `LostLeadership`, and what `lead` throws.
    public func run(
        handler: (RoleGate, LeaderProxy) -> EngineRouter.Handler, lead: @escaping @Sendable (Leadership) async throws -> Void
    ) async throws {
        let client = ZooKeeperClient(url: zooKeeper, sessionTimeout: sessionTimeout, logger: logger)
        let election = LeaderElection(
            client: client, layout: .latch(parent: "\(zooKeeper.path)/\(election)"), data: Array(own.description.utf8), logger: logger)
        let http = HTTPClient(idleConnections: 64)
        let gate = RoleGate()
        let server = EngineServer(
            host: listenAddress, port: own.port, bodyLimit: bodyLimit, logger: logger,
            handler: handler(gate, LeaderProxy(client: http, viaHeader: viaHeader, own: own)))
        let events = await election.events()
        await election.start()
        let (outcome, closing) = await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server.run { port in logger.info("serving HTTP", metadata: ["port": "\(port)"]) } }
            let (terms, elected) = AsyncStream.makeStream(of: ElectionTerm.self)
            group.addTask {
                for await term in terms {
                    let store = FencedStore(client: client, root: "\(zooKeeper.path)/embedded/v1", patience: sessionTimeout)
                    try await store.takeEpoch(term: term)
                    try await lead(Leadership(store: store, client: client, http: http, gate: gate))
                    try Task.checkCancellation()
                }
            }
            group.addTask { try await follow(events, gate, elected) }
            let first = await group.nextResult() ?? .success(())
            group.cancelAll()
            // A write that waits for a connection which is gone must not hold up the end: its session is taken from it.
            let closing = Task {
                try await Task.sleep(for: .seconds(2), clock: .continuous)
                await client.close()
            }
            while await group.nextResult() != nil {}
            return (first, closing)
        }
        // Frees the election node at once, so that the next leader need not wait for the session to expire.
        await election.stop()
        closing.cancel()
        await client.close()
        try outcome.get()
    }

    private func follow(
        _ events: AsyncStream<ElectionEvent>, _ gate: RoleGate, _ elected: AsyncStream<ElectionTerm>.Continuation
    ) async throws {
        for await event in events {
            switch event {
            case .elected(let term):
                logger.info("elected as the leading \(name)", metadata: ["address": "\(own)"])
                await gate.set(.undecided)
                elected.yield(term)
            case .lost(let reason):
                await gate.set(.undecided)
                throw LostLeadership(description: reason.description)
            case .leaderChanged(let leader): await show(leader, gate)
            }
        }
    }

    private func show(_ leader: ElectionLeader?, _ gate: RoleGate) async {
        guard leader?.isSelf != true else { return }
        guard let leader, let address = HostPort(leader.text) else { return await gate.set(.undecided) }
        logger.info("another \(name) leads", metadata: ["leader": "\(address)"])
        await gate.set(.standby(leader: address))
    }
}
