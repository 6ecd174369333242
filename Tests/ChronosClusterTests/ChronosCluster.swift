import Chronos
import ClusterCore
import ClusterTestKit
import Glibc
import HTTPClient
import JSON
import Synchronization

/// A real ZooKeeper, an embedded master and slave, and as many embedded Chronos as wanted, each a process of its own.
final class ChronosCluster: Sendable {
    let directory: TemporaryDirectory
    let zooKeeper: ZooKeeperServer
    let http = HTTPClient()
    private let ports: [Int]
    private let processes = Mutex<[String: TestProcess]>([:])

    /// Runs a body with a cluster; whatever runs is ended behind it.
    static func with(chronos count: Int, _ body: (ChronosCluster) async throws -> Void) async throws {
        let cluster = try await ChronosCluster(count)
        do {
            try await cluster.start(count)
            try await body(cluster)
        } catch {
            print(cluster.logs)
            await cluster.end()
            throw error
        }
        await cluster.end()
    }

    private init(_ count: Int) async throws {
        directory = try TemporaryDirectory("chronos-cluster")
        zooKeeper = try await ZooKeeperServer.start()
        ports = try freePorts(2 + count)
    }

    private var engine: String {
        var buffer = [CChar](repeating: 0, count: 4096)
        let count = readlink("/proc/self/exe", &buffer, buffer.count)
        let own = String(decoding: buffer[..<max(0, count)].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return own.split(separator: "/").dropLast().map { "/\($0)" }.joined() + "/embedded-engine"
    }

    private func spawn(_ name: String, _ words: [String]) async throws {
        let process = try await TestProcess(
            [engine] + words, environment: ["PATH": "/usr/local/bin:/usr/bin:/bin"], output: directory.file("\(name).log"))
        processes.withLock { $0[name] = process }
    }

    private func start(_ count: Int) async throws {
        let masters = "zk://\(zooKeeper.address)/mesos"
        try await spawn(
            "master",
            [
                "mesos-master", "--zk=\(masters)", "--ip=127.0.0.1", "--port=\(ports[0])", "--quorum=1",
                "--work_dir=\(directory.file("master"))",
            ])
        try await spawn(
            "slave",
            [
                "mesos-slave", "--master=\(masters)", "--ip=127.0.0.1", "--port=\(ports[1])", "--work_dir=\(directory.file("slave"))",
                "--resources=cpus:8;mem:8192;disk:8192;ports:[31000-31099]", "--attributes=rack:r1",
            ])
        for index in 0..<count { try await startChronos(index) }
        try await eventually(within: .seconds(90), "a leading Chronos") { try await self.leader() != nil }
    }

    func startChronos(_ index: Int) async throws {
        try await spawn(
            "chronos\(index)",
            [
                "chronos", "--master", "zk://\(zooKeeper.address)/mesos", "--zk_hosts", "\(zooKeeper.address)", "--zk_path",
                "/chronos/state", "--hostname", "127.0.0.1", "--http_address", "127.0.0.1", "--http_port", "\(ports[2 + index])",
                "--zk_timeout", "2000", "--failure_retry", "500",
            ])
    }

    func client(_ index: Int) -> ChronosClient { ChronosClient("http://127.0.0.1:\(ports[2 + index])", http: http, timeout: .seconds(5)) }

    /// The number of the Chronos that leads and answers.
    func leader() async throws -> Int? {
        for index in 0..<(ports.count - 2) {
            guard let leader = try? await client(index).leader(), let found = ports.firstIndex(of: leader.port) else { continue }
            if (try? await client(found - 2).leader()) == leader { return found - 2 }
        }
        return nil
    }

    func kill(_ name: String) async { await processes.withLock { $0[name] }?.kill() }

    var logs: String {
        processes.withLock { $0.keys.sorted() }.map { "== \($0)\n\(directory.read("\($0).log") ?? "")" }.joined(separator: "\n")
    }

    private func end() async {
        // USR1 ends the slave together with its tasks.
        let slave = processes.withLock { $0["slave"] }
        slave?.signal(SIGUSR1)
        for process in processes.withLock({ Array($0.values) }) where process !== slave { await process.kill() }
        _ = await slave?.terminate()
        await zooKeeper.kill()
    }
}
