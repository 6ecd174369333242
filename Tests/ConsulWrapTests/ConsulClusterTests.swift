import ClusterCore
import ClusterTestKit
import Consul
import HTTPClient
import Testing

/// The executable with real Consul servers on addresses of one host, with standard ports.
@Suite(.timeLimit(.minutes(4))) struct ConsulClusterTests {
    private final class Node {
        let address: String
        private let directory: TemporaryDirectory
        private let environment: [String: String]
        private(set) var process: TestProcess?

        init(_ name: String, _ address: String, mode: String, servers: [String]) throws {
            self.address = address
            directory = try TemporaryDirectory("consul")
            environment = [
                "PATH": "/usr/local/bin:/usr/bin:/bin", "CONSUL_BINARY": try ConsulAgent.binary(), "CONSUL_MODE": mode,
                "CONSUL_SERVERS": servers.joined(separator: ","), "NODE_ADDRESS": address, "NODE_NAME": name,
                "CONSUL_DATA_DIR": directory.file("data"), "CONSUL_CONFIG_FILE": directory.file("agent.json"),
                "CONSUL_GOSSIP_KEY": "pUqJrVyVRj5jsiYEkM/tFQYfWyJIv4s3XkvDwy7Cu5s=", "PROBE_SOCKET": directory.file("probe.sock"),
                "PROBE_PORT": "0",
            ]
        }

        func start() async throws {
            process = try await TestProcess(
                [BuiltExecutable.path("consul-wrap")], environment: environment, output: directory.file("log"))
        }

        func probe(_ path: String) async -> HTTPResponse? {
            try? await HTTPClient().send(HTTPRequest("GET", "http://probe\(path)", unixSocket: directory.file("probe.sock")))
        }

        var isLeader: Bool { get async { await probe("/role")?.text.contains("\"leader\"") ?? false } }
        var isReady: Bool { get async { await probe("/ready")?.status == 200 } }
        var nodeID: String? { directory.read("data/node-id") }
        var log: String { directory.read("log") ?? "" }
    }

    @Test func threeServersFormElectAnewAndKeepTheirIdentity() async throws {
        let network = try LoopbackNetwork()
        let servers = (1...3).map { network.host($0) }
        var nodes: [Node] = []
        for (index, address) in servers.enumerated() {
            nodes.append(try Node("server-\(index)", address, mode: "server", servers: servers))
        }
        nodes.append(try Node("agent", network.host(9), mode: "agent", servers: servers))
        for node in nodes { try await node.start() }
        for node in nodes { try await eventually(within: .seconds(90), "\(node.address) is ready") { await node.isReady } }

        let leader = try await eventuallyValue("a leader") { () async -> Int? in
            for index in 0..<3 where await nodes[index].isLeader { return index }
            return nil
        }
        let others = (0..<3).filter { $0 != leader }
        let client = ConsulClient(ConsulAddress(host: nodes[others[0]].address), http: HTTPClient())
        let nodeID = try #require(nodes[leader].nodeID)
        await nodes[leader].process?.terminate(grace: .seconds(30))
        try await eventually(within: .seconds(60), "another leads") {
            let now = try await client.leader()
            return now != nil && now != "\(nodes[leader].address):8300"
        }
        // It was only stopped: the raft still counts it.
        #expect(try await client.peers().count == 3)
        try await nodes[leader].start()
        try await eventually(within: .seconds(60), "it is back") { await nodes[leader].isReady }
        #expect(nodes[leader].nodeID == nodeID)
        #expect(try await client.peers().count == 3)
        for node in nodes { await node.process?.terminate(grace: .seconds(30)) }
        #expect(!nodes.contains { $0.log.contains("pUqJrVyVRj5j") })
    }
}
