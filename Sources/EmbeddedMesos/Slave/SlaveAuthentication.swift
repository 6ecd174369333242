import ClusterCore
import EngineSupport

/// Who may read the slave's endpoints (Mesos documentation, "Authentication"): HTTP basic, by realm.
struct SlaveAuthentication: Sendable {
    private let readOnly: BasicAuthentication?
    private let readWrite: BasicAuthentication?

    /// Reads `--http_credentials` where one of the `--authenticate_http_…` flags asks for it.
    init(flags: [String: String], readFile: (String) throws(ClusterError) -> String) throws(ClusterError) {
        var credentials: [BasicAuthentication.Credential] = []
        let wanted = ["authenticate_http_readonly", "authenticate_http_readwrite"].filter { flags[$0] == "true" }
        if let path = flags["http_credentials"] {
            let plain = path.hasPrefix("file://") ? String(path.dropFirst(7)) : path
            credentials = try BasicAuthentication.Credential.list(mesosFile: try readFile(plain), path: plain)
        } else if let first = wanted.first {
            throw ClusterError(.usage, "--\(first) needs --http_credentials=FILE")
        }
        func realm(_ flag: String, _ name: String) -> BasicAuthentication? {
            wanted.contains(flag) ? BasicAuthentication(realm: name, credentials: credentials) : nil
        }
        readOnly = realm("authenticate_http_readonly", "mesos-agent-readonly")
        readWrite = realm("authenticate_http_readwrite", "mesos-agent-readwrite")
    }

    /// Lets only those read who may.
    func protectReading(_ handler: @escaping EngineRouter.Handler) -> EngineRouter.Handler { readOnly?.protect(handler) ?? handler }

    /// Lets only those change something who may.
    func protectWriting(_ handler: @escaping EngineRouter.Handler) -> EngineRouter.Handler { readWrite?.protect(handler) ?? handler }
}
