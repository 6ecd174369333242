/// Why a request has no response.
public struct HTTPClientError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What kind of failure it was.
    public enum Kind: String, Sendable, Hashable {
        /// The URL or another part of the request is malformed; it was not sent.
        case badRequest
        /// The host's name has no address.
        case unresolved
        /// Nothing listens on that port.
        case refused
        /// There is no way to that host, or the connection could not be made for another reason than `refused`.
        case unreachable
        /// Connecting, the whole exchange, or the silence took longer than allowed.
        case timeout
        /// The TLS handshake failed, or the certificate is not trusted.
        case tls
        /// The connection ended before the response did; the server may or may not have acted.
        case disconnected
        /// The answer is not HTTP, or redirects without end.
        case badResponse
        /// The body is larger than `maxBody`.
        case tooLarge
        /// The task was cancelled, or the client was closed.
        case aborted
        /// Anything else, such as no memory.
        case other
    }

    /// What kind of failure it was.
    public let kind: Kind
    /// The request, without secrets.
    public let request: String
    /// What libcurl says.
    public let detail: String

    /// Describes a failure.
    public init(_ kind: Kind, request: String, detail: String) {
        self.kind = kind
        self.request = request
        self.detail = detail
    }

    /// Request and reason in one line.
    public var description: String { "\(request): \(detail)" }
}
