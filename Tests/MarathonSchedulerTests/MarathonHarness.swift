import ClusterCore
import ClusterTestKit
import HTTPClient
import JSON
import Logging
@testable import MarathonScheduler

/// A Marathon in this process, on a free port of the loopback.
final class MarathonHarness: Sendable {
    let port: Int
    let task: Task<Void, any Error>
    private let http = HTTPClient()

    /// - Parameter credentials: `user:password@`, who it is in ZooKeeper.
    init(zooKeeper: HostPort, credentials: String = "", arguments: [String] = [], environment: [String: String] = [:]) throws {
        port = try freePort()
        let options = try MarathonOptions(
            [
                "--master", "zk://\(zooKeeper)/mesos", "--zk", "zk://\(credentials)\(zooKeeper)/marathon", "--hostname", "127.0.0.1",
                "--http_address",
                "127.0.0.1", "--http_port", "\(port)", "--local_port_min", "11000", "--local_port_max", "11999", "--zk_session_timeout",
                "12000",
            ] + arguments, environment: environment, hostname: "127.0.0.1")
        var logger = Logger(label: "marathon-\(port)")
        logger.logLevel = .error
        let node = MarathonNode(options: options, logger: logger)
        task = Task {
            do { try await node.run() } catch {
                if !(error is CancellationError) { logger.error("ended: \(error)") }
                throw error
            }
        }
    }

    func stop() async {
        task.cancel()
        _ = await task.result
    }

    struct Answer: Sendable {
        let status: Int
        let headers: HTTPHeaders
        let text: String
        var json: JSON { (try? JSON(parsing: text)) ?? .null }
    }

    @discardableResult
    func request(_ method: String, _ path: String, _ body: JSON? = nil, headers: HTTPHeaders = [:]) async throws -> Answer {
        var headers = headers
        if body != nil { headers["Content-Type"] = "application/json" }
        let response = try await http.send(
            HTTPRequest(method, "http://127.0.0.1:\(port)\(path)", headers: headers, body: body?.bytes(), timeout: .seconds(20)))
        return Answer(status: response.status, headers: response.headers, text: response.text)
    }

    func get(_ path: String) async throws -> JSON { try await request("GET", path).json }

    func stream(_ path: String) async throws -> HTTPStream {
        try await http.stream(HTTPRequest("GET", "http://127.0.0.1:\(port)\(path)", timeout: nil))
    }

    func waitUntilServing() async throws {
        try await eventually("Marathon serves") { try await self.request("GET", "/v2/info").status == 200 }
    }

    func waitForDeployments() async throws {
        try await eventually("deployments end") { try await self.get("/v2/deployments") == [] }
    }
}
