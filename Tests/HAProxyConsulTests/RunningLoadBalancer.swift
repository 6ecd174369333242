import ClusterCore
import ClusterTestKit
import Consul
import HTTPClient
import JSON

/// A running haproxy-consul.
final class RunningLoadBalancer {
    let directory: TemporaryDirectory
    let port: Int
    private var environment: [String: String]
    private(set) var process: TestProcess?

    init(consul: ConsulAgent, _ extra: [String: String] = [:]) throws {
        // Sockets have short paths.
        directory = try TemporaryDirectory("lb")
        port = try freePort()
        environment = [
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "CONSUL_HTTP_ADDR": consul.http.description,
            "HAPROXY_BIND": "127.0.0.1", "HAPROXY_PORT": "\(port)", "HAPROXY_CONFIG_DIR": directory.file("run"),
            "HAPROXY_STATE_DIR": directory.file("state"), "PROBE_SOCKET": directory.file("probe.sock"), "PROBE_PORT": "0",
        ].merging(extra) { $1 }
    }

    func start() async throws {
        process = try await TestProcess(
            [BuiltExecutable.path("haproxy-consul")], environment: environment, output: directory.file("log"))
    }

    var log: String { directory.read("log") ?? "" }

    func status(host: String, at port: Int? = nil) async -> Int? {
        await httpGet("/", port: port ?? self.port, headers: ["Host": host], timeout: .seconds(2))?.status
    }

    func waitUntil(_ host: String, answers wanted: Int, at port: Int? = nil) async throws {
        do {
            try await eventually(within: .seconds(40), "\(host) answers \(wanted)") { await status(host: host, at: port) == wanted }
        } catch {
            throw Failure(description: "\(error)\n\(log.suffix(3000))")
        }
    }

    func document() async throws -> JSON {
        let response = try await HTTPClient().send(HTTPRequest("GET", "http://probe/status", unixSocket: directory.file("probe.sock")))
        return try JSON(parsing: response.body)["status"] ?? .null
    }
}

private struct Failure: Error, CustomStringConvertible { let description: String }

/// A service in the published group.
func service(_ id: String, port: Int, _ meta: [String: String]) -> ServiceRegistration {
    ServiceRegistration(id: id, name: id, port: port, meta: ["HAPROXY_GROUP": "external"].merging(meta) { $1 })
}

/// A client of a test's Consul.
func client(_ agent: ConsulAgent) -> ConsulClient {
    ConsulClient(ConsulAddress(host: agent.http.host, port: agent.http.port), http: HTTPClient())
}
