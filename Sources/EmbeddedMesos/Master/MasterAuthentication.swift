import ClusterCore
import EngineSupport

/// Who may ask for what (Mesos documentation, "Authentication"): HTTP basic, by realm.
struct MasterAuthentication: Sendable {
    private let readOnly: BasicAuthentication?
    private let readWrite: BasicAuthentication?
    private let frameworks: BasicAuthentication?
    private let agents: BasicAuthentication?

    /// Reads `--credentials` where one of the `--authenticate_…` flags asks for it.
    init(flags: [String: String], readFile: (String) throws(ClusterError) -> String) throws(ClusterError) {
        func wants(_ name: String) -> Bool { flags[name] == "true" }
        let wanted = [
            "authenticate_http_readonly", "authenticate_http_readwrite", "authenticate_http_frameworks", "authenticate_agents",
        ].filter(wants)
        var credentials: [BasicAuthentication.Credential] = []
        if let path = flags["credentials"] {
            let plain = path.hasPrefix("file://") ? String(path.dropFirst(7)) : path
            credentials = try BasicAuthentication.Credential.list(mesosFile: try readFile(plain), path: plain)
        } else if let first = wanted.first {
            throw ClusterError(.usage, "--\(first) needs --credentials=FILE")
        }
        func realm(_ flag: String, _ name: String) -> BasicAuthentication? {
            wants(flag) ? BasicAuthentication(realm: name, credentials: credentials) : nil
        }
        readOnly = realm("authenticate_http_readonly", "mesos-master-readonly")
        readWrite = realm("authenticate_http_readwrite", "mesos-master-readwrite")
        frameworks = realm("authenticate_http_frameworks", "mesos-master-scheduler")
        agents = realm("authenticate_agents", "mesos-master-agent")
    }

    /// A group of endpoints.
    enum Realm { case open, readOnly, readWrite, frameworks, agents }

    /// Lets only those pass who may.
    func protect(_ realm: Realm, _ handler: @escaping EngineRouter.Handler) -> EngineRouter.Handler {
        authentication(for: realm)?.protect(handler) ?? handler
    }

    /// nil: no one has to authenticate.
    func authentication(for realm: Realm) -> BasicAuthentication? {
        switch realm {
        case .open: nil
        case .readOnly: readOnly
        case .readWrite: readWrite
        case .frameworks: frameworks
        case .agents: agents
        }
    }
}
