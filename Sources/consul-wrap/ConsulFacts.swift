import ClusterCore
import Entrypoint
import JSON
import Settings
import Supervision

/// What the plan depends on beside the settings.
struct ConsulFacts: PlanFacts, Hashable {
    /// How the gossip key relates to the keyring that the data directory holds.
    enum Keyring: String {
        /// There is no keyring.
        case absent
        /// It has the key.
        case same
        /// It has other keys only, which Consul would take.
        case different
    }

    /// The host's name.
    var hostname: String
    /// Consul's program; nil where there is none.
    var binary: String?
    /// See `Keyring`.
    var keyring: Keyring
    /// True where the data directory holds a server's raft log.
    var hasRaft: Bool

    init(hostname: String, binary: String?, keyring: Keyring = .absent, hasRaft: Bool = false) {
        self.hostname = hostname
        self.binary = binary
        self.keyring = keyring
        self.hasRaft = hasRaft
    }

    static func gather(_ settings: ResolvedSettings, host: HostFacts) throws(ClusterError) -> ConsulFacts {
        let directory = settings[ConsulSettings.dataDirectory]
        var keyring = Keyring.absent
        let path = "\(directory)/serf/local.keyring"
        if let key = settings[ConsulSettings.gossipKey], Files.exists(path) {
            let text = try Files.text(path, limit: 1 << 16)
            let keys = (try? JSON(parsing: text))?.array?.compactMap(\.string) ?? []
            keyring = keys.contains(key) ? .same : .different
        }
        return ConsulFacts(
            hostname: host.hostname, binary: Executable.find(settings[ConsulSettings.binary] ?? "consul"), keyring: keyring,
            hasRaft: Files.exists("\(directory)/raft/raft.db"))
    }

    var json: JSON {
        .members([
            "hostname": .string(hostname), "binary": binary.map { .string($0) }, "keyring": .string(keyring.rawValue),
            "has_raft": .bool(hasRaft),
        ])
    }

    init(json: JSON) throws(ClusterError) {
        guard let hostname = json["hostname"]?.string, let keyring = json["keyring"]?.string.flatMap(Keyring.init),
            let hasRaft = json["has_raft"]?.bool
        else { throw ClusterError(.invalid, "the facts need hostname, keyring and has_raft") }
        self.init(hostname: hostname, binary: json["binary"]?.string, keyring: keyring, hasRaft: hasRaft)
    }
}
