import ClusterCore
import HTTPClient

/// The secrets that a development cluster with `--auth` generates: one file each, mode 0600, in a directory of mode 0700.
enum Secrets {
    /// The user of all HTTP APIs.
    static let user = "admin"
    /// As whom frameworks and slaves authenticate to the Mesos master.
    static let principal = "cluster"

    /// Files of the secrets.
    enum Name: String, CaseIterable {
        /// Password of the HTTP APIs.
        case password
        /// The same with the user before it, `user:password`, as Marathon and Chronos want it.
        case credentials
        /// With which frameworks and slaves authenticate to the Mesos master.
        case mesos
        /// Key of Consul's gossip: 32 bytes in base64.
        case gossip
    }

    static func file(_ name: Name, _ state: StateDirectory) -> String { "\(state.secrets)/\(name.rawValue)" }

    /// Generates all of them, where there are none yet.
    static func generate(_ state: StateDirectory) throws(ClusterError) {
        try Files.makeDirectory(state.secrets, mode: 0o700)
        guard !Files.exists(file(.password, state)) else { return }
        let password = hexadecimal(random(24))
        let texts: [Name: String] = [
            .credentials: "\(user):\(password)", .mesos: hexadecimal(random(24)), .gossip: Base64.encode(random(32)), .password: password,
        ]
        // The password last: where it exists, all do.
        for name in [Name.credentials, .mesos, .gossip, .password] {
            try Files.write(file(name, state), (texts[name] ?? "").utf8, mode: 0o600)
        }
    }

    private static func random(_ count: Int) -> [UInt8] {
        // The system's generator is getrandom(2) on Linux: fit for secrets.
        var generator = SystemRandomNumberGenerator()
        return (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
    }

    private static func hexadecimal(_ bytes: [UInt8]) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    /// Credentials of the HTTP APIs; nil where the cluster asks for none.
    static func administrator(_ context: ClusterContext, _ state: StateDirectory) throws(ClusterError) -> HTTPRequest.BasicAuth? {
        guard context.hasAuthentication else { return nil }
        return HTTPRequest.BasicAuth(user: user, password: try Files.text(file(.password, state)))
    }
}
