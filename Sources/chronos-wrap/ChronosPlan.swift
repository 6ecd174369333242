import Chronos
import ClusterCore
import Entrypoint
import Prerequisites
import Settings

/// The decisions of the plan: who this Chronos is, where its state lies, and the words and variables that say so.
struct ChronosPlan: Sendable {
    let choice: EngineChoice
    let masters: ZooKeeperURL
    /// Servers and path of Chronos' own state.
    let zooKeeper: ZooKeeperURL
    /// What it announces in ZooKeeper.
    let announced: HostPort
    /// Where this wrap reaches it.
    let reachable: HostPort
    let argv: [String]
    let environment: [String: String]
    let secretEnvironment: Set<String>
    let files: [PlannedFile]
    let notes: [String]
    /// Whose REST API it serves.
    let api: ChronosVersion

    /// Decides, or names every reason why not.
    init(_ settings: ResolvedSettings, facts: ChronosFacts) throws(PlanRefusal) {
        typealias S = ChronosSettings
        var reasons: [String] = []
        masters = settings[S.master]
        let hosts = settings[S.zooKeeperHosts] ?? masters
        let node = settings[CommonSettings.nodeAddress]
        let hostname = settings[S.hostname] ?? node
        if hostname == nil { reasons.append("NODE_ADDRESS is not set: give this node's own IP address (or CHRONOS_HOSTNAME)") }
        let bind = settings[S.httpAddress] ?? node ?? "0.0.0.0"
        let port = settings[S.httpPort]
        announced = HostPort(host: hostname ?? "", port: port)
        reachable = HostPort(host: bind == "0.0.0.0" ? "127.0.0.1" : bind == "::" ? "::1" : bind, port: port)
        var chosen: EngineChoice?
        do {
            chosen = try EngineChoice.choose(settings, found: facts.engines, role: "chronos", upstreamName: "Chronos")
        } catch {
            reasons += error.reasons
        }
        // Upstream's takes them on its command line only; a password of the masters' URL was never meant for it.
        let credentials = Self.credentials(settings, hosts)
        let isUpstream = chosen?.engine == .upstream
        zooKeeper = ZooKeeperURL(servers: hosts.servers, path: settings[S.zooKeeperPath], credentials: isUpstream ? nil : credentials)
        if isUpstream, settings[S.zooKeeperAuth] != nil || settings[S.zooKeeperHosts]?.credentials != nil {
            reasons.append(
                "CHRONOS_ZK_AUTH, or CHRONOS_ZK_HOSTS with a password, is given, which upstream's Chronos takes on its command line only, where "
                    + "every user of the host reads it: leave it out, or set ENGINE=embedded")
        }
        reasons += Self.checkTLS(settings, isEmbedded: chosen?.engine == .embedded)
        guard let chosen, let hostname, reasons.isEmpty else { throw PlanRefusal(reasons) }
        choice = chosen
        let isEmbedded = chosen.engine == .embedded
        let version = isEmbedded ? "3.0.2" : settings[S.version] ?? "3.0.2"
        api = version.hasPrefix("2.") ? .v2_4 : .v3_0

        var flags: [String: String] = [
            "hostname": hostname, "http_address": bind, "http_port": String(port), "mesos_framework_name": settings[S.frameworkName],
            "zk_hosts": zooKeeper.connectString, "zk_path": zooKeeper.path,
        ]
        if let count = settings[S.disableAfterFailures] { flags["disable_after_failures"] = String(count) }
        if let port = settings[S.httpsPort] { flags["https_port"] = String(port) }
        let secrets = ChronosSecrets(settings, zooKeeper: zooKeeper.credentials)
        flags.merge(secrets.flags) { _, new in new }
        reasons += Self.addPassed(settings.passedThrough, to: &flags, version: version)
        guard reasons.isEmpty else { throw PlanRefusal(reasons) }

        var environment = secrets.environment
        environment["PATH"] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        environment["LOG_LEVEL"] = settings[CommonSettings.logLevel].rawValue
        if let ip = settings[S.libprocessIP] ?? node { environment["LIBPROCESS_IP"] = ip }
        var command = chosen.command
        if !isEmbedded {
            environment["LIBPROCESS_PORT"] = settings[S.libprocessPort].map(String.init)
            environment["JAVA_HOME"] = settings[S.javaHome]
            environment["JAVA_OPTS"] = settings[S.javaOptions]
            environment["JVM_OPTS"] = settings[S.javaOptions]
            environment["MESOS_NATIVE_JAVA_LIBRARY"] = settings[S.mesosLibrary]
            if chosen.command.last?.hasSuffix("/start.sh") ?? false {
                // 3.0.2's image: the script adds --http_port itself, of PORT0.
                flags["http_port"] = nil
                environment["PORT0"] = String(port)
                environment["PORT1"] = String(settings[S.libprocessPort] ?? 0)
            } else {
                // The package's script: without this word it would make flags of its environment and of files in /etc/chronos.
                command.append("run_jar")
            }
        }
        argv = command + flags.sorted { $0.key < $1.key }.flatMap { ChronosFlags.table.words($0.key, $0.value) }
        self.environment = environment
        secretEnvironment = secrets.names
        files = secrets.files
        var notes = [chosen.reason]
        if settings[S.httpCredentials] == nil {
            notes.append("no CHRONOS_HTTP_CREDENTIALS: everyone who reaches \(announced) may run anything on the cluster")
        }
        self.notes = notes
    }

