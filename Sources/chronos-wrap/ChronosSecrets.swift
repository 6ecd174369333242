import ClusterCore
import Entrypoint
import Settings

/// What must not stand in argv, where every user of the host reads it: in files of mode 0600, or in the child's environment.
struct ChronosSecrets: Sendable {
    private(set) var flags: [String: String] = [:]
    private(set) var environment: [String: String] = [:]
    private(set) var names: Set<String> = []
    private(set) var files: [PlannedFile] = []

    /// - Parameter zooKeeper: who the embedded Chronos is in ZooKeeper.
    init(_ settings: ResolvedSettings, zooKeeper: ZooKeeperURL.Credentials?) {
        typealias S = ChronosSettings
        let directory = settings[S.runDirectory]
        let masters = settings[S.master]
        if masters.credentials == nil {
            flags["master"] = masters.revealed
        } else {
            // Mesos' library reads the URL of such a file.
            files.append(PlannedFile(path: "\(directory)/master", content: masters.revealed, isSecret: true))
            flags["master"] = "file://\(directory)/master"
        }
        if let zooKeeper {
            files.append(
                PlannedFile(path: "\(directory)/zookeeper-auth", content: "digest:\(zooKeeper.user):\(zooKeeper.password)", isSecret: true))
            flags["zk_auth"] = "file://\(directory)/zookeeper-auth"
        }
        if let secret = settings[S.secret] {
            // Mesos takes every byte of the file for the secret, a line feed too.
            files.append(PlannedFile(path: "\(directory)/secret", content: secret, isSecret: true))
            flags["mesos_authentication_secret_file"] = "\(directory)/secret"
            flags["mesos_authentication_principal"] = settings[S.principal] ?? "root"
        } else if let principal = settings[S.principal] {
            flags["mesos_authentication_principal"] = principal
        }
        put("MESOSPHERE_HTTP_CREDENTIALS", settings[S.httpCredentials], isSecret: true)
        put("MESOSPHERE_KEYSTORE_PATH", settings[S.keystorePath], isSecret: false)
        put("MESOSPHERE_KEYSTORE_PASS", settings[S.keystorePassword], isSecret: true)
    }

    private mutating func put(_ name: String, _ value: String?, isSecret: Bool) {
        guard let value else { return }
        environment[name] = value
        if isSecret { names.insert(name) }
    }
}
