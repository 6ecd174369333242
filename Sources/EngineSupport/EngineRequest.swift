public import JSON

/// Names of HTTP headers compare without case; several values of a name are kept.
public struct HTTPHeaders: Sendable, Hashable, ExpressibleByDictionaryLiteral {
    /// Name and value, in their order.
    public private(set) var items: [Item] = []

    /// One header.
    public struct Item: Sendable, Hashable {
        /// The name as it was written.
        public let name: String
        /// The value.
        public let value: String
    }

    /// Makes headers.
    public init(_ pairs: some Sequence<(String, String)> = []) {
        for (name, value) in pairs { add(name, value) }
    }
    /// Makes headers.
    public init(dictionaryLiteral elements: (String, String)...) { self.init(elements) }

    /// The first value of a name. Setting replaces all values, nil removes them.
    public subscript(name: String) -> String? {
        get { items.first { Self.isSame($0.name, name) }?.value }
        set {
            items.removeAll { Self.isSame($0.name, name) }
            if let newValue { add(name, newValue) }
        }
    }
    /// All values of a name.
    public func values(_ name: String) -> [String] { items.filter { Self.isSame($0.name, name) }.map(\.value) }
    /// Appends one.
    public mutating func add(_ name: String, _ value: String) { items.append(Item(name: name, value: value)) }

    private static func isSame(_ left: String, _ right: String) -> Bool { left.lowercased() == right.lowercased() }
}

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
            return (PercentEncoding.decode(parts[0], plusIsSpace: true), parts.count < 2 ? "" : PercentEncoding.decode(parts[1], plusIsSpace: true))
        }
    }
}

/// Percent encoding of URLs (RFC 3986).
public enum PercentEncoding {
    /// Decodes; what is no valid escape stays as it is.
    public static func decode(_ text: some StringProtocol, plusIsSpace: Bool = false) -> String {
        let bytes = Array(text.utf8)
        var out: [UInt8] = []
        var index = 0
        while index < bytes.count {
            if bytes[index] == UInt8(ascii: "%"), index + 2 < bytes.count, let high = digit(bytes[index + 1]),
                let low = digit(bytes[index + 2])
            {
                out.append(high << 4 | low)
                index += 3
            } else {
                out.append(plusIsSpace && bytes[index] == UInt8(ascii: "+") ? UInt8(ascii: " ") : bytes[index])
                index += 1
            }
        }
        return String(decoding: out, as: UTF8.self)
    }

    /// Encodes all but RFC 3986's unreserved characters and those of `keeping`.
    public static func encode(_ text: some StringProtocol, keeping: String = "") -> String {
        let plain = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~\(keeping)".utf8)
        var out = ""
        for byte in text.utf8 {
            if plain.contains(byte) {
                out.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                let hexadecimal = String(byte, radix: 16, uppercase: true)
                out += byte < 16 ? "%0\(hexadecimal)" : "%\(hexadecimal)"
            }
        }
        return out
    }

    private static func digit(_ byte: UInt8) -> UInt8? { Character(Unicode.Scalar(byte)).hexDigitValue.map { UInt8($0) } }
}
