import ClusterCore
import EngineSupport
import HTTPClient
import JSON
import Mesos

/// What the flags of `mesos-slave` mean to the embedded slave.
struct SlaveConfiguration: Sendable {
    /// How the checkpoint of an earlier start is used (`--recover`).
    enum Recovery: String, Sendable { case reconnect, cleanup }

    /// Where it listens.
    let ip: String
    let port: Int
    /// What it announces.
    let advertisedIP: String
    let advertisedPort: Int
    let hostname: String
    /// Where masters are found.
    let zooKeeper: ZooKeeperURL
    let sessionTimeout: Duration
    let workDirectory: String
    let resources: Resources
    let attributes: [Attribute]
    let recovery: Recovery
    /// True: more resources or attributes than at the first start are fine (`--reconfiguration_policy=additive`).
    let isAdditive: Bool
    /// Who it is to the master.
    let credential: HTTPRequest.BasicAuth?
    let authentication: SlaveAuthentication
    let launch: LaunchSettings
    /// How long a finished task's sandbox is kept (`--gc_delay`).
    let sandboxLife: Duration
    let maxCompletedTasks: Int
    let isVerbose: Bool
    /// All flags with their values, for `/flags`.
    let flags: [String: String]
    /// Flags that were given and change nothing here.
    let withoutEffect: [String]

    /// Reads the command line; `MESOS_…` variables count where the command line doesn't say (Mesos source, `stout/flags`).
    /// - Parameters:
    ///   - host: what is found on this host.
    ///   - readFile: reads a file (credentials, `file://` values).
    /// - Throws: `ClusterError` `.usage` or `.settings`, in upstream's words where it has them.
    init(
        arguments: [String], environment: [String: String], host: HostResources, readFile: (String) throws(ClusterError) -> String
    ) throws(ClusterError) {
        let given = try MesosFlags.given(
            arguments, environment: environment, table: MesosFlags.agent, files: ["master", "resources", "attributes"], readFile: readFile)
        withoutEffect = try SlaveFlags.check(given)

        guard let master = given["master"] else {
            throw ClusterError(.usage, "Missing required option `--master` or `--master_detector`.")
        }
        guard master.hasPrefix("zk://") else {
            throw ClusterError(.usage, "--master must be zk://host:port,…/path: the embedded slave finds its master by ZooKeeper only")
        }
        zooKeeper = try MesosFlags.zooKeeper(master)
        sessionTimeout = try given.duration("zk_session_timeout") ?? .seconds(10)
        guard let work = given["work_dir"], work.hasPrefix("/") else {
            throw ClusterError(.usage, "--work_dir is required, as an absolute path")
        }
        workDirectory = work

        ip = given["ip"] ?? "0.0.0.0"
        port = try given.whole("port", in: 1...65535) ?? 5051
        advertisedIP = given["advertise_ip"] ?? (ip == "0.0.0.0" ? host.address : ip)
        advertisedPort = try given.whole("advertise_port", in: 1...65535) ?? port
        hostname = given["hostname"] ?? advertisedIP
        resources = try host.complete(try Resources(text: given["resources"] ?? ""))
        attributes = try Attribute.list(text: given["attributes"] ?? "")

        switch given["recover"] ?? "reconnect" {
        case "reconnect": recovery = .reconnect
        case "cleanup": recovery = .cleanup
        case let other: throw ClusterError(.usage, "Failed to load flag 'recover': '\(other)' is neither reconnect nor cleanup")
        }
        switch given["reconfiguration_policy"] ?? "equal" {
        case "equal": isAdditive = false
        case "additive": isAdditive = true
        case let other:
            throw ClusterError(.usage, "Failed to load flag 'reconfiguration_policy': '\(other)' is neither equal nor additive")
        }
        credential = try Self.credential(given["credential"], readFile)
        authentication = try SlaveAuthentication(flags: given, readFile: readFile)
        launch = try Self.launch(given, environment, pid: "slave(1)@\(HostPort(host: advertisedIP, port: advertisedPort))", advertisedIP)
        sandboxLife = try given.duration("gc_delay") ?? .seconds(7 * 86400)
        maxCompletedTasks = try given.whole("max_completed_executors_per_framework", in: 0...100_000) ?? 150
        isVerbose = false
        flags = SlaveFlags.defaults.merging(given) { $1 }.merging(["master": zooKeeper.description, "work_dir": work]) { $1 }
    }

    private static func launch(
        _ given: [String: String], _ environment: [String: String], pid: String, _ address: String
    ) throws(ClusterError) -> LaunchSettings {
        var launch = LaunchSettings()
        if let text = given["executor_environment_variables"] {
            guard let object = (try? JSON(parsing: text))?.object else {
                throw ClusterError(.usage, "Failed to load flag 'executor_environment_variables': it is no JSON object")
            }
            for (name, value) in object { launch.environment[name] = value.string ?? value.text() }
        } else {
            // LOG_LEVEL is the engine's own, and means something else to many a task.
            launch.environment = environment.filter {
                !$0.key.hasPrefix("MESOS_") && !$0.key.hasPrefix("LIBPROCESS_") && $0.key != "LOG_LEVEL"
            }
        }
        if launch.environment["PATH"] == nil {
            launch.environment["PATH"] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        }
        let containerizers = (given["containerizers"] ?? "mesos").split(separator: ",").map { $0.filter { !$0.isWhitespace } }
        for name in containerizers where name != "mesos" && name != "docker" {
            throw ClusterError(.usage, "Failed to load flag 'containerizers': '\(name)' is neither mesos nor docker")
        }
        launch.runsProcesses = containerizers.contains("mesos")
        launch.docker = containerizers.contains("docker") ? given["docker"] ?? "docker" : nil
        let socket = given["docker_socket"] ?? "/var/run/docker.sock"
        launch.dockerSocket = socket.hasPrefix("unix://") ? String(socket.dropFirst(7)) : socket
        launch.sandboxMount = given["sandbox_directory"] ?? launch.sandboxMount
        launch.switchesUser = given["switch_user"] != "false"
        launch.grace = try given.duration("executor_shutdown_grace_period") ?? launch.grace
        launch.fetchStall = try given.duration("fetcher_stall_timeout") ?? launch.fetchStall
        launch.frameworksHome = given["frameworks_home"] ?? ""
        launch.address = address
        launch.slavePID = pid
        return launch
    }

    private static func credential(
        _ path: String?, _ readFile: (String) throws(ClusterError) -> String
    ) throws(ClusterError) -> HTTPRequest.BasicAuth? {
        guard let path else { return nil }
        let plain = path.hasPrefix("file://") ? String(path.dropFirst(7)) : path
        guard let credential = try BasicAuthentication.Credential.list(mesosFile: try readFile(plain), path: plain).first else {
            throw ClusterError(.settings, "the credential file \(plain) is empty: give it a principal and a secret")
        }
        return HTTPRequest.BasicAuth(user: credential.principal, password: credential.secret)
    }
}
