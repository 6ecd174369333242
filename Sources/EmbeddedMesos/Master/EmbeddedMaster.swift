public import ClusterCore
import EngineSupport
import Glibc
import Logging
import Mesos
import Synchronization
import ZooKeeper

/// The embedded Mesos master: for one host, for development and tests. Production runs Apache Mesos.
public enum EmbeddedMaster {
    /// Runs it until the task is cancelled.
    /// - Parameter arguments: flags as `mesos-master` takes them.
    /// - Throws: `ClusterError`: wrong flags, a port in use, leadership lost.
    public static func run(arguments: [String], environment: [String: String]) async throws(ClusterError) {
        let configuration = try MasterConfiguration(
            arguments: arguments, environment: environment, readFile: { (path) throws(ClusterError) in try Files.text(path) })
        let logger = Logger(label: "mesos-master")
        logger.notice("This is the embedded Mesos master, for development and tests on one host. Production runs Apache Mesos.")
        let info = MasterInfo(
            id: RandomID.text(), ip: configuration.advertisedIP, port: configuration.advertisedPort, hostname: configuration.hostname,
            version: EmbeddedMesosVersion.version, capabilities: EmbeddedMesosVersion.masterCapabilities)
        let node = MasterNode(info: info, configuration: configuration, time: now)
        try await run(node, logger)
    }

    @Sendable static func now() -> MasterTime {
        // Microseconds, as upstream's stamps have.
        let wall = (UnixTime.now() * 1e6).rounded() / 1e6
        return MasterTime(wall: wall, steady: UnixTime(clock: CLOCK_BOOTTIME).fractionalSeconds)
    }

    /// The server, the election and the beat; the first that fails ends all.
    private static func run(_ node: MasterNode, _ logger: Logger) async throws(ClusterError) {
        let (failures, fail) = AsyncStream<ClusterError>.makeStream()
        let (listening, isListening) = AsyncStream<Void>.makeStream()
        let routes = MasterRoutes(node: node, logger: logger).router()
        let server = EngineServer(host: node.configuration.ip, port: node.configuration.port, logger: logger) { request in
            await routes.respond(to: request)
        }
        let lead: Lead = { (registry, known, isLeader) throws(ClusterError) in
            let state = MasterState(master: node.info, limits: node.configuration.limits, knownAgents: known, now: now())
            let master = Master(
                state: state, registry: registry, time: now, logger: logger, isLeader: isLeader, fail: { fail.yield($0) })
            node.become(.leader(master), while: isLeader)
            try await master.change { _, _ in }
            logger.info("\(node.info.pid) leads now; agents of an earlier leader that are waited for: \(known.count)")
            return master
        }
        let result = await withTaskGroup(of: Result<Void, ClusterError>.self) { group in
            func add(_ body: @escaping @Sendable () async throws(ClusterError) -> Void) {
                group.addTask {
                    do throws(ClusterError) {
                        try await body()
                        return .success(())
                    } catch {
                        return .failure(error)
                    }
                }
            }
            add { () throws(ClusterError) in
                try await server.run { port in
                    logger.info("Master \(node.info.id) (\(node.info.hostname)) started on \(node.info.ip):\(port)")
                    isListening.finish()
                }
            }
            add { () throws(ClusterError) in
                // A port in use must not take part in the election.
                for await _ in listening {}
                if Task.isCancelled { return }
                guard let url = node.configuration.zooKeeper else {
                    try await lead(NoRegistry(), [], { true }).beat()
                    return
                }
                try await contend(node, url, logger, lead)
            }
            add { () throws(ClusterError) in
                for await failure in failures { throw failure }
            }
            let first = await group.next() ?? .success(())
            group.cancelAll()
            await node.master?.close()
            return first
        }
        if Task.isCancelled { return }
        try result.get()
    }

    /// Begins to lead, with the agents that the registry holds.
    private typealias Lead = @Sendable (any AgentRegistry, [String], @escaping MasterNode.Leadership) async throws(ClusterError) -> Master

    private static func contend(
        _ node: MasterNode, _ url: ZooKeeperURL, _ logger: Logger, _ lead: @escaping Lead
    ) async throws(ClusterError) {
        let client = ZooKeeperClient(url: url, sessionTimeout: node.configuration.sessionTimeout, logger: logger)
        client.start()
        let beat = Mutex<Task<Void, Never>?>(nil)
        let outcome: Result<Void, ClusterError>
        do throws(ClusterError) {
            do throws(ZooKeeperError) {
                try await client.waitUntilConnected()
            } catch {
                throw ClusterError(.unavailable, "no ZooKeeper server of \(url) can be used", cause: error)
            }
            try await EngineMarker.embedded.claim(url.path, in: client)
            let election = MasterElection(client: client, path: url.path, info: node.info, logger: logger)
            try await election.run { (outcome) throws(ClusterError) in
                switch outcome {
                case .leaderless: node.become(.noLeader)
                case .following(let leader):
                    logger.info("The leading master is \(leader.pid)")
                    node.become(.follower(leader))
                case .leading(let term):
                    let registry = ZooKeeperAgentRegistry(client: client, path: url.path, term: term)
                    let master = try await lead(registry, try await registry.load(), { election.isLeader })
                    beat.withLock { $0 = Task { await master.beat() } }
                }
            }
            outcome = .success(())
        } catch {
            outcome = .failure(error)
        }
        beat.withLock { $0?.cancel() }
        // Closing the session lets the next master lead at once.
        await client.close()
        try outcome.get()
    }
}
