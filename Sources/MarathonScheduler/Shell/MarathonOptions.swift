import ClusterCore
import Marathon

/// Marathon's command line, read as scallop does.
struct MarathonOptions: Sendable {
    var master: String
    var zk: ZooKeeperURL
    var hostname: String
    var httpAddress: String?
    var httpPort = 8080
    var httpCredentials: String?
    var httpRealm = "Mesosphere"
    var frameworkName = "marathon"
    var principal: String?
    var secret: String?
    var secretFile: String?
    var role: String?
    var user: String?
    var failoverTimeout = 604_800.0
    var checkpoint = true
    var webuiURL: String?
    var mesosLeaderUIURL: String?
    var allowOrigin: String?
    var sessionTimeout = Duration.seconds(10)
    var maxOutstandingEvents = 1024
    var concurrentHealthChecks = 256
    var heartbeat = Duration.seconds(75)
    var reconciliationInterval = 600.0
    var logLevel: String?
    var scheduling = SchedulerOptions()
    /// Flags that were given and change nothing here.
    var ineffective: [String] = []

    /// Why a command line is refused: scallop's sentence behind `[marathon] Error: `.
    struct Refusal: Error, Sendable, Hashable, CustomStringConvertible {
        let description: String
    }

    /// - Parameter hostname: this host's name, where none is given.
    init(_ words: [String], environment: [String: String], hostname ownName: String) throws(Refusal) {
        let flags = try Self.parse(words + Self.words(environment))
        guard let master = flags["master"] else { throw Refusal(description: "Required option 'master' not found") }
        self.master = master
        do { zk = try ZooKeeperURL(flags["zk"] ?? "zk://localhost:2181/marathon") } catch {
            throw Refusal(description: "Bad arguments for option 'zk': \(error.message)")
        }
        if zk.path.isEmpty {
            throw Refusal(description: "Bad arguments for option 'zk': a path such as /marathon is needed behind the servers")
        }
        hostname = flags["hostname"] ?? ownName
        var reader = Reader(flags: flags)
        httpAddress = reader.text("http_address")
        httpPort = try reader.number("http_port", in: 1...65535) ?? httpPort
        httpCredentials = reader.text("http_credentials") ?? environment["MESOSPHERE_HTTP_CREDENTIALS"]
        if let credentials = httpCredentials, !credentials.contains(":") {
            throw Refusal(description: "Bad arguments for option 'http_credentials': expected user:password")
        }
        httpRealm = reader.text("http_realm") ?? httpRealm
        frameworkName = reader.text("framework_name") ?? frameworkName
        principal = reader.text("mesos_authentication_principal")
        secret = reader.text("mesos_authentication_secret")
        secretFile = reader.text("mesos_authentication_secret_file")
        role = reader.text("mesos_role").flatMap { $0 == "*" ? nil : $0 }
        user = reader.text("mesos_user")
        failoverTimeout = Double(try reader.number("failover_timeout", in: 0...Int.max) ?? 604_800)
        checkpoint = reader.toggle("checkpoint") ?? true
        webuiURL = reader.text("webui_url")
        mesosLeaderUIURL = reader.text("mesos_leader_ui_url")
        allowOrigin = reader.text("access_control_allow_origin")
        sessionTimeout = .milliseconds(try reader.number("zk_session_timeout", in: 400...600_000) ?? 10_000)
        maxOutstandingEvents = try reader.number("event_stream_max_outstanding_messages", in: 1...1_000_000) ?? 1024
        concurrentHealthChecks = try reader.number("max_concurrent_marathon_health_checks", in: 1...100_000) ?? 256
        logLevel = reader.text("logging_level")
        let interval = try reader.number("mesos_heartbeat_interval", in: 1000...3_600_000) ?? 15_000
        heartbeat = .milliseconds(interval * (try reader.number("mesos_heartbeat_failure_threshold", in: 1...1000) ?? 5))
        try readScheduling(&reader)
        try reader.refuse()
        ineffective = reader.unread
    }

