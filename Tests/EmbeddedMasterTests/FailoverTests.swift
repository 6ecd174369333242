import ClusterCore
import ClusterTestKit
import Glibc
import JSON
import Mesos
import Testing
import ZooKeeper

/// Three masters under their wraps, on a real ZooKeeper.
@Suite(.serialized) struct FailoverTests {
    private static var products: String {
        var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let count = buffer.withUnsafeMutableBytes { $0.baseAddress.map { readlink("/proc/self/exe", $0, Int(PATH_MAX)) } ?? 0 }
        let path = String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
        return path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
    }

    private func wrap(_ number: Int, port: Int, _ zooKeeper: ZooKeeperURL, _ directory: TemporaryDirectory) async throws -> TestProcess {
        try await TestProcess(
            ["\(Self.products)/mesos-master-wrap"],
            environment: [
                "PATH": "/usr/bin:/bin", "MESOS_ZK": zooKeeper.revealed, "MESOS_IP": "127.0.0.1", "MESOS_PORT": "\(port)",
                "MESOS_MASTER_COUNT": "3", "ENGINE": "embedded", "PROBE_PORT": "0", "PROBE_SOCKET": directory.file("\(number).sock"),
                "MESOS_WORK_DIR": directory.file("work\(number)"), "MESOS_RUN_DIR": directory.file("run\(number)"),
            ], output: directory.file("log\(number)"))
    }

    /// The process id of the engine that listens on a port.
    private func engine(of wrap: TestProcess) throws -> Int32 {
        let children = try Files.text("/proc/\(wrap.pid)/task/\(wrap.pid)/children")
        if let pid = children.split(separator: " ").compactMap({ Int32($0) }).first { return pid }
        // Another thread of the wrap started it.
        for thread in try Files.list("/proc/\(wrap.pid)/task") {
            let list = try Files.text("/proc/\(wrap.pid)/task/\(thread)/children")
            if let pid = list.split(separator: " ").compactMap({ Int32($0) }).first { return pid }
        }
        throw NotFound()
    }

    private struct NotFound: Error {}

    private func leads(_ port: Int) async -> Bool {
        await httpGet("/metrics/snapshot", port: port)?.body.contains("\"master/elected\":1.0") ?? false
    }

    @Test(.timeLimit(.minutes(4))) func `the next master leads within 1,5 s of the leader's death, by kill and by stop`() async throws {
        let zooKeeper = try await ZooKeeperServer.start()
        let directory = try TemporaryDirectory("masters")
        let ports = try freePorts(3)
        let url = zooKeeper.url("/mesos")
        var wraps: [TestProcess] = []
        for (index, port) in ports.enumerated() { wraps.append(try await wrap(index, port: port, url, directory)) }
        try await eventually(within: .seconds(60), "a leader known to all") {
            for port in ports { guard await httpGet("/redirect", port: port)?.status == 307 else { return false } }
            return true
        }
        let client = ZooKeeperClient(url: url)
        try await client.connect()
        let detector = MesosLeaderDetector(client: client)
        for round in 0..<2 {
            let state = try await detector.look()
            let first = try #require(state.leader)
            let index = try #require(ports.firstIndex(of: first.port))
            #expect(await leads(first.port))
            // Round 0: the engine is killed and its wrap hands over; round 1: the wrap is told to stop.
            let clock = ContinuousClock()
            let start = clock.now
            if round == 0 { kill(try engine(of: wraps[index]), SIGKILL) } else { wraps[index].signal(SIGTERM) }
            let others = ports.filter { $0 != first.port }
            try await eventually(within: .seconds(20), "another leader") {
                for port in others { if await leads(port) { return true } }
                return false
            }
            let took = clock.now - start
            print("fail-over \(round == 0 ? "after kill -9" : "on stop"): \(took)")
            #expect(took < .milliseconds(1500))
            if round == 1 { #expect(await wraps[index].wait() == 0) }
            if round == 0 {
                // The dead one comes back as a follower.
                try await eventually(within: .seconds(60), "the killed master is back") {
                    await httpGet("/health", port: first.port)?.status == 200
                }
            }
        }
        await client.close()
        for wrap in wraps { _ = await wrap.terminate() }
        await zooKeeper.kill()
    }

    @Test(.timeLimit(.minutes(2))) func `a wrap that was killed with its engine hands over when it is started again`() async throws {
        let zooKeeper = try await ZooKeeperServer.start()
        let directory = try TemporaryDirectory("masters")
        let ports = try freePorts(3)
        let url = zooKeeper.url("/mesos")
        let first = try await wrap(0, port: ports[0], url, directory)
        try await eventually(within: .seconds(60), "the first leads") { await leads(ports[0]) }
        let second = try await wrap(1, port: ports[1], url, directory)
        try await eventually(within: .seconds(60), "the second follows") {
            await httpGet("/redirect", port: ports[1])?.status == 307
        }
        let clock = ContinuousClock()
        let start = clock.now
        await first.kill()
        let again = try await wrap(0, port: ports[0], url, directory)
        try await eventually(within: .seconds(20), "the second leads") { await leads(ports[1]) }
        let took = clock.now - start
        print("fail-over after kill -9 of wrap and engine: \(took)")
        // The session lasts 10 s.
        #expect(took < .seconds(5))
        for wrap in [again, second] { _ = await wrap.terminate() }
        await zooKeeper.kill()
    }

    @Test(.timeLimit(.minutes(2))) func `another engine's data is not touched`() async throws {
        let zooKeeper = try await ZooKeeperServer.start()
        let client = ZooKeeperClient(url: zooKeeper.url("/mesos"))
        try await client.connect()
        try await EngineMarker.upstream.claim("/mesos", in: client)
        await client.close()
        let directory = try TemporaryDirectory("master")
        let process = try await TestProcess(
            [
                "\(Self.products)/embedded-engine", "mesos-master", "--zk=\(zooKeeper.url("/mesos").revealed)", "--quorum=1",
                "--work_dir=\(directory.path)", "--ip=127.0.0.1", "--port=\(try freePort())",
            ], output: directory.file("log"))
        #expect(await process.wait() == 1)
        #expect(process.output.contains("engine upstream"))
        await zooKeeper.kill()
    }

    @Test(.timeLimit(.minutes(1))) func `a port in use and an unknown flag are one clear message each`() async throws {
        let backend = try TestHTTPBackend { _ in .init() }
        let directory = try TemporaryDirectory("master")
        func start(_ flags: [String]) async throws -> (Int32, String) {
            let output = directory.file("log\(flags.count)\(flags.last?.count ?? 0)")
            let process = try await TestProcess(
                ["\(Self.products)/embedded-engine", "mesos-master", "--registry=in_memory"] + flags, output: output)
            return (await process.wait(), process.output)
        }
        let (status, text) = try await start(["--ip=127.0.0.1", "--port=\(backend.port)"])
        #expect(status == 1 && text.contains("port \(backend.port) on 127.0.0.1 is in use"))
        let (unknown, words) = try await start(["--bogus=1"])
        #expect(unknown == 1 && words.contains("Failed to load unknown flag 'bogus'"))
        backend.stop()
    }
}
