import ClusterCore
import Entrypoint
import JSON
import Mesos
import Prerequisites
import Settings

/// The decisions of the plan: how many masters there are, who this one is, and the flags that say so.
struct MasterPlan: Sendable {
    let choice: EngineChoice
    let zooKeeper: ZooKeeperURL
    /// What the master announces in ZooKeeper.
    let announced: HostPort
    /// Where this wrap reaches it.
    let reachable: HostPort
    let argv: [String]
    let files: [PlannedFile]
    let notes: [String]

    /// Decides, or names every reason why not.
    init(_ settings: ResolvedSettings, facts: MasterFacts) throws(PlanRefusal) {
        typealias S = MasterSettings
        var reasons: [String] = []
        let url = settings[S.zooKeeper]
        zooKeeper = url
        let (count, quorum) = Self.quorum(settings, &reasons)
        let ip = settings[S.ip] ?? settings[CommonSettings.nodeAddress]
        if ip == nil { reasons.append("NODE_ADDRESS is not set: give this node's own IP address (or MESOS_IP)") }
        let port = settings[S.port]
        let passed = settings.passedThrough
        announced = HostPort(
            host: passed["advertise_ip"] ?? ip ?? "", port: passed["advertise_port"].flatMap(Int.init) ?? port)
        reachable = HostPort(host: ip == "0.0.0.0" ? "127.0.0.1" : ip ?? "", port: port)
        let members = settings[S.masters] ?? url.servers.map(\.host)
        var chosen: EngineChoice?
        do {
            chosen = try EngineChoice.choose(
                settings, found: facts.engines, role: "mesos-master", upstreamName: "Apache Mesos",
                memberAddresses: members + [announced.host].filter { !$0.isEmpty })
        } catch {
            reasons += error.reasons
        }
        guard let chosen, let ip, reasons.isEmpty else { throw PlanRefusal(reasons) }
        choice = chosen
        let version = chosen.engine == .embedded ? "1.11" : MesosFlags.tableVersion(for: facts.engines.version ?? "1.11")
        let credentials = MasterCredentials(settings, version: version)
        var flags: [String: String] = [
            "ip": ip, "port": String(port), "hostname": settings[S.hostname] ?? announced.host, "quorum": String(quorum),
            "work_dir": settings[S.workDirectory], "offer_timeout": settings[S.offerTimeout].mesosText,
        ]
        flags["cluster"] = settings[S.cluster]
        flags["log_dir"] = settings[S.logDirectory]
        flags["zk"] = url.credentials == nil ? url.revealed : "file://\(settings[S.runDirectory])/zk"
        flags.merge(credentials.flags) { _, new in new }
        reasons += Self.addPassed(passed, to: &flags, version: version, hasCredentials: credentials.file != nil)
        guard reasons.isEmpty else { throw PlanRefusal(reasons) }
        let table = MesosFlags.master(version: version)
        argv = chosen.command + flags.sorted { $0.key < $1.key }.flatMap { table.words($0.key, $0.value) }
        var files: [PlannedFile] = []
        if let file = credentials.file { files.append(file) }
        if url.credentials != nil {
            // A password must not stand in argv, where every user of the host reads it.
            files.append(PlannedFile(path: "\(settings[S.runDirectory])/zk", content: url.revealed, isSecret: true))
        }
        self.files = files
        var notes = [chosen.reason, "\(count) master\(count == 1 ? "" : "s"), quorum \(quorum)"]
        if count == 1 { notes.append("a single master: no fail-over") }
        if chosen.engine == .embedded { notes.append("the embedded master is for development and tests; production runs Apache Mesos") }
        self.notes = notes
    }

    /// More than half of the masters; an even number of them tolerates no more failures than one less, and is refused.
    private static func quorum(_ settings: ResolvedSettings, _ reasons: inout [String]) -> (count: Int, quorum: Int) {
        typealias S = MasterSettings
        let given = settings[S.quorum]
        let servers = settings[S.zooKeeper].servers.count
        let count: Int
        let source: String
        if let list = settings[S.masters] {
            (count, source) = (list.count, "MESOS_MASTERS")
            if Set(list).count != list.count { reasons.append("MESOS_MASTERS names a master twice") }
            if let wanted = settings[S.masterCount], wanted != count {
                reasons.append("MESOS_MASTER_COUNT is \(wanted), but MESOS_MASTERS lists \(count)")
            }
        } else if let wanted = settings[S.masterCount] {
            (count, source) = (wanted, "MESOS_MASTER_COUNT")
        } else if let given {
            // Of 2q − 1 masters q are the majority.
            (count, source) = (2 * given - 1, "MESOS_QUORUM")
        } else {
            (count, source) = (servers, "the servers in MESOS_ZK")
        }
        if count % 2 == 0 {
            reasons.append(
                "\(source) gives \(count) masters: an even number has no better majority than \(count - 1); use 1, 3 or 5 masters "
                    + "(MESOS_MASTERS or MESOS_MASTER_COUNT)")
        }
        let quorum = Majority.of(count)
        if let given, given != quorum {
            reasons.append(
                "MESOS_QUORUM is \(given), but the majority of \(count) masters is \(quorum): a wrong quorum can corrupt the replicated log; "
                    + "leave MESOS_QUORUM out")
        }
        return (count, quorum)
    }

    private static func addPassed(
        _ passed: [String: String], to flags: inout [String: String], version: String, hasCredentials: Bool
    ) -> [String] {
        var reasons: [String] = []
        let table = MesosFlags.master(version: version)
        for (name, value) in passed.sorted(by: { $0.key < $1.key }) {
            guard let flag = table.flags[name] else {
                reasons.append("MESOS_\(name.uppercased()) is not a flag of mesos-master \(version): leave it out")
                continue
            }
            if flag.name == "credentials", hasCredentials {
                reasons.append("MESOS_CREDENTIALS is given together with a secret or password: give one of them")
                continue
            }
            // Given to Mesos in argv only: the same flag in its environment too would be an error under an alias.
            flags[flag.name] = flag.isToggle ? (["", "1", "true"].contains(value.lowercased()) ? "true" : "false") : value
        }
        for name in flags.keys.sorted() where table.flags[name] == nil {
            reasons.append("mesos-master \(version) does not know the flag --\(name)")
        }
        return reasons
    }
}
