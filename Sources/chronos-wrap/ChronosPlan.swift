import Chronos
import ClusterCore
import Entrypoint
import Prerequisites
import Settings

/// The decisions of the plan: who this Chronos is, where its state lies, and the words and variables that say so.
struct ChronosPlan: Sendable {
    /// Engine, addresses, environment, secret files and notes.
    private(set) var common: FrameworkPlan
    let masters: ZooKeeperURL
    /// Servers and path of Chronos' own state.
    let zooKeeper: ZooKeeperURL
    let argv: [String]
    /// Whose REST API it serves.
    let api: ChronosVersion

    /// Decides, or names every reason why not.
    init(_ settings: ResolvedSettings, facts: ChronosFacts) throws(PlanRefusal) {
        typealias S = ChronosSettings
        masters = settings[S.master]
        common = try FrameworkPlan(
            S.common, settings, found: facts.engines, role: "chronos", frameworkName: settings[S.frameworkName]
        ) { engine in
            guard engine == .upstream, settings[S.zooKeeperAuth] != nil || settings[S.zooKeeperHosts]?.credentials != nil else { return [] }
            return [
                "CHRONOS_ZK_AUTH, or CHRONOS_ZK_HOSTS with a password, is given, which upstream's Chronos takes on its command line "
                    + "only, where every user of the host reads it: leave it out, or set ENGINE=embedded"
            ]
        }
        let isEmbedded = common.isEmbedded
        let hosts = settings[S.zooKeeperHosts] ?? masters
        // A password of the masters' URL was never meant for upstream's Chronos.
        zooKeeper = ZooKeeperURL(
            servers: hosts.servers, path: settings[S.zooKeeperPath], credentials: isEmbedded ? Self.credentials(settings, hosts) : nil)
        let version = isEmbedded ? "3.0.2" : settings[S.version] ?? "3.0.2"
        api = version.hasPrefix("2.") ? .v2_4 : .v3_0

        var flags = common.flags
        flags["mesos_framework_name"] = settings[S.frameworkName]
        flags["zk_hosts"] = zooKeeper.connectString
        flags["zk_path"] = zooKeeper.path
        flags["disable_after_failures"] = settings[S.disableAfterFailures].map { String($0) }
        let directory = settings[S.common.runDirectory]
        // What has a password must not stand in argv, where every user of the host reads it. Mesos' library reads the URL of such a file.
        flags["master"] =
            masters.credentials == nil ? masters.revealed : "file://\(common.addFile("master", masters.revealed, in: directory))"
        if let own = zooKeeper.credentials {
            flags["zk_auth"] = "file://\(common.addFile("zookeeper-auth", "digest:\(own.user):\(own.password)", in: directory))"
        }
        let reasons = Self.addPassed(settings.passedThrough, to: &flags, version: version)
        guard reasons.isEmpty else { throw PlanRefusal(reasons) }
        let command = common.choice.command + Self.upstreamWords(settings, &common, &flags)
        argv = command + flags.sorted { $0.key < $1.key }.flatMap { ChronosFlags.table.words($0.key, $0.value) }
    }

    /// What upstream's start scripts want beside the flags.
    private static func upstreamWords(
        _ settings: ResolvedSettings, _ common: inout FrameworkPlan, _ flags: inout [String: String]
    ) -> [String] {
        typealias S = ChronosSettings
        guard !common.isEmbedded else { return [] }
        if let port = settings[S.libprocessPort] {
            let address = settings[S.common.libprocessIP] ?? settings[CommonSettings.nodeAddress] ?? "0.0.0.0"
            common.listens.append(ListeningPort(address, port, setting: S.libprocessPort.declaration.variable))
        }
        common.put("LIBPROCESS_PORT", settings[S.libprocessPort].map { String($0) }, isSecret: false)
        common.put("JAVA_OPTS", settings[S.javaOptions], isSecret: false)
        common.put("JVM_OPTS", settings[S.javaOptions], isSecret: false)
        // The package's script: without this word it would make flags of its environment and of files in /etc/chronos.
        guard common.choice.command.last?.hasSuffix("/start.sh") ?? false else { return ["run_jar"] }
        // 3.0.2's image: the script adds --http_port itself, of PORT0.
        flags["http_port"] = nil
        common.put("PORT0", String(settings[S.common.httpPort]), isSecret: false)
        common.put("PORT1", String(settings[S.libprocessPort] ?? 0), isSecret: false)
        return []
    }

    /// Who Chronos is in ZooKeeper: as it is said, as the URL of its ensemble says, or in the masters' ensemble as theirs says.
    private static func credentials(_ settings: ResolvedSettings, _ hosts: ZooKeeperURL) -> ZooKeeperURL.Credentials? {
        guard let text = settings[ChronosSettings.zooKeeperAuth] else { return hosts.credentials }
        let parts = (text.hasPrefix("digest:") ? text.dropFirst(7) : text[...]).split(separator: ":", maxSplits: 1)
        return parts.count == 2 ? ZooKeeperURL.Credentials(user: String(parts[0]), password: String(parts[1])) : nil
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
