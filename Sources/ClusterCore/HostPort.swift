/// A network endpoint: host name or literal address, and a TCP or UDP port.
public struct HostPort: Sendable, Hashable, CustomStringConvertible {
    /// Host name, IPv4 address, or IPv6 address without brackets. Not empty.
    public let host: String
    /// 1–65535.
    public let port: Int

    /// Makes an endpoint.
    public init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    /// Reads `host:port`, `[v6]:port`, or, where a default port is given, `host` alone.
    /// - Returns: nil where the text has another form or the port is outside 1–65535.
    public init?(_ text: some StringProtocol, defaultPort: Int? = nil) {
        var host = String(text)
        var port = defaultPort
        if host.hasPrefix("[") {
            guard let end = host.firstIndex(of: "]") else { return nil }
            let rest = host[host.index(after: end)...]
            if !rest.isEmpty {
                guard rest.hasPrefix(":"), let number = Int(rest.dropFirst()) else { return nil }
                port = number
            }
            host = String(host[host.index(after: host.startIndex)..<end])
        } else if let colon = host.lastIndex(of: ":"), host.firstIndex(of: ":") == colon {
            guard let number = Int(host[host.index(after: colon)...]) else { return nil }
            port = number
            host = String(host[..<colon])
        }
        guard !host.isEmpty, !host.contains(where: { $0.isWhitespace || $0 == "/" || $0 == "@" || $0 == "," }) else { return nil }
        guard let port, (1...65535).contains(port) else { return nil }
        self.host = host
        self.port = port
    }

    /// `host:port`, an IPv6 address in brackets.
    public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}
