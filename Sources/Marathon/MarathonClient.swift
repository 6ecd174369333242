public import ClusterCore
public import HTTPClient
public import JSON

/// A client of Marathon's REST API, upstream's or the embedded one's. A standby answers as the leader does.
public struct MarathonClient: Sendable {
    private let base: String
    private let authentication: HTTPRequest.BasicAuth?
    private let http: HTTPClient
    private let timeout: Duration
    private let tls: HTTPRequest.TLS

    /// Makes a client.
    /// - Parameters:
    ///   - base: scheme, host and port: `http://127.0.1.1:8080`.
    ///   - timeout: for each request.
    public init(
        _ base: String, authentication: HTTPRequest.BasicAuth? = nil, http: HTTPClient, timeout: Duration = .seconds(10),
        tls: HTTPRequest.TLS = HTTPRequest.TLS()
    ) {
        self.base = base
        self.authentication = authentication
        self.http = http
        self.timeout = timeout
        self.tls = tls
    }

    /// Sends a request.
    /// - Returns: status and body; `.null` where the body is not JSON.
    /// - Throws: `ClusterError` `.unavailable` where nothing answers.
    public func request(
        _ method: String, _ path: String, _ body: JSON? = nil
    ) async throws(ClusterError) -> (status: Int, json: JSON, text: String) {
        var headers: HTTPHeaders = ["Accept": "application/json"]
        if body != nil { headers["Content-Type"] = "application/json" }
        let request = HTTPRequest(
            method, base + path, headers: headers, body: body?.bytes(), timeout: timeout, basicAuth: authentication, tls: tls)
        do {
            let response = try await http.send(request)
            return (response.status, (try? JSON(parsing: response.body)) ?? .null, response.text)
        } catch {
            throw ClusterError(.unavailable, "Marathon at \(base) does not answer: \(error.detail)")
        }
    }

    /// Sends a request that must succeed.
    /// - Throws: `ClusterError`: `.unavailable` where nothing answers, `.notFound`, `.conflict` where deployments are in the way, `.invalid`
    ///   with Marathon's reasons else.
    @discardableResult
    public func expect(_ method: String, _ path: String, _ body: JSON? = nil) async throws(ClusterError) -> JSON {
        let (status, json, text) = try await request(method, path, body)
        guard !(200..<300).contains(status) else { return json }
        let reason = json["details"].map { "\(json["message"]?.string ?? ""): \($0.text())" } ?? json["message"]?.string ?? text
        let code: ClusterError.Code =
            switch status {
            case 404: .notFound
            case 409: .conflict
            default: .invalid
            }
        throw ClusterError(code, "Marathon answers \(method) \(path) with \(status) \(reason)")
    }

    /// Who leads; nil while nobody does.
    public func leader() async throws(ClusterError) -> HostPort? {
        let (status, json, text) = try await request("GET", "/v2/leader")
        switch status {
        case 200: return json["leader"]?.string.flatMap { HostPort($0) }
        case 404, 503, 502: return nil
        default: throw ClusterError(.invalid, "Marathon at \(base) answers \(status) to /v2/leader: \(text.prefix(200))")
        }
    }

    /// Proves that the leader answers.
    public func ping() async throws(ClusterError) { try await expect("GET", "/ping") }

    /// `/v2/info`
    public func info() async throws(ClusterError) -> JSON { try await expect("GET", "/v2/info") }

    /// All apps, as Marathon shows them.
    public func apps(embed: [String] = []) async throws(ClusterError) -> [JSON] {
        let query = embed.isEmpty ? "" : "?" + embed.map { "embed=\($0)" }.joined(separator: "&")
        return try await expect("GET", "/v2/apps\(query)")["apps"]?.array ?? []
    }

    /// One app; nil where it does not exist.
    public func app(_ id: PathID) async throws(ClusterError) -> JSON? {
        do { return try await expect("GET", "/v2/apps/\(id)")["app"] } catch {
            guard error.code == .notFound else { throw error }
            return nil
        }
    }

    /// Deployments under way.
    public func deployments() async throws(ClusterError) -> [JSON] { try await expect("GET", "/v2/deployments").array ?? [] }

    /// Creates an app or replaces the fields that are given.
    public func put(_ app: JSON, id: PathID, force: Bool = false) async throws(ClusterError) {
        try await expect("PUT", "/v2/apps/\(id)\(force ? "?force=true" : "")", app)
    }

    /// Opens the event stream.
    /// - Returns: a response whose status is 200 and whose body is a `text/event-stream`.
    public func events(types: [String] = []) async throws(ClusterError) -> HTTPStream {
        let query = types.isEmpty ? "" : "?" + types.map { "event_type=\($0)" }.joined(separator: "&")
        let request = HTTPRequest(
            "GET", "\(base)/v2/events\(query)", headers: ["Accept": "text/event-stream"], timeout: nil, basicAuth: authentication, tls: tls)
        do {
            let stream = try await http.stream(request)
            guard stream.status == 200 else {
                throw ClusterError(.unavailable, "Marathon at \(base) answers \(stream.status) to /v2/events")
            }
            return stream
        } catch let error as HTTPClientError {
            throw ClusterError(.unavailable, "Marathon at \(base) does not answer: \(error.detail)")
        } catch {
            throw ClusterError(.unavailable, "Marathon's events can't be read", cause: error)
        }
    }
}
