import Chronos
import ClusterCore

/// Chronos' command line, read as scallop does.
struct ChronosOptions: Sendable {
    /// `zk://…`, or a master's `host:port`.
    var master: String
    /// Servers of Chronos' state, its path, and perhaps credentials.
    var zk: ZooKeeperURL
    var hostname: String
    var httpAddress = "0.0.0.0"
    var httpPort = 8080
    /// `user:password`
    var httpCredentials: String?
    var httpRealm = "Mesosphere"
    var frameworkName = "chronos"
    var principal: String?
    var secretFile: String?
    var role: String?
    var user: String
    var failoverTimeout = 604_800.0
    var checkpoint = true
    var webuiURL: String?
    var sessionTimeout = Duration.seconds(10)
    var epsilonSeconds = 60
    var failureRetry = Duration.seconds(60)
    var disableAfterFailures = 0
    var defaults = OfferPlanner.Demand(cpus: 0.1, mem: 128, disk: 256, gpus: 0)
    var declineSeconds = 5.0
    var reviveInterval = Duration.seconds(5)
    var reconciliationInterval = Duration.seconds(600)
    /// Flags that were given and change nothing here.
    var ineffective: [String] = []

    /// - Parameters:
    ///   - words: those behind the program's name.
    ///   - hostname: this host's name, where none is given.
    ///   - user: who tasks run as where `--user` does not say it: upstream's `root` would need a slave that runs as root.
    /// - Throws: `ClusterError` `.usage`.
    init(_ words: [String], environment: [String: String], hostname: String, user: String) throws(ClusterError) {
        var flags = FlagReader(try Self.parse(words))
        guard var master = flags.text("master"), master != "local" else {
            throw ClusterError(.usage, "the option 'master' is needed: zk://host:port,host:port/mesos or host:port")
        }
        if master.hasPrefix("file://") {
            // As Mesos' library does: the file holds the URL, perhaps with a password.
            master = String(try Files.text(String(master.dropFirst(7)), limit: 65_536).filter { !$0.isWhitespace })
        }
        guard master.hasPrefix("zk://") || HostPort(master, defaultPort: 5050) != nil else {
            throw ClusterError(.usage, "the option 'master' must be zk://host:port/path or host:port")
        }
        self.master = master
        zk = try Self.zooKeeper(&flags)
        self.hostname = flags.text("hostname") ?? hostname
        self.user = flags.text("user") ?? user
        httpAddress = flags.text("http_address") ?? httpAddress
        httpPort = try flags.number("http_port", in: 0...65535) ?? httpPort
        httpCredentials = flags.text("http_credentials") ?? environment["MESOSPHERE_HTTP_CREDENTIALS"]
        if let credentials = httpCredentials, !credentials.contains(":") {
            throw ClusterError(.usage, "the HTTP credentials must have the form user:password")
        }
        httpRealm = flags.text("http_realm") ?? httpRealm
        frameworkName = flags.text("mesos_framework_name") ?? frameworkName
        principal = flags.text("mesos_authentication_principal")
        secretFile = flags.text("mesos_authentication_secret_file")
        role = flags.text("mesos_role").flatMap { $0 == "*" ? nil : $0 }
        failoverTimeout = Double(try flags.number("failover_timeout", in: 0...Int(Int32.max)) ?? 604_800)
        checkpoint = flags.text("mesos_checkpoint").map { $0 == "true" } ?? true
        webuiURL = flags.text("webui_url")
        sessionTimeout = .milliseconds(try flags.number("zk_timeout", in: 400...600_000) ?? 10_000)
        epsilonSeconds = try flags.number("task_epsilon", in: 1...31_536_000) ?? epsilonSeconds
        failureRetry = .milliseconds(try flags.number("failure_retry", in: 0...86_400_000) ?? 60_000)
        disableAfterFailures = try flags.number("disable_after_failures", in: 0...1_000_000_000) ?? 0
        defaults.cpus = try flags.amount("mesos_task_cpu") ?? defaults.cpus
        defaults.mem = try flags.amount("mesos_task_mem") ?? defaults.mem
        defaults.disk = try flags.amount("mesos_task_disk") ?? defaults.disk
        declineSeconds = try flags.number("decline_offer_duration", in: 0...86_400_000).map { Double($0) / 1000 } ?? declineSeconds
        reviveInterval = .milliseconds(try flags.number("min_revive_offers_interval", in: 0...86_400_000) ?? 5000)
        reconciliationInterval = .seconds(try flags.number("reconciliation_interval", in: 1...86_400) ?? 600)
        // GPUs are always asked for.
        if let features = flags.text("enable_features"), features != "gpu_resources", !features.isEmpty {
            throw ClusterError(.usage, "the option 'enable_features' is only supported as 'gpu_resources', not '\(features)'")
        }
        try flags.refuseUnsupported()
        ineffective = flags.unread
    }

