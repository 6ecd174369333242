import ClusterCore
import ClusterTestKit
import HTTPClient
import Logging
import Testing
import ZooKeeper

@testable import ChronosScheduler

/// Against a real ZooKeeper: with a user and password everything that Chronos makes there is its own.
@Suite(.timeLimit(.minutes(1))) struct ChronosCredentialsTests {
    private let http = HTTPClient()

    private func serving(_ zooKeeper: HostPort, _ auth: String, _ body: (Int) async throws -> Void) async throws {
        let port = try freePort()
        let options = try ChronosOptions(
            [
                "--master", "127.0.0.1:9", "--zk_hosts", "\(zooKeeper)", "--zk_auth", auth, "--hostname", "127.0.0.1", "--http_address",
                "127.0.0.1", "--http_port", "\(port)",
            ], environment: [:], hostname: "127.0.0.1", user: "nobody")
        let node = ChronosNode(options: options, logger: Logger(label: "chronos") { _ in SwiftLogNoOpLogHandler() })
        let running = Task { try await node.run() }
        try await eventually("Chronos leads") {
            try await http.send(HTTPRequest("GET", "http://127.0.0.1:\(port)/v1/scheduler/leader", timeout: .seconds(5))).status == 200
        }
        try await body(port)
        running.cancel()
        _ = await running.result
    }

    /// True where ZooKeeper says that the credentials do not allow it.
    private func isRefused(_ body: () async throws -> Void) async -> Bool {
        do {
            try await body()
            return false
        } catch {
            return (error as? ZooKeeperError)?.code == .noAuth
        }
    }

    @Test func `its state is its own, and the next one's of the same name`() async throws {
        let zooKeeper = try await ZooKeeperServer.start()
        let directory = try TemporaryDirectory("chronos-auth")
        try Files.write("\(directory.path)/auth", Array("digest:c:s3cr3t\n".utf8), mode: 0o600)
        let auth = "file://\(directory.path)/auth"
        try await serving(zooKeeper.address, auth) { port in
            let job = Array(#"{"name":"a","command":"true","schedule":"R/2090-01-01T00:00:00Z/P1D"}"#.utf8)
            let url = "http://127.0.0.1:\(port)/v1/scheduler/iso8601"
            let answer = try await http.send(HTTPRequest("POST", url, body: job, timeout: .seconds(5)))
            #expect(answer.status == 204)
        }
        let stranger = ZooKeeperClient(url: ZooKeeperURL(servers: [zooKeeper.address], path: ""))
        try await stranger.connect()
        let state = "/chronos/state/embedded/v1"
        for path in [state, "\(state)/jobs/a", "\(state)/epoch"] {
            let isRead = await !isRefused { _ = try await stranger.get(path) }
            #expect(!isRead, "\(path) can be read")
            let isChanged = await !isRefused { _ = try await stranger.set(path, data: [1]) }
            #expect(!isChanged, "\(path) can be changed")
        }
        await stranger.close()
        try await serving(zooKeeper.address, auth) { port in
            let jobs = try await http.send(HTTPRequest("GET", "http://127.0.0.1:\(port)/v1/scheduler/jobs", timeout: .seconds(5)))
            #expect(jobs.text.contains(#""name":"a""#))
        }
    }
}
