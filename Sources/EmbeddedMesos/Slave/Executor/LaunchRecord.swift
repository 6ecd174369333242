import ClusterCore
import Glibc
import JSON
import Supervision

/// All that the executor needs to run one task, as the slave checkpoints it before the launch (`task.json`, 0600: it holds the task's
/// environment). Slave and executor find each other's files in the same directory.
struct LaunchRecord: Sendable {
    /// Random id of this run of the task.
    let containerID: String
    let agentID: String
    let frameworkID: String
    /// Mesos v1 `FrameworkInfo`.
    let framework: JSON
    /// Mesos v1 `TaskInfo`.
    let task: JSON
    /// The sandbox.
    let sandbox: String
    /// Of the slave at the launch.
    let settings: LaunchSettings

    /// The container's name in Docker, by which it is found again (Mesos 0.23–1.4: `src/slave/containerizer/docker.hpp`).
    var dockerName: String { "mesos-\(agentID).\(containerID)" }

    /// The record as JSON.
    var json: JSON {
        .members([
            "version": 1, "container_id": .string(containerID), "agent_id": .string(agentID), "framework_id": .string(frameworkID),
            "framework": framework, "task": task, "sandbox": .string(sandbox), "settings": settings.json,
        ])
    }

    /// Makes a record.
    init(
        containerID: String, agentID: String, frameworkID: String, framework: JSON, task: JSON, sandbox: String, settings: LaunchSettings
    ) {
        self.containerID = containerID
        self.agentID = agentID
        self.frameworkID = frameworkID
        self.framework = framework
        self.task = task
        self.sandbox = sandbox
        self.settings = settings
    }

    /// Reads a record.
    init(json: JSON) throws(ClusterError) {
        guard json["version"]?.int == 1, let containerID = json["container_id"]?.string, let agentID = json["agent_id"]?.string,
            let frameworkID = json["framework_id"]?.string, let framework = json["framework"], let task = json["task"],
            let sandbox = json["sandbox"]?.string, let settings = json["settings"]
        else { throw ClusterError(.invalid, "a checkpointed task is malformed or of another version") }
        self.init(
            containerID: containerID, agentID: agentID, frameworkID: frameworkID, framework: framework, task: task, sandbox: sandbox,
            settings: LaunchSettings(json: settings))
    }
}

/// What of the slave's flags and surroundings matters to a task.
struct LaunchSettings: Sendable, Hashable {
    /// Environment that every process gets: the slave's own without `MESOS_*` and `LIBPROCESS_*`, as upstream.
    var environment: [String: String] = [:]
    /// `--switch_user`
    var switchesUser = true
    /// `--docker`; nil where `--containerizers` has no `docker`.
    var docker: String?
    /// `--docker_socket`
    var dockerSocket = "/var/run/docker.sock"
    /// Where a container finds its sandbox (`--sandbox_directory`).
    var sandboxMount = "/mnt/mesos/sandbox"
    /// `--executor_shutdown_grace_period`
    var grace = Duration.seconds(5)
    /// `--fetcher_stall_timeout`
    var fetchStall = Duration.seconds(60)
    /// `--frameworks_home`: where relative URIs begin; empty: they are refused.
    var frameworksHome = ""
    /// The slave's own address.
    var address = "127.0.0.1"
    /// `slave(1)@ip:port`
    var slavePID = ""
    /// False where `--containerizers` has no `mesos`.
    var runsProcesses = true

    /// The settings as JSON.
    var json: JSON {
        .members([
            "environment": .object(JSONObject(environment.sorted { $0.key < $1.key }.map { ($0.key, JSON.string($0.value)) })),
            "switch_user": .bool(switchesUser), "docker": docker.map { .string($0) }, "docker_socket": .string(dockerSocket),
            "sandbox_directory": .string(sandboxMount), "grace_ms": .int(grace.milliseconds),
            "fetch_stall_ms": .int(fetchStall.milliseconds),
            "frameworks_home": .string(frameworksHome), "address": .string(address), "slave_pid": .string(slavePID),
            "processes": .bool(runsProcesses),
        ])
    }

    /// Upstream's defaults.
    init() {}

