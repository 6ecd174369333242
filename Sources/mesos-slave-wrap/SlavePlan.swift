import ClusterCore
import Entrypoint
import JSON
import Mesos
import Prerequisites
import Settings

/// The decisions of the plan: who this slave is, the flags that say so, and whether it may still be that.
struct SlavePlan: Sendable {
    let choice: EngineChoice
    let zooKeeper: ZooKeeperURL
    /// Where this wrap reaches it.
    let reachable: HostPort
    let argv: [String]
    let files: [PlannedFile]
    let notes: [String]

    /// Decides, or names every reason why not.
    init(_ settings: ResolvedSettings, facts: SlaveFacts) throws(PlanRefusal) {
        typealias S = SlaveSettings
        var reasons: [String] = []
        let url = settings[S.master]
        zooKeeper = url
        let ip = settings[S.ip] ?? settings[CommonSettings.nodeAddress]
        if ip == nil { reasons.append("NODE_ADDRESS is not set: give this node's own IP address (or MESOS_IP)") }
        let (port, passed) = (settings[S.port], settings.passedThrough)
        let announced = HostPort(host: passed["advertise_ip"] ?? ip ?? "", port: passed["advertise_port"].flatMap(Int.init) ?? port)
        reachable = HostPort(host: ip == "0.0.0.0" ? "127.0.0.1" : ip ?? "", port: port)
        var chosen: EngineChoice?
        do {
            chosen = try EngineChoice.choose(
                settings, found: facts.engines, role: "mesos-slave", upstreamName: "Apache Mesos",
                memberAddresses: (url.servers.map(\.host) + [announced.host]).filter { !$0.isEmpty })
        } catch {
            reasons += error.reasons
        }
        guard let chosen, let ip, reasons.isEmpty else { throw PlanRefusal(reasons) }
        choice = chosen
        let version = chosen.engine == .embedded ? "1.11" : MesosFlags.tableVersion(for: facts.engines.version ?? "1.11")
        let credentials = SlaveCredentials(settings, version: version)
        let hostname = settings[S.hostname] ?? announced.host
        var flags: [String: String] = [
            "ip": ip, "port": String(port), "hostname": hostname, "work_dir": settings[S.workDirectory],
            "containerizers": settings[S.containerizers].map(\.rawValue).joined(separator: ","),
            "switch_user": String(settings[S.switchUser]),
        ]
        if chosen.engine == .upstream {
            flags["executor_registration_timeout"] = settings[S.registrationTimeout].mesosText
            // In a container there is no systemd to put executors into scopes of.
            flags["systemd_enable_support"] = "false"
        }
        flags["resources"] = settings[S.resources]
        flags["attributes"] = settings[S.attributes]
        flags["log_dir"] = settings[S.logDirectory]
        flags["master"] = url.credentials == nil ? url.revealed : "file://\(settings[S.runDirectory])/master"
        flags.merge(credentials.flags) { _, new in new }
        reasons += Self.addPassed(passed, to: &flags, version: version)
        if let checkpoint = facts.checkpoint, flags["recover"] != "cleanup" {
            reasons += CheckpointCheck(
                checkpoint, engine: chosen.engine, workDirectory: settings[S.workDirectory],
                isAdditive: flags["reconfiguration_policy"] == "additive"
            ).reasons(hostname: hostname, port: announced.port, resources: settings[S.resources], attributes: settings[S.attributes])
        }
        guard reasons.isEmpty else { throw PlanRefusal(reasons) }
        let table = MesosFlags.agent(version: version)
        argv = chosen.command + flags.sorted { $0.key < $1.key }.flatMap { table.words($0.key, $0.value) }
        var files = credentials.files
        if url.credentials != nil {
            // A password must not stand in argv, where every user of the host reads it.
            files.append(PlannedFile(path: "\(settings[S.runDirectory])/master", content: url.revealed, isSecret: true))
        }
        self.files = files
        var notes = [chosen.reason]
        if let id = facts.checkpoint?.agent.id {
            notes.append("agent \(id) of an earlier start is recovered from \(settings[S.workDirectory])")
        }
        if chosen.engine == .embedded { notes.append("the embedded slave is for development and tests; production runs Apache Mesos") }
        notes.append(settings[S.endTasksOnStop] ? "a stop ends all tasks" : "tasks run on when the slave is stopped")
        self.notes = notes
    }

    private static func addPassed(_ passed: [String: String], to flags: inout [String: String], version: String) -> [String] {
        var reasons: [String] = []
        let table = MesosFlags.agent(version: version)
        for (name, value) in passed.sorted(by: { $0.key < $1.key }) {
            guard let flag = table.flags[name] else {
                reasons.append("MESOS_\(name.uppercased()) is not a flag of mesos-slave \(version): leave it out")
                continue
            }
            // Given to Mesos in argv only: the same flag in its environment too would be an error under an alias.
            flags[flag.name] = flag.isToggle ? (["", "1", "true"].contains(value.lowercased()) ? "true" : "false") : value
        }
        for name in flags.keys.sorted() where table.flags[name] == nil {
            reasons.append("mesos-slave \(version) does not know the flag --\(name)")
        }
        return reasons
    }
}

/// The credential files, and the flags that name them.
struct SlaveCredentials: Sendable {
    let files: [PlannedFile]
    let flags: [String: String]

    /// - Parameter version: of the flag table: 0.28 has no HTTP authentication.
    init(_ settings: ResolvedSettings, version: String) {
        typealias S = SlaveSettings
        var files: [PlannedFile] = []
        var flags: [String: String] = [:]
        func write(_ name: String, _ json: JSON) -> String {
            let path = "\(settings[S.runDirectory])/\(name)"
            files.append(PlannedFile(path: path, content: json.text() + "\n", isSecret: true))
            return path
        }
        func credential(_ principal: String, _ secret: String) -> JSON { ["principal": .string(principal), "secret": .string(secret)] }
        if let secret = settings[S.secret] { flags["credential"] = write("credential.json", credential(settings[S.principal], secret)) }
        if let password = settings[S.httpPassword], version != "0.28" {
            flags["http_credentials"] = write("http-credentials.json", ["credentials": [credential(settings[S.httpUser], password)]])
            flags["authenticate_http_readonly"] = "true"
            flags["authenticate_http_readwrite"] = "true"
        }
        (self.files, self.flags) = (files, flags)
    }
}
