public import ClusterCore

/// Where a Consul agent answers, and how we prove who we are.
public struct ConsulAddress: Sendable, Hashable, CustomStringConvertible {
    /// `http` or `https`.
    public let scheme: String
    /// Host and port; of a Unix socket, a placeholder.
    public let endpoint: HostPort
    /// Path of the agent's Unix socket, where it listens on one.
    public let unixSocket: String?

    /// An agent's HTTP address.
    public init(host: String, port: Int = 8500, isTLS: Bool = false) {
        scheme = isTLS ? "https" : "http"
        endpoint = HostPort(host: host, port: port)
        unixSocket = nil
    }

    /// Reads what `CONSUL_HTTP_ADDR` may hold: `host:port`, `host`, `http://…`, `https://…` or `unix:///path`.
    public init?(_ text: String) {
        if text.hasPrefix("unix://") {
            let path = String(text.dropFirst("unix://".count))
            guard path.hasPrefix("/") else { return nil }
            scheme = "http"
            endpoint = HostPort(host: "localhost", port: 80)
            unixSocket = path
            return
        }
        var rest = Substring(text)
        var isTLS = false
        if rest.hasPrefix("https://") {
            isTLS = true
            rest = rest.dropFirst("https://".count)
        } else if rest.hasPrefix("http://") {
            rest = rest.dropFirst("http://".count)
        }
        if rest.hasSuffix("/") { rest = rest.dropLast() }
        guard let endpoint = HostPort(rest, defaultPort: isTLS ? 8501 : 8500) else { return nil }
        scheme = isTLS ? "https" : "http"
        self.endpoint = endpoint
        unixSocket = nil
    }

    /// As `CONSUL_HTTP_ADDR` would hold it.
    public var description: String { unixSocket.map { "unix://\($0)" } ?? "\(scheme)://\(endpoint)" }
}