    /// Reads what `json` wrote; what is absent keeps its default.
    init(json: JSON) {
        for (name, value) in json["environment"]?.object ?? [:] { environment[name] = value.string }
        switchesUser = json["switch_user"]?.bool ?? true
        docker = json["docker"]?.string
        dockerSocket = json["docker_socket"]?.string ?? dockerSocket
        sandboxMount = json["sandbox_directory"]?.string ?? sandboxMount
        grace = (json["grace_ms"]?.int).map { .milliseconds($0) } ?? grace
        fetchStall = (json["fetch_stall_ms"]?.int).map { .milliseconds($0) } ?? fetchStall
        frameworksHome = json["frameworks_home"]?.string ?? ""
        address = json["address"]?.string ?? address
        slavePID = json["slave_pid"]?.string ?? ""
        runsProcesses = json["processes"]?.bool ?? true
    }
}

/// The files of one run in `<work_dir>/meta/slaves/<agent>/frameworks/<framework>/executors/<task>/runs/<container>/`.
///
/// They outlive processes, not the host: a task does not survive a reboot either, so nothing here waits for the disk (fsync), and a
/// thousand launches stay cheap.
struct RunFiles: Sendable, Hashable {
    /// Absolute path of the directory.
    let directory: String

    /// Written by the slave before the launch.
    var task: String { "\(directory)/task.json" }
    /// Written by the executor when it takes the task on: from here on the slave never launches it again.
    var accepted: String { "\(directory)/accepted" }
    /// The process's identity, written by the executor right behind its start.
    var process: String { "\(directory)/process" }
    /// What became of it, one JSON line each.
    var events: String { "\(directory)/events" }
    /// One line for each event that a framework has acknowledged.
    var acknowledged: String { "\(directory)/acknowledged" }

    /// Reads the record.
    func record() throws(ClusterError) -> LaunchRecord {
        let bytes = try Files.read(task)
        guard let json = try? JSON(parsing: bytes) else { throw ClusterError(.invalid, "\(task) is not JSON") }
        return try LaunchRecord(json: json)
    }

    /// The events so far; a line that a crash cut off is left out.
    func readEvents() -> [TaskEvent] {
        let text = (try? Files.text(events)) ?? ""
        return text.split(separator: "\n").compactMap { line in (try? JSON(parsing: line.utf8)).flatMap { TaskEvent(json: $0) } }
    }

    /// How many events have been acknowledged.
    func acknowledgedCount() -> Int { ((try? Files.read(acknowledged)) ?? []).count { $0 == UInt8(ascii: "\n") } }

    /// The process, where one was started.
    func readProcess() -> ProcessIdentity? {
        guard let bytes = try? Files.read(process), let json = try? JSON(parsing: bytes), let pid = json["pid"]?.int,
            let ticks = json["start_ticks"]?.int, let bootID = json["boot_id"]?.string, let number = Int32(exactly: pid)
        else { return nil }
        return ProcessIdentity(pid: number, startTicks: UInt64(clamping: ticks), bootID: bootID)
    }

    /// Keeps the process's identity.
    func write(_ identity: ProcessIdentity) throws(ClusterError) {
        let json = JSON.members([
            "pid": .number(Int(identity.pid)), "start_ticks": .int(Int64(clamping: identity.startTicks)),
            "boot_id": .string(identity.bootID),
        ])
        try QuickFile.replace(process, json.bytes())
    }
}

/// Files that must be whole to a reader, and need not survive the host.
enum QuickFile {
    /// Writes beside the place and renames into it.
    static func replace(_ path: String, _ bytes: [UInt8], mode: mode_t = 0o600) throws(ClusterError) {
        let staged = "\(path).new"
        unlink(staged)
        try write(staged, bytes, flags: O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode: mode)
        guard rename(staged, path) == 0 else { throw ClusterError(.io, "can't replace \(path): \(String(cString: strerror(errno)))") }
    }

    /// Appends in one write.
    static func append(_ path: String, _ bytes: [UInt8], mode: mode_t = 0o600) throws(ClusterError) {
        try write(path, bytes, flags: O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, mode: mode)
    }

    private static func write(_ path: String, _ bytes: [UInt8], flags: Int32, mode: mode_t) throws(ClusterError) {
        let descriptor = open(path, flags, mode)
        guard descriptor >= 0 else { throw ClusterError(.io, "can't write \(path): \(String(cString: strerror(errno)))") }
        defer { close(descriptor) }
        var offset = 0
        while offset < bytes.count {
            let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress.map { $0 + offset }, bytes.count - offset) }
            if count >= 0 {
                offset += count
            } else if errno != EINTR {
                throw ClusterError(.io, "can't write \(path): \(String(cString: strerror(errno)))")
            }
        }
    }
}
