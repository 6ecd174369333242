import ClusterCore
import ClusterTestKit
import Consul
import Glibc
import HTTPClient
import JSON
import Marathon
import Synchronization

/// A real ZooKeeper and Consul, an embedded master and slave, as many embedded Marathons as wanted, each with a bridge beside it that
/// reaches it through a relay.
final class MarathonCluster: Sendable {
    let directory: TemporaryDirectory
    let zooKeeper: ZooKeeperServer
    let agent: ConsulAgent
    let consul: ConsulClient
    let relays: [EventRelay]
    private let http = HTTPClient()
    private let ports: [Int]
    private let reconcile: String
    private let processes = Mutex<[String: TestProcess]>([:])
    static let credentials = "user:word"

    /// Runs a body with a cluster; whatever runs is ended behind it.
    static func with(marathons count: Int, reconcile: String = "60s", _ body: (MarathonCluster) async throws -> Void) async throws {
        let cluster = try await MarathonCluster(count, reconcile)
        do {
            try await cluster.start()
            try await body(cluster)
        } catch {
            print(cluster.logs)
            await cluster.end()
            throw error
        }
        await cluster.end()
    }

    private init(_ count: Int, _ reconcile: String) async throws {
        self.reconcile = reconcile
        directory = try TemporaryDirectory("marathon-cluster")
        zooKeeper = try await ZooKeeperServer.start()
        agent = try await ConsulAgent.start()
        ports = try freePorts(2 + 2 * count)
        consul = ConsulClient(ConsulAddress(host: agent.http.host, port: agent.http.port), http: http)
        var relays: [EventRelay] = []
        for index in 0..<count {
            relays.append(try EventRelay(to: HostPort(host: "127.0.0.1", port: ports[2 + 2 * index]), port: ports[3 + 2 * index]))
        }
        self.relays = relays
    }

    private func spawn(_ name: String, _ argv: [String], _ environment: [String: String] = [:]) async throws {
        let process = try await TestProcess(
            argv, environment: ["PATH": "/usr/local/bin:/usr/bin:/bin"].merging(environment) { $1 }, output: directory.file("\(name).log"))
        processes.withLock { $0[name] = process }
    }

    private func start() async throws {
        let engine = try BuiltExecutable.path("embedded-engine")
        let masters = "zk://\(zooKeeper.address)/mesos"
        try await spawn(
            "master",
            [
                engine, "mesos-master", "--zk=\(masters)", "--ip=127.0.0.1", "--port=\(ports[0])", "--quorum=1",
                "--work_dir=\(directory.file("master"))",
            ])
        try await spawn(
            "slave",
            [
                engine, "mesos-slave", "--master=\(masters)", "--ip=127.0.0.1", "--port=\(ports[1])",
                "--work_dir=\(directory.file("slave"))", "--resources=cpus:8;mem:8192;disk:8192;ports:[31000-31099]",
            ])
        try directory.write("credentials", Self.credentials)
        for index in relays.indices {
            try await startMarathon(index)
            try await startBridge(index)
        }
        try await eventually(within: .seconds(60), "a leading Marathon") { await self.leader() != nil }
    }

    func startMarathon(_ index: Int) async throws {
        try await spawn(
            "marathon\(index)",
            [
                try BuiltExecutable.path("embedded-engine"), "marathon", "--master", "zk://\(zooKeeper.address)/mesos", "--zk",
                "zk://\(zooKeeper.address)/marathon", "--hostname", "127.0.0.1", "--http_address", "127.0.0.1", "--http_port",
                "\(ports[2 + 2 * index])", "--local_port_min", "11000", "--local_port_max", "11999", "--zk_session_timeout", "4000",
            ], ["MESOSPHERE_HTTP_CREDENTIALS": Self.credentials])
    }

    func startBridge(_ index: Int) async throws {
        try await spawn(
            "bridge\(index)", [try BuiltExecutable.path("marathon-consul")],
            [
                "MARATHON_CONSUL_LOCATION": "127.0.0.1:\(ports[3 + 2 * index])",
                "MARATHON_CONSUL_IDENTITY": "127.0.0.1:\(ports[2 + 2 * index])",
                "MARATHON_HTTP_CREDENTIALS_FILE": directory.file("credentials"),
                "CONSUL_HTTP_ADDR": agent.http.description, "PROBE_SOCKET": directory.file("bridge\(index).sock"), "PROBE_PORT": "0",
                // Whatever the tests see within their time came by an event.
                "MARATHON_CONSUL_RECONCILE": reconcile, "LOG_LEVEL": "debug",
            ])
    }

    func client(_ index: Int) -> MarathonClient {
        MarathonClient(
            "http://127.0.0.1:\(ports[2 + 2 * index])", authentication: .init(user: "user", password: "word"), http: http,
            timeout: .seconds(5))
    }

    /// The number of the Marathon that leads and answers.
    func leader() async -> Int? {
        for index in relays.indices {
            guard let port = try? await client(index).leader()?.port, let found = relays.indices.first(where: { ports[2 + 2 * $0] == port })
            else { continue }
            return found
        }
        return nil
    }

    /// The values below a key, by the rest of the key.
    func values(_ prefix: String = "marathon/") async throws -> [String: JSON] {
        var out: [String: JSON] = [:]
        for entry in try await consul.values(under: prefix) {
            out[String(entry.key.dropFirst(prefix.count))] = (try? JSON(parsing: entry.value)) ?? .null
        }
        return out
    }

    func process(_ name: String) -> TestProcess? { processes.withLock { $0[name] } }

    var logs: String {
        processes.withLock { $0.keys.sorted() }.map { "== \($0)\n\(directory.read("\($0).log") ?? "")" }.joined(separator: "\n")
    }

    private func end() async {
        // USR1 ends the slave together with its tasks.
        let slave = process("slave")
        slave?.signal(SIGUSR1)
        for process in processes.withLock({ Array($0.values) }) where process !== slave { await process.kill() }
        _ = await slave?.terminate()
        await zooKeeper.kill()
        await agent.kill()
    }
}
