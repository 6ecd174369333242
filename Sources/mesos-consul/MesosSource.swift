import ClusterCore
import HTTPClient
import JSON

/// Reads a master: the event stream of its operator API, or its `/state` where it has none (0.28).
struct MesosSource: Sendable {
    let master: HostPort
    let basicAuth: HTTPRequest.BasicAuth?
    let http: HTTPClient

    /// The master has no event stream.
    struct NoEvents: Error {}

    /// The longest silence of a stream: three heartbeats (15 s each since 1.5).
    static let silence = Duration.seconds(46)

    /// Follows the events.
    /// - Throws: `NoEvents`; `ClusterError` once the stream has ended.
    func follow(_ take: @Sendable (OperatorEvent) async -> Void) async throws {
        let request = HTTPRequest(
            "POST", "http://\(master)/api/v1", headers: ["Content-Type": "application/json", "Accept": "application/json"],
            body: JSON.members(["type": "SUBSCRIBE"]).bytes(), timeout: nil, idleTimeout: Self.silence, basicAuth: basicAuth)
        let stream: HTTPStream
        do {
            stream = try await http.stream(request)
        } catch {
            throw ClusterError(.unavailable, "the Mesos master \(master) does not answer", cause: error)
        }
        switch stream.status {
        case 200: break
        case 404, 405, 501: throw NoEvents()
        default: throw ClusterError(.unavailable, "the Mesos master \(master) answers \(stream.status) to SUBSCRIBE")
        }
        var decoder = RecordIODecoder(maxRecord: 512 << 20)
        for try await bytes in stream {
            for record in try decoder.feed(bytes) { await take(try OperatorEvent(json: JSON(parsing: record))) }
        }
        throw ClusterError(.unavailable, "the Mesos master \(master) has ended the event stream")
    }

    /// Asks for everything once.
    func state() async throws -> MesosState {
        let request = HTTPRequest("GET", "http://\(master)/state", timeout: .seconds(10), basicAuth: basicAuth)
        let response = try await http.send(request)
        guard response.status == 200 else {
            throw ClusterError(.unavailable, "the Mesos master \(master) answers \(response.status) to /state")
        }
        return try MesosState(json: JSON(parsing: response.body))
    }
}
