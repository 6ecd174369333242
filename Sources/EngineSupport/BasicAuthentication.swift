public import ClusterCore
import HTTPClient
import JSON

/// HTTP basic authentication (RFC 7617) against a fixed list.
public struct BasicAuthentication: Sendable {
    /// A user and its secret.
    public struct Credential: Sendable, Hashable {
        /// Who.
        public let principal: String
        /// The secret.
        public let secret: String
        /// Makes a credential.
        public init(principal: String, secret: String) {
            self.principal = principal
            self.secret = secret
        }
    }

    /// Named in the 401's `WWW-Authenticate`.
    public let realm: String
    private let credentials: [Credential]

    /// Lets those credentials pass.
    public init(realm: String, credentials: [Credential]) {
        self.realm = realm
        self.credentials = credentials
    }

    /// Lets one pass that is written `user:password`; nil where it is not written so.
    public init?(realm: String, userAndPassword text: String) {
        guard let colon = text.firstIndex(of: ":") else { return nil }
        self.init(
            realm: realm, credentials: [Credential(principal: String(text[..<colon]), secret: String(text[text.index(after: colon)...]))])
    }

    /// Who the request authenticates as; nil where it has no valid credentials. All credentials are compared in constant time.
    public func principal(of request: EngineRequest) -> String? {
        guard let header = request.headers["Authorization"], header.lowercased().hasPrefix("basic ") else { return nil }
        guard let bytes = Base64.decode(header.dropFirst(6).drop { $0 == " " }) else { return nil }
        var found: String?
        for credential in credentials where isEqual(Array("\(credential.principal):\(credential.secret)".utf8), bytes) {
            found = credential.principal
        }
        return found
    }

    /// Passes an authenticated request on, its principal set; answers 401 to others.
    public func protect(_ handler: @escaping EngineRouter.Handler) -> EngineRouter.Handler {
        { request in
            guard let principal = principal(of: request) else { return unauthorized }
            var request = request
            request.principal = principal
            return await handler(request)
        }
    }

    /// 401 with the realm.
    public var unauthorized: EngineResponse {
        .empty(status: 401, headers: ["WWW-Authenticate": "Basic realm=\"\(realm)\""])
    }

    private func isEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        var difference: UInt = UInt(bitPattern: left.count ^ right.count)
        for index in 0..<max(left.count, right.count) {
            difference |= UInt((index < left.count ? left[index] : 0) ^ (index < right.count ? right[index] : 0))
        }
        return difference == 0
    }
}

extension BasicAuthentication.Credential {
    /// Reads Mesos' credentials file: `{"credentials":[{"principal":"p","secret":"s"}]}`, or one `principal secret` a line
    /// (Mesos documentation, "Authentication").
    /// - Throws: `ClusterError` `.settings`, without any secret.
    public static func list(mesosFile text: String, path: String) throws(ClusterError) -> [BasicAuthentication.Credential] {
        if let first = text.first(where: { !$0.isWhitespace }), first == "{" {
            let json: JSON
            do {
                json = try JSON(parsing: text)
            } catch {
                throw ClusterError(.settings, "the credentials file \(path) is not valid JSON (byte \(error.offset)): \(error.reason)")
            }
            return try (json["credentials"]?.array ?? [json]).map { (item) throws(ClusterError) in
                guard let principal = item["principal"]?.string, let secret = item["secret"]?.string else {
                    throw ClusterError(.settings, "the credentials file \(path) must hold objects with 'principal' and 'secret'")
                }
                return .init(principal: principal, secret: secret)
            }
        }
        var list: [BasicAuthentication.Credential] = []
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let words = line.split(whereSeparator: \.isWhitespace)
            if words.isEmpty { continue }
            guard words.count == 2 else {
                throw ClusterError(.settings, "Invalid credential format at line \(index + 1) of \(path)")
            }
            list.append(.init(principal: String(words[0]), secret: String(words[1])))
        }
        return list
    }
}
