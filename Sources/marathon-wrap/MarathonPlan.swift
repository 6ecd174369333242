import ClusterCore
import Entrypoint
import Marathon
import Prerequisites
import Settings

/// The decisions of the plan: who this Marathon is, where its state lies, and the words and variables that say so.
struct MarathonPlan: Sendable {
    let choice: EngineChoice
    let masters: ZooKeeperURL
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
    /// True where it elects as Marathon did up to 1.1.
    let hasOldElection: Bool

    /// Decides, or names every reason why not.
    init(_ settings: ResolvedSettings, facts: MarathonFacts) throws(PlanRefusal) {
        typealias S = MarathonSettings
        var reasons: [String] = []
        masters = settings[S.master]
        zooKeeper =
            settings[S.zooKeeper]
            ?? ZooKeeperURL(servers: masters.servers, path: "/marathon", credentials: masters.credentials)
        let node = settings[CommonSettings.nodeAddress]
        let hostname = settings[S.hostname] ?? node
        if hostname == nil { reasons.append("NODE_ADDRESS is not set: give this node's own IP address (or MARATHON_HOSTNAME)") }
        let bind = settings[S.httpAddress] ?? node ?? "0.0.0.0"
        let port = settings[S.httpPort]
        announced = HostPort(host: hostname ?? "", port: port)
        reachable = HostPort(host: bind == "0.0.0.0" ? "127.0.0.1" : bind == "::" ? "::1" : bind, port: port)
        var chosen: EngineChoice?
        do {
            chosen = try EngineChoice.choose(settings, found: facts.engines, role: "marathon", upstreamName: "Marathon")
        } catch {
            reasons += error.reasons
        }
        let usesTLS = settings[S.keystorePath] != nil || settings[S.keystorePassword] != nil || settings[S.httpsPort] != nil
        if usesTLS, settings[S.keystorePath] == nil || settings[S.keystorePassword] == nil {
            reasons.append("HTTPS needs both MARATHON_SSL_KEYSTORE_PATH and MARATHON_SSL_KEYSTORE_PASSWORD")
        }
        if usesTLS, chosen?.engine == .embedded {
            reasons.append(
                "the embedded Marathon serves no HTTPS: leave MARATHON_HTTPS_PORT and the keystore out, or use upstream's Marathon")
        }
        guard let chosen, let hostname, reasons.isEmpty else { throw PlanRefusal(reasons) }
        choice = chosen

        if masters.credentials != nil || zooKeeper.credentials != nil, chosen.engine == .upstream,
            !Self.readsItsEnvironment(settings[S.version])
        {
            throw PlanRefusal([
                "MARATHON_MASTER and MARATHON_ZK have a password, and the start script of Marathon before 1.5 puts it into the command line, "
                    + "where every user of the host reads it: set MARATHON_VERSION where 1.5 or newer is installed, leave the password out, or "
                    + "set ENGINE=embedded"
            ])
        }

        var flags: [String: String] = [
            "hostname": hostname, "http_address": bind, "http_port": String(port), "framework_name": settings[S.frameworkName],
        ]
        if let port = settings[S.httpsPort] { flags["https_port"] = String(port) }
        var environment: [String: String] = [
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "LOG_LEVEL": settings[CommonSettings.logLevel].rawValue,
        ]
        var secrets: Set<String> = []
        func put(_ name: String, _ value: String, isSecret: Bool) {
            environment[name] = value
            if isSecret { secrets.insert(name) }
        }
        for (flag, url) in [("master", masters), ("zk", zooKeeper)] {
            // With a password it must not stand in argv, where every user of the host reads it. What takes it reads its environment by
            // itself (`readsItsEnvironment`).
            if url.credentials == nil {
                flags[flag] = url.revealed
            } else {
                put("MARATHON_\(flag.uppercased())", url.revealed, isSecret: true)
            }
        }
        if let credentials = settings[S.httpCredentials] { put("MESOSPHERE_HTTP_CREDENTIALS", credentials, isSecret: true) }
        if let path = settings[S.keystorePath] { put("MESOSPHERE_KEYSTORE_PATH", path, isSecret: false) }
        if let password = settings[S.keystorePassword] { put("MESOSPHERE_KEYSTORE_PASS", password, isSecret: true) }
        if let ip = settings[S.libprocessIP] ?? node { environment["LIBPROCESS_IP"] = ip }
        if chosen.engine == .upstream {
            if let value = settings[S.javaHome] { environment["JAVA_HOME"] = value }
            if let value = settings[S.javaOptions] { environment["JAVA_OPTS"] = value }
            if let value = settings[S.mesosLibrary] { environment["MESOS_NATIVE_JAVA_LIBRARY"] = value }
        }
        var files: [PlannedFile] = []
        if let secret = settings[S.secret] {
            let path = "\(settings[S.runDirectory])/secret"
            // Mesos takes every byte of the file for the secret, a line feed too.
            files.append(PlannedFile(path: path, content: secret, isSecret: true))
            flags["mesos_authentication_secret_file"] = path
            flags["mesos_authentication_principal"] = settings[S.principal] ?? settings[S.frameworkName]
        } else if let principal = settings[S.principal] {
            flags["mesos_authentication_principal"] = principal
        }

        let version = chosen.engine == .embedded ? nil : settings[S.version].map(MarathonFlags.tableVersion)
        let table = version.map(MarathonFlags.table) ?? MarathonFlags.any
        if settings[S.secret] != nil, table.flags["mesos_authentication"] != nil, chosen.engine == .upstream, version != nil {
            flags["mesos_authentication"] = "true"
        }
        reasons += Self.addPassed(settings.passedThrough, to: &flags, table, version)
        guard reasons.isEmpty else { throw PlanRefusal(reasons) }
        argv = chosen.command + flags.sorted { $0.key < $1.key }.flatMap { table.words($0.key, $0.value) }
        self.environment = environment
        secretEnvironment = secrets
        self.files = files
        hasOldElection = version == "1.1.1"
        var notes = [chosen.reason]
        if settings[S.httpCredentials] == nil {
            notes.append("no MARATHON_HTTP_CREDENTIALS: everyone who reaches \(announced) may run anything on the cluster")
        }
        self.notes = notes
    }

    /// True where Marathon itself reads MARATHON_* (`Main.envToArgs`, since 1.5). Before, its start script made words of the command line
    /// of them. Where the version is not known it may be an older one.
    static func readsItsEnvironment(_ version: String?) -> Bool {
        let parts = (version ?? "").split(separator: ".").prefix(2).map { Int($0) ?? 0 }
        return parts.count == 2 && (parts[0], parts[1]) >= (1, 5)
    }

    private static func addPassed(
        _ passed: [String: String], to flags: inout [String: String], _ table: FlagTable, _ version: String?
    ) -> [String] {
        var reasons: [String] = []
        for (name, value) in passed.sorted(by: { $0.key < $1.key }) where !name.hasPrefix("app_") {
            let positive = name.hasPrefix("disable_") ? String(name.dropFirst(8)) : name
            if let flag = table.flags[name] {
                flags[name] = flag.isToggle ? (["", "1", "true", "yes", "on"].contains(value.lowercased()) ? "true" : "false") : value
            } else if table.flags[positive]?.isToggle == true {
                flags[positive] = "false"
            } else {
                reasons.append("MARATHON_\(name.uppercased()) is not a flag of Marathon \(version ?? ""): leave it out")
            }
        }
        for name in flags.keys.sorted() where table.flags[name] == nil {
            reasons.append("Marathon \(version ?? "") does not know the flag --\(name)")
        }
        return reasons
    }
}