    /// `--zk_hosts` (a list, or a URL whose path does not count), `--zk_path`, `--zk_auth` (`user:password`, or with `digest:` before, or
    /// `file:///path` of a file that holds it: a command line is read by every user of the host).
    private static func zooKeeper(_ flags: inout FlagReader) throws(ClusterError) -> ZooKeeperURL {
        let path = flags.text("zk_path") ?? "/chronos/state"
        let hosts: ZooKeeperURL
        do throws(ClusterError) { hosts = try ZooKeeperURL(flags.text("zk_hosts") ?? "localhost:2181") } catch {
            throw ClusterError(.usage, "zookeeper servers must be provided in the form host1:port2,host2:port2 in 'zk_hosts'")
        }
        guard path.hasPrefix("/"), path.count > 1, !path.hasSuffix("/"), !path.contains("//") else {
            throw ClusterError(.usage, "the option 'zk_path' must be a path such as /chronos/state, not '\(path)'")
        }
        var credentials = hosts.credentials
        if var text = flags.text("zk_auth") {
            if text.hasPrefix("file://") {
                text = String(try Files.text(String(text.dropFirst(7)), limit: 65_536).split(whereSeparator: \.isNewline).first ?? "")
            }
            let parts = (text.hasPrefix("digest:") ? text.dropFirst(7) : text[...]).split(separator: ":", maxSplits: 1)
            guard parts.count == 2 else { throw ClusterError(.usage, "the option 'zk_auth' must have the form user:password") }
            credentials = ZooKeeperURL.Credentials(user: String(parts[0]), password: String(parts[1]))
        }
        return ZooKeeperURL(servers: hosts.servers, path: path, credentials: credentials)
    }

    private static func parse(_ words: [String]) throws(ClusterError) -> [String: String] {
        for word in words where word.hasPrefix("--") {
            let name = String(word.dropFirst(2))
            let positive = name.hasPrefix("disable_") ? String(name.dropFirst(8)) : name
            if ChronosFlags.table.flags[name] == nil, ChronosFlags.table.flags[positive]?.isToggle != true {
                throw ClusterError(.usage, "Unknown option '\(name)'")
            }
        }
        return try ChronosFlags.table.parse(words)
    }
}

/// Reads flags by name and remembers which were read.
private struct FlagReader {
    private let flags: [String: String]
    private var read: Set<String> = []

    init(_ flags: [String: String]) { self.flags = flags }

    var unread: [String] { flags.keys.filter { !read.contains($0) }.sorted() }

    mutating func text(_ name: String) -> String? {
        read.insert(name)
        return flags[name]
    }

    mutating func number(_ name: String, in range: ClosedRange<Int>) throws(ClusterError) -> Int? {
        guard let text = text(name) else { return nil }
        guard let number = Int(text), range.contains(number) else {
            throw ClusterError(
                .usage, "the option '\(name)' must be a whole number, \(range.lowerBound)–\(range.upperBound), not '\(text)'")
        }
        return number
    }

    mutating func amount(_ name: String) throws(ClusterError) -> Double? {
        guard let text = text(name) else { return nil }
        guard let number = Double(text), number > 0, number < 1e12 else {
            throw ClusterError(.usage, "the option '\(name)' must be a number above 0, not '\(text)'")
        }
        return number
    }

    /// What would be missed if it were quietly ignored.
    mutating func refuseUnsupported() throws(ClusterError) {
        let refused = [
            "assets_path", "cassandra_contact_points", "graphite_host_port", "http_notification_credentials", "http_notification_url",
            "mail_server", "mattermost_url", "raven_dsn", "slack_url", "ssl_keystore_password", "ssl_keystore_path",
        ]
        for name in refused where flags[name] != nil {
            throw ClusterError(.usage, "the option '\(name)' is not supported by the embedded Chronos; leave it out or use upstream's")
        }
        if text("disable_http") == "true" {
            throw ClusterError(.usage, "the option 'disable_http' is not supported by the embedded Chronos")
        }
    }
}
