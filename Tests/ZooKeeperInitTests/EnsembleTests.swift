import ClusterCore
import ClusterTestKit
import Glibc
import Testing
import ZooKeeper

/// Three real entrypoints on loopback addresses, each with its server.
@Suite(.serialized) struct EnsembleTests {
    struct Node {
        let address: String
        let directory: TemporaryDirectory
        let environment: [String: String]

        init(_ index: Int, _ network: LoopbackNetwork) throws {
            address = network.host(index)
            directory = try TemporaryDirectory("zookeeper-init-\(index)")
            environment = [
                "PATH": "/usr/local/bin:/usr/bin:/bin", "SERVERS": (1...3).map(network.host).joined(separator: ","),
                "NODE_ADDRESS": address,
                "ZOO_DATA_DIR": directory.file("data"), "ZOO_CONF_DIR": directory.file("conf"),
                "PROBE_SOCKET": directory.file("probe.sock"),
                "ZOO_HEAP_SIZE": "64", "ZOO_TICK_TIME": "500ms", "ZOO_JVM_FLAGS": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
            ]
        }

        func start() async throws -> TestProcess {
            try await TestProcess([BuiltExecutable.path("zookeeper-init")], environment: environment, output: directory.file("log"))
        }

        func ask(_ arguments: String...) async throws -> (code: Int32, text: String) {
            let output = directory.file("answer-\(UInt32.random(in: 0 ... .max))")
            let process = try await TestProcess(
                [BuiltExecutable.path("zookeeper-init")] + arguments, environment: environment, output: output)
            return (await process.wait(), process.output)
        }

        var client: HostPort { HostPort(host: address, port: 2181) }
    }

    @Test(.timeLimit(.minutes(3))) func threeNodesFormAnEnsembleThatOutlivesOneOfThem() async throws {
        let network = try LoopbackNetwork()
        let nodes = try (1...3).map { try Node($0, network) }
        var processes: [TestProcess] = []
        for node in nodes { processes.append(try await node.start()) }
        for (index, node) in nodes.enumerated() {
            do {
                try await eventually(within: .seconds(60), "node \(index + 1)") { try await node.ask("health", "--ready").code == 0 }
            } catch {
                Issue.record("\(error)\n\(node.directory.read("log") ?? "")")
            }
        }
        let roles = try await [
            nodes[0].ask("health", "--role").text, nodes[1].ask("health", "--role").text, nodes[2].ask("health", "--role").text,
        ]
        #expect(roles.count { $0 == "leader\n" } == 1 && roles.count { $0.hasPrefix("standby: leader is 127.") } == 2, "\(roles)")

        let client = ZooKeeperClient(servers: nodes.map(\.client))
        try await client.connect()
        try await client.create("/kept", data: [1])
        // The leader's entrypoint is killed without a chance to clean up; its server must not outlive it.
        let leader = try #require(roles.firstIndex(of: "leader\n"))
        await processes[leader].kill()
        try await eventually("its server is gone") { !accepts(2181, on: nodes[leader].address) }
        try await eventually("a write to the two that are left") {
            try await client.set("/kept", data: [2])
            return true
        }
        let majority = await EnsembleStatus.ask(nodes.map(\.client))
        #expect(majority.description == "2 of 3 ZooKeeper servers answer; \(nodes[leader].client) refused")

        processes[leader] = try await nodes[leader].start()
        try await eventually(within: .seconds(60), "it is back") { try await nodes[leader].ask("health", "--ready").code == 0 }
        let returned = ZooKeeperClient(servers: [nodes[leader].client])
        try await returned.connect()
        try await eventually("it has caught up") { try await returned.get("/kept").data == [2] }
        await client.close()
        await returned.close()

        let began = ContinuousClock.now
        for process in processes { process.signal(SIGTERM) }
        for process in processes { #expect(await process.wait() == 143) }
        #expect(ContinuousClock.now - began < .seconds(8))
    }

    @Test(.timeLimit(.minutes(1))) func whatCannotStartSaysWhyAndLeavesNothing() async throws {
        let network = try LoopbackNetwork()
        let node = try Node(1, network)
        // A port in use.
        let other = try TestHTTPBackend(port: 2181, on: node.address) { _ in .init() }
        var process = try await node.start()
        #expect(await process.wait() == 78)
        #expect(
            process.output.contains("\(node.address):2181 is in use by another process: end it, or choose another port (ZOO_CLIENT_PORT)"))
        other.stop()
        #expect(node.directory.read("data/myid") == nil)

        // No JVM.
        var environment = node.environment
        environment["JAVA_HOME"] = "/nonexistent"
        process = try await TestProcess(
            [BuiltExecutable.path("zookeeper-init")], environment: environment, output: node.directory.file("log-java"))
        #expect(await process.wait() == 78)
        #expect(process.output.contains("there is no Java"))

        // An id that is not the data directory's.
        try node.directory.write("data/myid", "2\n")
        process = try await node.start()
        #expect(await process.wait() == 78)
        #expect(process.output.contains("but its data directory is that of member 2"))
        #expect(node.directory.read("data/myid") == "2\n")

        // A member whose name never resolves.
        environment = node.environment
        environment["SERVERS"] = "\(node.address),nobody.invalid,\(network.host(3))"
        environment["START_DEADLINE"] = "300ms"
        environment["ZOO_DATA_DIR"] = node.directory.file("data2")
        process = try await TestProcess(
            [BuiltExecutable.path("zookeeper-init")], environment: environment, output: node.directory.file("log-name"))
        #expect(await process.wait() == 69)
        #expect(process.output.contains("nobody.invalid does not resolve"))
    }
}
