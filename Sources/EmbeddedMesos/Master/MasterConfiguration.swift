import ClusterCore
import EngineSupport
import Mesos

/// What the flags of `mesos-master` mean to the embedded master.
struct MasterConfiguration: Sendable {
    /// Where it listens.
    let ip: String
    let port: Int
    /// What it announces.
    let advertisedIP: String
    let advertisedPort: Int
    let hostname: String
    let cluster: String?
    /// nil: it leads alone, without an election.
    let zooKeeper: ZooKeeperURL?
    let sessionTimeout: Duration
    let limits: MasterState.Limits
    let authentication: MasterAuthentication
    /// All flags with their values, for `/flags`.
    let flags: [String: String]
    let isVerbose: Bool

    /// Flags that would change what users see and that this engine doesn't have.
    private static let unsupported = [
        "acls", "domain", "external_log_file", "firewall_rules", "hooks", "http_framework_authenticators_module", "ip_discovery_command",
        "master_contender", "master_detector", "modules", "modules_dir", "rate_limits", "require_agent_domain", "whitelist",
    ]

    /// Reads the command line; `MESOS_…` variables count where the command line doesn't say (Mesos source, `stout/flags`).
    /// - Parameters:
    ///   - hostAddress: the address to announce where none is given.
    ///   - readFile: reads a file (credentials, `file://` values).
    /// - Throws: `ClusterError` `.usage` or `.settings`, in upstream's words where it has them.
    init(
        arguments: [String], environment: [String: String], hostAddress: String = "127.0.0.1",
        readFile: (String) throws(ClusterError) -> String
    ) throws(ClusterError) {
        let given = try MesosFlags.given(
            arguments, environment: environment, table: MesosFlags.master, files: ["zk", "weights", "roles"], readFile: readFile)
        for name in Self.unsupported {
            if let value = given[name], value != "false" {
                throw ClusterError(.usage, "--\(name) is not supported by the embedded Mesos master: run Apache Mesos, or drop the flag")
            }
        }
        ip = given["ip"] ?? "0.0.0.0"
        port = try given.whole("port", in: 1...65535) ?? 5050
        advertisedIP = given["advertise_ip"] ?? (ip == "0.0.0.0" ? hostAddress : ip)
        advertisedPort = try given.whole("advertise_port", in: 1...65535) ?? port
        hostname = given["hostname"] ?? advertisedIP
        cluster = given["cluster"]
        isVerbose = false
        try Self.checkRegistry(given)
        if let text = given["zk"] {
            guard text.hasPrefix("zk://") else { throw ClusterError(.usage, "Failed to parse '--zk': expected zk://host:port/path") }
            zooKeeper = try MesosFlags.zooKeeper(text)
        } else {
            zooKeeper = nil
        }
        sessionTimeout = try given.duration("zk_session_timeout") ?? .seconds(10)
        var limits = MasterState.Limits()
        limits.offerTimeout = try given.duration("offer_timeout")?.seconds
        let ping = try given.duration("agent_ping_timeout") ?? .seconds(15)
        limits.agentTimeout = ping.seconds * Double(try given.whole("max_agent_ping_timeouts", in: 1...1000) ?? 5)
        limits.agentReregisterTimeout = (try given.duration("agent_reregister_timeout") ?? .seconds(600)).seconds
        limits.completedFrameworks = try given.whole("max_completed_frameworks", in: 0...100_000) ?? 50
        limits.completedTasks = try given.whole("max_completed_tasks_per_framework", in: 0...1_000_000) ?? 1000
        limits.unreachableTasks = try given.whole("max_unreachable_tasks_per_framework", in: 0...1_000_000) ?? 1000
        limits.weights = try Self.weights(given["weights"])
        limits.allowedRoles = given["roles"].map { Set($0.split(separator: ",").map(String.init)) }
        limits.allowsRoot = given["root_submissions"] != "false"
        self.limits = limits
        authentication = try MasterAuthentication(flags: given, readFile: readFile)
        var shown = Self.defaults
        for (name, value) in given { shown[name] = value }
        if let zooKeeper { shown["zk"] = zooKeeper.description }
        flags = shown
    }

    private static func checkRegistry(_ given: [String: String]) throws(ClusterError) {
        switch given["registry"] ?? "replicated_log" {
        case "in_memory": break
        case "replicated_log":
            guard given["work_dir"] != nil else {
                throw ClusterError(.usage, "--work_dir needed for replicated log based registry")
            }
            guard given["zk"] == nil || given["quorum"] != nil else {
                throw ClusterError(.usage, "Need to specify --quorum for replicated log based registry when using ZooKeeper")
            }
        case let other: throw ClusterError(.usage, "'\(other)' is not a supported option for registry persistence")
        }
    }

    private static func weights(_ text: String?) throws(ClusterError) -> [String: Double] {
        var weights: [String: Double] = [:]
        for pair in (text ?? "").split(separator: ",") {
            let parts = pair.split(separator: "=")
            guard parts.count == 2, let weight = Double(parts[1]), weight > 0 else {
                throw ClusterError(.usage, "Invalid weight '\(pair)': expected role=weight with a weight > 0")
            }
            weights[String(parts[0])] = weight
        }
        return weights
    }

    /// Flags with a default, as Mesos 1.11 lists them.
    private static let defaults: [String: String] = [
        "agent_ping_timeout": "15secs", "agent_reregister_timeout": "10mins", "allocation_interval": "1secs", "allocator": "hierarchical",
        "allocator_agent_recovery_factor": "0.8", "allocator_recovery_timeout": "10mins", "authenticate_agents": "false",
        "authenticate_frameworks": "false", "authenticate_http_frameworks": "false", "authenticate_http_readonly": "false",
        "authenticate_http_readwrite": "false", "authentication_v0_timeout": "15secs", "authenticators": "crammd5",
        "authorizers": "local", "filter_gpu_resources": "true", "framework_sorter": "drf", "help": "false", "hostname_lookup": "true",
        "http_authenticators": "basic", "initialize_driver_logging": "true", "log_auto_initialize": "true", "logbufsecs": "0",
        "logging_level": "INFO", "max_agent_ping_timeouts": "5", "max_completed_frameworks": "50",
        "max_completed_tasks_per_framework": "1000", "max_operator_event_stream_subscribers": "1000",
        "max_unreachable_tasks_per_framework": "1000", "memory_profiling": "false", "min_allocatable_resources": "cpus:0.01|mem:32",
        "offer_constraints_re2_max_mem": "4KB", "offer_constraints_re2_max_program_size": "100", "port": "5050",
        "publish_per_framework_metrics": "true", "quiet": "false", "recovery_agent_removal_limit": "100%", "registry": "replicated_log",
        "registry_fetch_timeout": "1mins", "registry_gc_interval": "15mins", "registry_max_agent_age": "2weeks",
        "registry_max_agent_count": "102400", "registry_store_timeout": "20secs", "registry_strict": "false",
        "require_agent_domain": "false", "role_sorter": "drf", "root_submissions": "true", "version": "false",
        "zk_session_timeout": "10secs",
    ]
}