    /// Who Chronos is in ZooKeeper: as it is said, as the URL of its ensemble says, or in the masters' ensemble as theirs says.
    private static func credentials(_ settings: ResolvedSettings, _ hosts: ZooKeeperURL) -> ZooKeeperURL.Credentials? {
        guard let text = settings[ChronosSettings.zooKeeperAuth] else { return hosts.credentials }
        let parts = (text.hasPrefix("digest:") ? text.dropFirst(7) : text[...]).split(separator: ":", maxSplits: 1)
        return parts.count == 2 ? ZooKeeperURL.Credentials(user: String(parts[0]), password: String(parts[1])) : nil
    }

    private static func checkTLS(_ settings: ResolvedSettings, isEmbedded: Bool) -> [String] {
        typealias S = ChronosSettings
        guard settings[S.keystorePath] != nil || settings[S.keystorePassword] != nil || settings[S.httpsPort] != nil else { return [] }
        if isEmbedded {
            return ["the embedded Chronos serves no HTTPS: leave CHRONOS_HTTPS_PORT and the keystore out, or use upstream's Chronos"]
        }
        if settings[S.keystorePath] == nil || settings[S.keystorePassword] == nil {
            return ["HTTPS needs both CHRONOS_SSL_KEYSTORE_PATH and CHRONOS_SSL_KEYSTORE_PASSWORD"]
        }
        return []
    }

    private static func addPassed(_ passed: [String: String], to flags: inout [String: String], version: String) -> [String] {
        var reasons: [String] = []
        for (name, value) in passed.sorted(by: { $0.key < $1.key }) where !ChronosSettings.isJobVariable(name) {
            let positive = name.hasPrefix("disable_") ? String(name.dropFirst(8)) : name
            if let flag = ChronosFlags.table.flags[name], !flag.isToggle {
                flags[name] = value
            } else if let flag = ChronosFlags.table.flags[positive], flag.isToggle {
                let isOn = name == positive && ["", "1", "true", "yes", "on"].contains(value.lowercased())
                flags[positive] = isOn ? "true" : "false"
            }
            guard ChronosFlags.isKnown(positive, version: version) else {
                reasons.append("CHRONOS_\(name.uppercased()) is not a flag of Chronos \(version): leave it out")
                continue
            }
            // Scallop can only switch these on; off is their default but for the checkpoints.
            if flags[positive] == "false", positive != "http_compression" {
                flags[positive] = nil
                if positive == "mesos_checkpoint" { reasons.append("CHRONOS_MESOS_CHECKPOINT can't be switched off: leave it out") }
            }
        }
        return reasons
    }
}
