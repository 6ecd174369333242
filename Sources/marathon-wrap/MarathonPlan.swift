import ClusterCore
import Entrypoint
import Marathon
import Prerequisites
import Settings

/// The decisions of the plan: who this Marathon is, where its state lies, and the words and variables that say so.
struct MarathonPlan: Sendable {
    /// Engine, addresses, environment, secret files and notes.
    private(set) var common: FrameworkPlan
    let masters: ZooKeeperURL
    let zooKeeper: ZooKeeperURL
    let argv: [String]
    /// True where it elects as Marathon did up to 1.1.
    let hasOldElection: Bool

    /// Decides, or names every reason why not.
    init(_ settings: ResolvedSettings, facts: MarathonFacts) throws(PlanRefusal) {
        typealias S = MarathonSettings
        let masters = settings[S.master]
        let zooKeeper =
            settings[S.zooKeeper] ?? ZooKeeperURL(servers: masters.servers, path: "/marathon", credentials: masters.credentials)
        (self.masters, self.zooKeeper) = (masters, zooKeeper)
        common = try FrameworkPlan(
            S.common, settings, found: facts.engines, role: "marathon", frameworkName: settings[S.frameworkName]
        ) { engine in
            guard masters.credentials != nil || zooKeeper.credentials != nil, engine == .upstream,
                !Self.readsItsEnvironment(settings[S.version])
            else { return [] }
            return [
                "MARATHON_MASTER and MARATHON_ZK have a password, and the start script of Marathon before 1.5 puts it into the command line, "
                    + "where every user of the host reads it: set MARATHON_VERSION where 1.5 or newer is installed, leave the password out, or "
                    + "set ENGINE=embedded"
            ]
        }
        var flags = common.flags
        flags["framework_name"] = settings[S.frameworkName]
        for (flag, url) in [("master", masters), ("zk", zooKeeper)] {
            // With a password it must not stand in argv, where every user of the host reads it. What takes it reads its environment by
            // itself (`readsItsEnvironment`).
            if url.credentials == nil {
                flags[flag] = url.revealed
            } else {
                common.put("MARATHON_\(flag.uppercased())", url.revealed, isSecret: true)
            }
        }
        if !common.isEmbedded { common.put("JAVA_OPTS", settings[S.javaOptions], isSecret: false) }
        let version = common.isEmbedded ? nil : settings[S.version].map(MarathonFlags.tableVersion)
        let table = version.map(MarathonFlags.table) ?? MarathonFlags.any
        if settings[S.common.secret] != nil, table.flags["mesos_authentication"] != nil, version != nil {
            flags["mesos_authentication"] = "true"
        }
        let reasons = Self.addPassed(settings.passedThrough, to: &flags, table, version)
        guard reasons.isEmpty else { throw PlanRefusal(reasons) }
        argv = common.choice.command + flags.sorted { $0.key < $1.key }.flatMap { table.words($0.key, $0.value) }
        hasOldElection = version == "1.1.1"
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
