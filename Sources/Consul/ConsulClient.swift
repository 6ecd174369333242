import ClusterCore
public import HTTPClient
import JSON

/// Consul's HTTP API v1 as far as the cluster uses it (written against 1.8; later versions answer the same).
public struct ConsulClient: Sendable {
    /// The agent.
    public let address: ConsulAddress
    let http: HTTPClient
    let token: String?
    let tls: HTTPRequest.TLS

    /// Makes a client.
    /// - Parameters:
    ///   - token: ACL token, sent as a header and never logged.
    ///   - tls: how an `https` agent is verified.
    public init(_ address: ConsulAddress, http: HTTPClient, token: String? = nil, tls: HTTPRequest.TLS = HTTPRequest.TLS()) {
        self.address = address
        self.http = http
        self.token = token
        self.tls = tls
    }

    /// A client for another agent with the same token and TLS settings.
    public func onAgent(_ host: String, port: Int? = nil) -> ConsulClient {
        let address = ConsulAddress(host: host, port: port ?? self.address.endpoint.port, isTLS: self.address.scheme == "https")
        return ConsulClient(address, http: http, token: token, tls: tls)
    }

    /// One answer, with what blocking queries need to know.
    struct Answer {
        let body: [UInt8]
        /// `X-Consul-Index`
        let index: UInt64?
        /// `X-Consul-KnownLeader`
        let knowsLeader: Bool

        func json() throws(ClusterError) -> JSON {
            do throws(JSONParseError) {
                return try JSON(parsing: body)
            } catch {
                throw ClusterError(.invalid, "Consul's answer is not JSON", cause: error)
            }
        }
    }

    /// Sends a request. A 404 is nil, where the caller expects that a thing may be absent.
    func call(
        _ method: String, _ path: String, query: [(String, String?)] = [], body: [UInt8]? = nil, timeout: Duration = .seconds(15)
    ) async throws(ClusterError) -> Answer? {
        var request = HTTPRequest(
            method, "\(address.scheme)://\(address.endpoint)\(path)\(PercentEncoding.query(query))", body: body, timeout: timeout,
            connectTimeout: .seconds(3), unixSocket: address.unixSocket, tls: tls, maxBody: 256 << 20)
        if let token { request.headers["X-Consul-Token"] = token }
        if body != nil { request.headers["Content-Type"] = "application/json" }
        let response: HTTPResponse
        do throws(HTTPClientError) {
            response = try await http.send(request)
        } catch {
            throw ClusterError(.unavailable, "Consul at \(address) does not answer", cause: error)
        }
        switch response.status {
        case 200..<300:
            return Answer(
                body: response.body, index: response.headers["X-Consul-Index"].flatMap { UInt64($0) },
                knowsLeader: response.headers["X-Consul-KnownLeader"] != "false")
        case 404: return nil
        case 401, 403:
            throw ClusterError(.settings, "Consul at \(address) refuses \(request.summary): its ACLs want a token with more rights")
        case 429, 500...:
            throw ClusterError(.unavailable, "Consul at \(address) can't serve \(request.summary) now: \(Self.excerpt(response))")
        default:
            throw ClusterError(
                .invalid, "Consul at \(address) refuses \(request.summary) with \(response.status): \(Self.excerpt(response))")
        }
    }

    /// Like `call`, where a 404 means that the agent is of another kind.
    func require(
        _ method: String, _ path: String, query: [(String, String?)] = [], body: [UInt8]? = nil, timeout: Duration = .seconds(15)
    ) async throws(ClusterError) -> Answer {
        guard let answer = try await call(method, path, query: query, body: body, timeout: timeout) else {
            throw ClusterError(.notFound, "Consul at \(address) does not know \(method) \(path)")
        }
        return answer
    }

    private static func excerpt(_ response: HTTPResponse) -> String {
        let text = response.text.split(whereSeparator: \.isNewline).first.map(String.init) ?? "no reason given"
        return String(text.prefix(200))
    }
}

extension JSON {
    /// The members of an object, or none where Consul wrote `null`.
    var textMembers: [String: String] {
        guard let object else { return [:] }
        var out: [String: String] = [:]
        for (key, value) in object { out[key] = value.string }
        return out
    }

    /// The strings of a list, or none where Consul wrote `null`.
    var textElements: [String] { array?.compactMap(\.string) ?? [] }
}
