public import ClusterCore
import ZooKeeper

/// One real ZooKeeper server of a test.
public actor ZooKeeperServer {
    /// Where clients connect.
    public nonisolated let address: HostPort
    private let directory: TemporaryDirectory
    private let argv: [String]
    private var process: TestProcess?

    /// A server on its own.
    public static func start() async throws -> ZooKeeperServer {
        let port = try freePort()
        let server = try ZooKeeperServer(id: 1, address: HostPort(host: "127.0.0.1", port: port), members: [])
        try await server.start()
        try await server.waitUntilServing()
        return server
    }

    init(id: Int, address: HostPort, members: [String]) throws {
        self.address = address
        let directory = try TemporaryDirectory("zookeeper-\(id)")
        self.directory = directory
        let configuration =
            [
                "tickTime=250", "initLimit=60", "syncLimit=12", "minSessionTimeout=500", "maxSessionTimeout=60000",
                "dataDir=\(directory.path)/data", "clientPort=\(address.port)", "clientPortAddress=\(address.host)",
                "admin.enableServer=false", "4lw.commands.whitelist=ruok,srvr,mntr,stat,cons,isro", "maxClientCnxns=0",
                "autopurge.purgeInterval=0", "standaloneEnabled=true", "skipACL=no",
            ] + members
        try directory.write("data/myid", "\(id)\n")
        try directory.write("zoo.cfg", configuration.joined(separator: "\n") + "\n")
        let classPath = ["/usr/share/java/zookeeper.jar", "/usr/share/java/slf4j-simple.jar"].joined(separator: ":")
        argv = [
            "java", "-Xmx128m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto", "-XX:-UsePerfData",
            "-Dzookeeper.forceSync=no", "-Dzookeeper.preAllocSize=256", "-Dzookeeper.DigestAuthenticationProvider.superDigest=",
            "-Dzookeeper.jmx.log4j.disable=true", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-cp", classPath,
            "org.apache.zookeeper.server.quorum.QuorumPeerMain", directory.file("zoo.cfg"),
        ]
    }

    /// Starts it (again), with the data that it has.
    public func start() async throws {
        guard process?.isRunning != true else { return }
        process = try await TestProcess(argv, output: directory.file("log"))
    }

    /// Kills it; its data stays.
    public func kill() async { await process?.kill() }

    /// Stops it in its tracks: connections stay open, nothing answers.
    public func pause() { process?.pause() }

    /// Lets it go on.
    public func resume() { process?.resume() }

    /// Waits until it leads, follows or stands alone.
    public func waitUntilServing(within deadline: Duration = .seconds(60)) async throws {
        do {
            try await eventually(within: deadline, "ZooKeeper at \(address)") {
                if let code = self.process?.exitCode { throw NotEventually(description: "it exited with \(code)") }
                return await EnsembleStatus.ask([address]).answering == 1
            }
        } catch {
            throw NotEventually(description: "\(error)\n\(log.suffix(2000))")
        }
    }

    /// What it has logged.
    public var log: String { directory.read("log") ?? "" }
}

/// A real ZooKeeper ensemble of a test.
public struct ZooKeeperEnsemble: Sendable {
    /// Its members, by their place in the list; member i has id i + 1.
    public let servers: [ZooKeeperServer]
    /// What the members that follow send to the one that leads, by its way: from, to.
    private let links: [[Int]: TestRelay]

    /// Starts an ensemble and waits until every member serves.
    /// - Parameter separable: whether `isolate` is to be used.
    public static func start(_ count: Int = 3, separable: Bool = false) async throws -> ZooKeeperEnsemble {
        let ports = try freePorts(count * 3)
        var links: [[Int]: TestRelay] = [:]
        for from in 0..<(separable ? count : 0) {
            for to in 0..<count where from != to {
                links[[from, to]] = try TestRelay(to: HostPort(host: "127.0.0.1", port: ports[count + to]))
            }
        }
        let servers = try (0..<count).map { index in
            let members = (0..<count).map { other in
                "server.\(other + 1)=127.0.0.1:\(links[[index, other]]?.address.port ?? ports[count + other]):\(ports[2 * count + other])"
            }
            return try ZooKeeperServer(id: index + 1, address: HostPort(host: "127.0.0.1", port: ports[index]), members: members)
        }
        for server in servers { try await server.start() }
        for server in servers { try await server.waitUntilServing() }
        return ZooKeeperEnsemble(servers: servers, links: links)
    }

    /// The place of the member that leads now; nil while none does.
    public func leader() async -> Int? {
        for (index, server) in servers.enumerated() where await EnsembleStatus.ask([server.address]).leader != nil { return index }
        return nil
    }

    /// Lets nothing pass between a member and the others, whichever leads; its clients reach it.
    public func isolate(_ index: Int) { for (way, link) in links where way.contains(index) { link.stall() } }

    /// Ends `isolate`.
    public func rejoin(_ index: Int) { for (way, link) in links where way.contains(index) { link.recover() } }

    /// Where clients connect.
    public var addresses: [HostPort] { servers.map(\.address) }

    /// `zk://…` with this path.
    public func url(_ path: String = "", credentials: ZooKeeperURL.Credentials? = nil) -> ZooKeeperURL {
        ZooKeeperURL(servers: addresses, path: path, credentials: credentials)
    }

    /// Pauses every member: no server answers, and sessions do not expire.
    public func pause() async { for server in servers { await server.pause() } }

    /// Lets every member go on.
    public func resume() async { for server in servers { await server.resume() } }
}

extension ZooKeeperServer {
    /// `zk://…` with this path.
    public nonisolated func url(_ path: String = "", credentials: ZooKeeperURL.Credentials? = nil) -> ZooKeeperURL {
        ZooKeeperURL(servers: [address], path: path, credentials: credentials)
    }
}
