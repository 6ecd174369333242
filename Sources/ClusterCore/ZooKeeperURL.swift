/// A ZooKeeper ensemble and a path in it, as Mesos writes it: `zk://[user:password@]host:port,host:port/path`
/// (Mesos documentation, "High-Availability Mode").
public struct ZooKeeperURL: Sendable, Hashable, CustomStringConvertible {
    /// The servers, in the order given. Never empty.
    public let servers: [HostPort]
    /// Absolute path without a trailing slash; "" for the root.
    public let path: String
    /// User and password of the digest scheme.
    public let credentials: Credentials?

    /// User and password.
    public struct Credentials: Sendable, Hashable {
        /// The user.
        public let user: String
        /// The password; a secret.
        public let password: String
        /// Makes credentials.
        public init(user: String, password: String) {
            self.user = user
            self.password = password
        }
    }

    /// Makes a URL of its parts.
    public init(servers: [HostPort], path: String, credentials: Credentials? = nil) {
        self.servers = servers
        self.path = path == "/" ? "" : path
        self.credentials = credentials
    }

    /// Reads a URL. A list of `host:port` without the scheme is taken too (Chronos' `--zk_hosts`), and the port defaults to 2181.
    /// - Throws: `ClusterError` `.invalid`, without the password.
    public init(_ text: String) throws(ClusterError) {
        var rest = text[...]
        if rest.hasPrefix("zk://") { rest = rest.dropFirst(5) }
        var path = ""
        if let slash = rest.firstIndex(of: "/") {
            path = String(rest[slash...])
            rest = rest[..<slash]
        }
        while path.hasSuffix("/") { path.removeLast() }
        var credentials: Credentials?
        if let at = rest.lastIndex(of: "@") {
            let parts = rest[..<at].split(separator: ":", maxSplits: 1)
            guard parts.count == 2 else {
                throw ClusterError(.invalid, "a ZooKeeper URL's credentials must have the form user:password@")
            }
            credentials = Credentials(user: String(parts[0]), password: String(parts[1]))
            rest = rest[rest.index(after: at)...]
        }
        var servers: [HostPort] = []
        for part in rest.split(separator: ",", omittingEmptySubsequences: false) {
            guard let server = HostPort(part, defaultPort: 2181) else {
                throw ClusterError(.invalid, "'\(part)' in a ZooKeeper URL is not host:port; expected zk://host:port,host:port/path")
            }
            servers.append(server)
        }
        guard !path.contains("//"), !path.contains(where: \.isWhitespace) else {
            throw ClusterError(.invalid, "'\(path)' is not a ZooKeeper path")
        }
        self.init(servers: servers, path: path, credentials: credentials)
    }

    /// `host:port,host:port`: what a ZooKeeper client connects to.
    public var connectString: String { servers.map(\.description).joined(separator: ",") }

    /// The URL with its password, to be given to a component in a file or its environment only.
    public var revealed: String {
        let user = credentials.map { "\($0.user):\($0.password)@" } ?? ""
        return "zk://\(user)\(connectString)\(path)"
    }

    /// The URL with the password replaced by `***`.
    public var description: String {
        let user = credentials.map { "\($0.user):***@" } ?? ""
        return "zk://\(user)\(connectString)\(path)"
    }
}
