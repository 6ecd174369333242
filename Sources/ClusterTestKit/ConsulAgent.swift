public import ClusterCore
import Glibc

/// A real Consul agent of a test.
public actor ConsulAgent {
    /// Where its HTTP API is.
    public nonisolated let http: HostPort
    /// Port of its DNS server (UDP and TCP), on the same address.
    public nonisolated let dnsPort: Int
    /// Port of its gossip, for others to join.
    public nonisolated let serfPort: Int
    /// Its node name.
    public nonisolated let node: String
    private let directory: TemporaryDirectory
    private let argv: [String]
    private var process: TestProcess?

    /// Consul's executable: `CONSUL_BINARY`, `consul` in PATH, or where scripts/install-dependencies puts it.
    public static func binary() throws -> String {
        func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 } }
        if let given = variable("CONSUL_BINARY") { return given }
        for directory in (variable("PATH") ?? "").split(separator: ":") where Files.isExecutable("\(directory)/consul") {
            return "\(directory)/consul"
        }
        let cache = variable("MESOS_CLUSTER_TOOLS") ?? (variable("XDG_CACHE_HOME") ?? "\(variable("HOME") ?? "")/.cache") + "/mesos-cluster"
        let installed = "\(cache)/consul-1.8.7/consul"
        guard Files.isExecutable(installed) else {
            throw NotEventually(
                description: "no Consul: neither CONSUL_BINARY, nor in PATH, nor \(installed); run scripts/install-dependencies")
        }
        return installed
    }

    /// Starts a development server (in memory, a cluster of its own) and waits until it leads.
    /// - Parameter extra: further arguments of `consul agent`.
    public static func start(extra: [String] = []) async throws -> ConsulAgent {
        let agent = try ConsulAgent(name: "test", role: ["-dev"], extra: extra)
        try await agent.start()
        try await agent.waitUntilLed()
        return agent
    }

    /// Starts a cluster of servers and waits until each knows the leader.
    public static func cluster(_ count: Int, extra: [String] = []) async throws -> [ConsulAgent] {
        var agents: [ConsulAgent] = []
        for index in 0..<count {
            let join = agents.first.map { ["-retry-join", "127.0.0.1:\($0.serfPort)", "-retry-interval", "500ms"] } ?? []
            let role = ["-server", "-bootstrap-expect", "\(count)"] + join
            agents.append(try ConsulAgent(name: "server-\(index + 1)", role: role, extra: extra))
        }
        for agent in agents { try await agent.start() }
        for agent in agents { try await agent.waitUntilLed() }
        return agents
    }

    /// An agent without a vote that joins others. Not started yet.
    public static func client(_ name: String, joining others: [ConsulAgent], extra: [String] = []) throws -> ConsulAgent {
        let join = others.flatMap { ["-retry-join", "127.0.0.1:\($0.serfPort)"] }
        return try ConsulAgent(name: name, role: join + ["-retry-interval", "500ms"], extra: extra)
    }

    private init(name: String, role: [String], extra: [String]) throws {
        let ports = try freePorts(5)
        http = HostPort(host: "127.0.0.1", port: ports[0])
        dnsPort = ports[1]
        serfPort = ports[2]
        node = name
        let directory = try TemporaryDirectory("consul")
        self.directory = directory
        argv =
            [
                try Self.binary(), "agent", "-node", name, "-bind", "127.0.0.1", "-client", "127.0.0.1", "-http-port", "\(ports[0])",
                "-dns-port", "\(ports[1])", "-serf-lan-port", "\(ports[2])", "-serf-wan-port", "\(ports[3])", "-server-port",
                "\(ports[4])", "-grpc-port", "-1", "-log-level", "warn", "-disable-host-node-id",
            ] + (role.contains("-dev") ? [] : ["-data-dir", directory.file("data")]) + role + extra
            + ["-hcl", "raft_protocol = 3 \n performance { raft_multiplier = 1 } \n disable_update_check = true"]
    }

    /// Starts it (again).
    public func start() async throws {
        guard process?.isRunning != true else { return }
        process = try await TestProcess(argv, output: directory.file("log"))
    }

    /// Kills it.
    public func kill() async { await process?.kill() }

    /// Stops it in its tracks.
    public func pause() { process?.pause() }

    /// Lets it go on.
    public func resume() { process?.resume() }

    /// Waits until it knows a leader.
    public func waitUntilLed(within deadline: Duration = .seconds(60)) async throws {
        let http = http
        do {
            try await eventually(within: deadline, "Consul at \(http)") {
                if let code = self.process?.exitCode { throw NotEventually(description: "it exited with \(code)") }
                guard let answer = await httpGet("/v1/status/leader", port: http.port, on: http.host) else { return false }
                return answer.status == 200 && answer.body.count > 4
            }
        } catch {
            throw NotEventually(description: "\(error)\n\(log.suffix(2000))")
        }
    }

    /// What it has logged.
    public var log: String { directory.read("log") ?? "" }
}
