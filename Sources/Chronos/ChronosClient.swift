public import ClusterCore
public import HTTPClient
public import JSON

/// A client of Chronos' REST API, upstream's or the embedded one's. A standby answers as the leader does.
public struct ChronosClient: Sendable {
    /// Whose API is spoken.
    public let version: ChronosVersion
    private let base: String
    private let authentication: HTTPRequest.BasicAuth?
    private let http: HTTPClient
    private let timeout: Duration

    /// Makes a client.
    /// - Parameters:
    ///   - base: scheme, host and port: `http://127.0.1.1:4400`.
    ///   - timeout: for each request.
    public init(
        _ base: String, version: ChronosVersion = .v3_0, authentication: HTTPRequest.BasicAuth? = nil, http: HTTPClient,
        timeout: Duration = .seconds(10)
    ) {
        self.base = base
        self.version = version
        self.authentication = authentication
        self.http = http
        self.timeout = timeout
    }

    /// Sends a request; the path comes behind the version's prefix.
    /// - Returns: status and body.
    /// - Throws: `ClusterError` `.unavailable` where nothing answers.
    public func request(_ method: String, _ path: String, _ body: JSON? = nil) async throws(ClusterError) -> HTTPResponse {
        var headers: HTTPHeaders = ["Accept": "application/json"]
        if body != nil { headers["Content-Type"] = "application/json" }
        let request = HTTPRequest(
            method, base + version.prefix + path, headers: headers, body: body?.bytes(), timeout: timeout, basicAuth: authentication)
        do {
            return try await http.send(request)
        } catch {
            throw ClusterError(.unavailable, "Chronos at \(base) does not answer: \(error.detail)")
        }
    }

    /// Sends a request that must succeed.
    /// - Throws: `ClusterError`: `.unavailable` where nothing answers or nobody leads, `.invalid` with Chronos' reason else.
    @discardableResult
    private func expect(_ method: String, _ path: String, _ body: JSON? = nil) async throws(ClusterError) -> HTTPResponse {
        let answer = try await request(method, path, body)
        guard !answer.isSuccess else { return answer }
        let reason = (try? JSON(parsing: answer.body))?["message"]?.string ?? answer.text
        throw ClusterError(
            answer.status == 503 ? .unavailable : .invalid, "Chronos answers \(method) \(path) with \(answer.status) \(reason.prefix(500))")
    }

    private func json(_ path: String) async throws(ClusterError) -> JSON {
        let answer = try await expect("GET", path)
        do { return try JSON(parsing: answer.body) } catch {
            throw ClusterError(.invalid, "Chronos at \(base) answers \(path) with something that is not JSON: \(error)")
        }
    }

    /// All jobs, as Chronos shows them.
    public func jobs() async throws(ClusterError) -> [JSON] { try await json("/jobs").array ?? [] }

    /// A job as Chronos shows it; nil where it has none of that name. (2.4.0 has no look at one job: it is searched in all.)
    public func job(_ name: String) async throws(ClusterError) -> JSON? { try await jobs().first { $0["name"]?.string == name } }

    /// Adds a job or replaces it, by `iso8601` or `dependency`.
    public func put(_ job: ChronosJob) async throws(ClusterError) { try await put(job.json(version)) }

    /// Adds a job or replaces it; one with parents goes to `dependency`.
    public func put(_ job: JSON) async throws(ClusterError) {
        try await expect("POST", job["parents"] == nil ? "/iso8601" : "/dependency", job)
    }

    /// Deletes a job and kills its tasks.
    public func delete(_ name: String) async throws(ClusterError) {
        try await expect("DELETE", "/job/\(PercentEncoding.component(name))")
    }

    /// Runs a job now, with arguments behind its own.
    public func run(_ name: String, arguments: String? = nil) async throws(ClusterError) {
        let query = arguments.map { PercentEncoding.query([("arguments", $0)]) } ?? ""
        try await expect("PUT", "/job/\(PercentEncoding.component(name))\(query)")
    }

    /// Who leads, as 3.0.2 tells it; nil while nobody does.
    public func leader() async throws(ClusterError) -> HostPort? {
        let answer = try await request("GET", "/leader")
        switch answer.status {
        case 200: return (try? JSON(parsing: answer.body))?["leader"]?.string.flatMap { HostPort($0) }
        case 500, 502, 503, 504: return nil
        default: throw ClusterError(.invalid, "Chronos at \(base) answers \(answer.status) to /leader: \(answer.text.prefix(200))")
        }
    }

    /// Proves that this Chronos answers HTTP, whoever leads.
    public func ping() async throws(ClusterError) {
        let request = HTTPRequest("GET", "\(base)/ping", timeout: timeout, basicAuth: authentication)
        do {
            let answer = try await http.send(request)
            guard answer.status < 500 else { throw ClusterError(.unavailable, "Chronos at \(base) answers \(answer.status) to /ping") }
        } catch let error as HTTPClientError {
            throw ClusterError(.unavailable, "Chronos at \(base) does not answer: \(error.detail)")
        } catch let error as ClusterError {
            throw error
        } catch {
            throw ClusterError(.unavailable, "Chronos at \(base) does not answer", cause: error)
        }
    }
}
