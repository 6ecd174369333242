public import HTTPClient
public import JSON

/// A request to an engine's HTTP server, its body read to the end.
public struct EngineRequest: Sendable {
    /// `GET`, in capitals.
    public var method: String
    /// Path and query as they came: `/v2/apps//web?embed=apps.tasks`.
    public var target: String
    /// The path's part of `target`, not decoded.
    public var path: String
    /// The query's pairs, decoded, in their order.
    public var query: [(name: String, value: String)]
    /// The headers.
    public var headers: HTTPHeaders
    /// The body.
    public var body: [UInt8]
    /// The client's address, where it is known.
    public var peer: String?
    /// What the route's pattern captured, decoded.
    public var captures: [String: String] = [:]
    /// Who it is, once `BasicAuthentication` let it pass.
    public var principal: String?

    /// Makes a request; also for tests.
    public init(method: String, target: String, headers: HTTPHeaders = [:], body: [UInt8] = [], peer: String? = nil) {
        self.method = method
        self.target = target
        self.headers = headers
        self.body = body
        self.peer = peer
        let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        path = String(parts[0])
        query = parts.count < 2 ? [] : Self.parseQuery(parts[1])
    }

    /// The first value of a query's name.
    public func query(_ name: String) -> String? { query.first { $0.name == name }?.value }
    /// All values of a query's name.
    public func queryValues(_ name: String) -> [String] { query.filter { $0.name == name }.map(\.value) }

    /// Reads the body as JSON.
    public func json() throws(JSONParseError) -> JSON { try JSON(parsing: body) }

    /// Reads the body as an HTML form (`a=1&b=2`).
    public func form() -> [(name: String, value: String)] { Self.parseQuery(String(decoding: body, as: UTF8.self)[...]) }

    static func parseQuery(_ text: some StringProtocol) -> [(name: String, value: String)] {
        text.split(separator: "&").map { pair in
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return (decode(parts[0]), parts.count < 2 ? "" : decode(parts[1]))
        }
    }

    /// In queries and forms `+` is a space.
    private static func decode(_ text: some StringProtocol) -> String {
        PercentEncoding.decode(String(text.map { $0 == "+" ? " " : $0 }))
    }
}
