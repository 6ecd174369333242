/// How a service wants to be served, beside its host names and ports. All of it is fixed in HAProxy's configuration.
struct ServiceOptions: Hashable {
    /// Algorithms that take servers at run time (management guide, "add server"); `source` and `uri` with consistent hashing.
    enum Balance: String, CaseIterable {
        case roundrobin, leastconn, first, random, source, uri

        /// True where a change of the servers must move as few clients as possible.
        var isHash: Bool { self == .source || self == .uri }
    }

    var balance = Balance.roundrobin
    /// True where a client stays with its server by a cookie.
    var isSticky = false
    /// True where requests by host name that came without TLS are sent to HTTPS.
    var redirectsToHTTPS = false
    /// Name of the PEM file with which its own ports speak TLS.
    var certificate: String?
    /// Requests (or connections, in TCP) at the same time, over all of its servers.
    var maxConnections: Int?
    /// Requests (or new connections, in TCP) a second of one client address.
    var rateLimit: Int?
    /// True where its servers are told that the client came by HTTPS, whatever it used here.
    var claimsHTTPS = false
    /// Free lines of its backend, and of the frontends of its own ports: only where the operator allows them.
    var backendHead: [String] = []
    var frontendHead: [String] = []

    var hasHead: Bool { !backendHead.isEmpty || !frontendHead.isEmpty }
}
