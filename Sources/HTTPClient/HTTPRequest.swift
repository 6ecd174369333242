/// A request to an HTTP/1.1 server.
public struct HTTPRequest: Sendable {
    /// `GET`, `POST` …, as it is sent.
    public var method: String
    /// `http://` or `https://` URL; its path and query must be percent-encoded already (`PercentEncoding`).
    public var url: String
    /// Sent in addition to those that HTTP needs.
    public var headers: HTTPHeaders
    /// The whole body; nil sends none.
    public var body: [UInt8]?
    /// For the whole exchange, name resolution and body included. nil: no limit, for streams and long polls.
    public var timeout: Duration?
    /// For name resolution, connecting and the TLS handshake.
    public var connectTimeout: Duration
    /// The longest time without a received byte, from the start on; nil: no limit. Doesn't count while the reader of a stream is behind.
    public var idleTimeout: Duration?
    /// User and password for HTTP basic authentication.
    public var basicAuth: BasicAuth?
    /// Path of a Unix socket to connect to in place of the URL's host.
    public var unixSocket: String?
    /// How an `https` server is verified.
    public var tls: TLS
    /// Follows up to 10 redirects; 307 and 308 repeat method and body. Credentials go to the first host and port only.
    public var followRedirects: Bool
    /// Sends the basic credentials to the hosts of redirects, too: for members of one cluster that name their leader.
    public var sendsCredentialsToRedirects: Bool
    /// Uses `http_proxy`, `https_proxy` and `no_proxy` of the environment. Off: a cluster's own traffic goes straight.
    public var usesProxyFromEnvironment: Bool
    /// The largest response body that `send` accepts, in bytes; a stream has no limit.
    public var maxBody: Int

    /// User and password. Never printed.
    public struct BasicAuth: Sendable, Hashable, CustomStringConvertible {
        /// The user; holds no colon.
        public let user: String
        /// The password.
        public let password: String
        /// Holds credentials.
        public init(user: String, password: String) {
            self.user = user
            self.password = password
        }
        /// Without the password.
        public var description: String { "\(user):***" }
    }

    /// How the server is verified, and who we say that we are.
    public struct TLS: Sendable, Hashable {
        /// PEM file of the authorities to trust, in place of the system's.
        public var caFile: String?
        /// False takes any certificate: only where an operator asks for it.
        public var verifiesPeer: Bool
        /// PEM file of our certificate, where the server wants one.
        public var certificateFile: String?
        /// PEM file of its key.
        public var keyFile: String?
        /// The system's authorities and no client certificate, unless told.
        public init(caFile: String? = nil, verifiesPeer: Bool = true, certificateFile: String? = nil, keyFile: String? = nil) {
            self.caFile = caFile
            self.verifiesPeer = verifiesPeer
            self.certificateFile = certificateFile
            self.keyFile = keyFile
        }
    }

    /// Makes a request; 30 s for all of it, 5 s to connect, unless told.
    public init(
        _ method: String = "GET", _ url: String, headers: HTTPHeaders = HTTPHeaders(), body: [UInt8]? = nil,
        timeout: Duration? = .seconds(30), connectTimeout: Duration = .seconds(5), idleTimeout: Duration? = nil,
        basicAuth: BasicAuth? = nil, unixSocket: String? = nil, tls: TLS = TLS(), followRedirects: Bool = false,
        maxBody: Int = 64 << 20
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.timeout = timeout
        self.connectTimeout = connectTimeout
        self.idleTimeout = idleTimeout
        self.basicAuth = basicAuth
        self.unixSocket = unixSocket
        self.tls = tls
        self.followRedirects = followRedirects
        self.sendsCredentialsToRedirects = false
        self.usesProxyFromEnvironment = false
        self.maxBody = maxBody
    }

    /// Method and URL without user, password and query: fit for logs and errors.
    public var summary: String {
        var text = Substring(url)
        if let query = text.firstIndex(where: { $0 == "?" || $0 == "#" }) { text = text[..<query] }
        let scheme = text.range(of: "://")
        let start = scheme?.upperBound ?? text.startIndex
        let end = text[start...].firstIndex(of: "/") ?? text.endIndex
        guard let at = text[start..<end].lastIndex(of: "@") else { return "\(method) \(text)" }
        return "\(method) \(text[..<start])\(text[text.index(after: at)...])"
    }
}

extension Substring {
    /// The first occurrence; the standard library's `firstRange(of:)` lives in the string-processing module, which binaries would carry.
    fileprivate func range(of needle: String) -> Range<Index>? {
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(needle) { return start..<index(start, offsetBy: needle.count) }
            start = index(after: start)
        }
        return nil
    }
}
