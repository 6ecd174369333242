import ClusterCore
import HTTPClient

/// The secrets that a development cluster with `--auth` generates: one file each, mode 0600, in a directory of mode 0700.
enum Secrets {
    /// The user of all HTTP APIs.
    static let user = "admin"

    /// Files of the secrets.
    enum Name: String, CaseIterable {
        /// Password of the HTTP APIs.
        case password
        /// With which frameworks and slaves authenticate to the Mesos master.
        case mesos
    }

    static func file(_ name: Name, _ state: StateDirectory) -> String { "\(state.secrets)/\(name.rawValue)" }

    /// Generates what is not there yet: 24 random bytes each, in hexadecimal digits.
    static func generate(_ state: StateDirectory) throws(ClusterError) {
        try Files.makeDirectory(state.secrets, mode: 0o700)
        for name in Name.allCases where !Files.exists(file(name, state)) {
            // The system's generator is getrandom(2) on Linux: fit for secrets.
            var generator = SystemRandomNumberGenerator()
            let bytes = (0..<24).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
            let text = bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
            try Files.write(file(name, state), text.utf8, mode: 0o600)
        }
    }

    /// Credentials of the HTTP APIs; nil where the cluster asks for none.
    static func administrator(_ context: ClusterContext, _ state: StateDirectory) throws(ClusterError) -> HTTPRequest.BasicAuth? {
        guard context.hasAuthentication else { return nil }
        return HTTPRequest.BasicAuth(user: user, password: try Files.text(file(.password, state)))
    }
}