    private mutating func readScheduling(_ reader: inout Reader) throws(Refusal) {
        let low = try reader.number("local_port_min", in: 0...65535) ?? 10_000
        let high = try reader.number("local_port_max", in: 0...65535) ?? 20_000
        guard low <= high else {
            throw Refusal(description: "Validation failure for 'local_port_min': it must not be above 'local_port_max'")
        }
        scheduling.servicePorts = low...high
        scheduling.features = Set(
            (reader.text("enable_features") ?? "").split(separator: ",").map { String($0.filter { !$0.isWhitespace }) })
        if let unknown = scheduling.features.first(where: { $0 != "gpu_resources" }) {
            throw Refusal(description: "Bad arguments for option 'enable_features': '\(unknown)' is not supported by the embedded Marathon")
        }
        let roles = (reader.text("default_accepted_resource_roles") ?? "").split(separator: ",").map { String($0) }
        scheduling.acceptedRoles = roles.isEmpty ? Set(["*"] + (role.map { [$0] } ?? [])) : Set(roles)
        scheduling.variablePrefix = reader.text("env_vars_prefix") ?? ""
        scheduling.declineSeconds = try reader.seconds("decline_offer_duration") ?? 120
        scheduling.taskLaunchTimeout = try reader.seconds("task_launch_timeout") ?? 300
        scheduling.taskLaunchConfirmTimeout = try reader.seconds("task_launch_confirm_timeout") ?? 300
        scheduling.killRetrySeconds = try reader.seconds("kill_retry_timeout") ?? 30
        scheduling.reconciliationInterval = try reader.seconds("reconciliation_interval") ?? 600
        reconciliationInterval = scheduling.reconciliationInterval
        // Upstream waits 5 s between two revives; offers here are to be prompt unless the operator asks for less.
        scheduling.minReviveInterval = try reader.seconds("min_revive_offers_interval") ?? 0.5
        scheduling.maxApps = try reader.number("max_apps", in: 0...Int.max)
        scheduling.maxRunningDeployments = try reader.number("max_running_deployments", in: 1...Int.max) ?? 100
        scheduling.maxVersions = try reader.number("zk_max_versions", in: 1...Int.max) ?? 50
        // Upstream launches five tasks on an offer unless told; here as many as fit.
        let limit = try reader.number("max_instances_per_offer", in: 1...Int.max)
        let olderLimit = try reader.number("max_tasks_per_offer", in: 1...Int.max)
        scheduling.limitPerOffer = limit ?? olderLimit
    }

    /// `MARATHON_X=v` as `--x v`, and as a bare flag where it is empty; those of `MARATHON_APP_*` are the variables of a Marathon task.
    private static func words(_ environment: [String: String]) -> [String] {
        environment.sorted { $0.key < $1.key }.flatMap { name, value -> [String] in
            guard name.hasPrefix("MARATHON_"), !name.hasPrefix("MARATHON_APP_") else { return [] }
            let flag = "--" + name.dropFirst(9).lowercased()
            return value.isEmpty ? [flag] : [flag, value]
        }
    }

    private static func parse(_ words: [String]) throws(Refusal) -> [String: String] {
        let table = MarathonFlags.any
        for word in words where word.hasPrefix("--") {
            let name = String(word.dropFirst(2))
            let positive = name.hasPrefix("disable_") ? String(name.dropFirst(8)) : name
            if table.flags[name] == nil, table.flags[positive]?.isToggle != true { throw Refusal(description: "Unknown option '\(name)'") }
        }
        do { return try table.parse(words) } catch { throw Refusal(description: error.message) }
    }
}

/// Reads flags by name and remembers which were read.
private struct Reader {
    let flags: [String: String]
    private var read: Set<String> = ["master", "zk", "hostname"]

    init(flags: [String: String]) { self.flags = flags }

    var unread: [String] { flags.keys.filter { !read.contains($0) }.sorted() }

    mutating func text(_ name: String) -> String? {
        read.insert(name)
        return flags[name]
    }

    mutating func toggle(_ name: String) -> Bool? { text(name).map { $0 == "true" } }

    mutating func number(_ name: String, in range: ClosedRange<Int>) throws(MarathonOptions.Refusal) -> Int? {
        guard let text = text(name) else { return nil }
        guard let number = Int(text), range.contains(number) else {
            throw MarathonOptions.Refusal(
                description:
                    "Bad arguments for option '\(name)': '\(text)' - expected a whole number, \(range.lowerBound)–\(range.upperBound)")
        }
        return number
    }

    /// Milliseconds as seconds.
    mutating func seconds(_ name: String) throws(MarathonOptions.Refusal) -> Double? {
        try number(name, in: 0...Int(Int32.max) * 1000).map { Double($0) / 1000 }
    }

    /// What would be wrong if it were quietly ignored.
    mutating func refuse() throws(MarathonOptions.Refusal) {
        let refused = [
            "ssl_keystore_path", "ssl_keystore_password", "plugin_dir", "plugin_conf", "artifact_store", "http_endpoints",
            "backup_location", "default_network_name",
        ]
        for name in refused where flags[name] != nil {
            throw MarathonOptions.Refusal(description: "the option '\(name)' is not supported by the embedded Marathon")
        }
        for (name, allowed) in [
            ("disable_http", "false"), ("executor", "//cmd"), ("internal_store_backend", "zk"), ("leader_election_backend", "curator"),
            ("ha", "true"),
        ] {
            if let value = text(name), value != allowed {
                throw MarathonOptions.Refusal(
                    description: "the option '\(name)' is only supported as '\(allowed)' by the embedded Marathon")
            }
        }
    }
}
