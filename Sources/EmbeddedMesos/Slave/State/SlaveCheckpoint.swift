import ClusterCore
import Glibc
import JSON
import Mesos

/// The slave's files in its work directory, laid out as upstream's: `meta/slaves/<id>` what must be found again, `slaves/<id>` sandboxes.
struct SlaveCheckpoint: Sendable {
    let workDirectory: String

    var meta: String { "\(workDirectory)/meta" }
    private var latest: String { "\(meta)/slaves/latest" }

    /// Creates the directories. Only this user may read the checkpoint: it holds the environment of tasks.
    func prepare() throws(ClusterError) {
        try Files.makeDirectory(workDirectory)
        try Files.makeDirectory(meta, mode: 0o700)
        try Files.makeDirectory("\(meta)/slaves", mode: 0o700)
    }

    /// Lets no other slave use the work directory, as long as this process lives.
    /// - Throws: `.conflict` where another does.
    func lock() throws(ClusterError) -> Int32 {
        let descriptor = open("\(meta)/slave.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw ClusterError(.io, "can't open \(meta)/slave.lock: \(String(cString: strerror(errno)))") }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            throw ClusterError(.conflict, "another slave runs with the work directory \(workDirectory): give each slave its own --work_dir")
        }
        return descriptor
    }

    /// The agent of the last start, with its id; nil at the first.
    func agent() throws(ClusterError) -> AgentInfo? {
        var buffer = [CChar](repeating: 0, count: 512)
        let count = readlink(latest, &buffer, buffer.count)
        guard count > 0 else { return nil }
        let id =
            String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self).split(separator: "/").last.map(String.init)
            ?? ""
        let file = "\(meta)/slaves/\(id)/slave.info"
        guard let json = try? JSON(parsing: try Files.read(file)), let agent = try? AgentInfo(json: json) else {
            throw ClusterError(
                .conflict,
                "\(file) is not a checkpoint of the embedded slave: give this slave a work directory of its own, or remove \(latest) to "
                    + "start as a new agent (its running tasks are then not found again)")
        }
        return agent
    }

    /// Keeps the agent. `agent.id` must be set.
    func keep(_ agent: AgentInfo) throws(ClusterError) {
        guard let id = agent.id, SafeName.isComponent(id) else {
            throw ClusterError(.invalid, "the master gave an agent id that is no name")
        }
        try Files.makeDirectory("\(meta)/slaves/\(id)", mode: 0o700)
        try Files.write("\(meta)/slaves/\(id)/slave.info", agent.json.bytes(), mode: 0o600)
        let staged = "\(latest).new"
        unlink(staged)
        guard symlink(id, staged) == 0, rename(staged, latest) == 0 else {
            throw ClusterError(.io, "can't write \(latest): \(String(cString: strerror(errno)))")
        }
    }

    /// The next start is that of a new agent.
    func forgetAgent() { unlink(latest) }

    /// Where a run's checkpoint lies.
    func files(agent: String, framework: String, task: String, container: String) -> RunFiles {
        RunFiles(directory: "\(meta)/slaves/\(agent)/frameworks/\(framework)/executors/\(task)/runs/\(container)")
    }

    /// Where its sandbox lies.
    func sandbox(agent: String, framework: String, task: String, container: String) -> String {
        "\(workDirectory)/slaves/\(agent)/frameworks/\(framework)/executors/\(task)/runs/\(container)"
    }

    /// Makes sandbox and checkpoint of a task.
    func begin(_ task: SlaveTask, _ settings: LaunchSettings) throws(ClusterError) {
        let place = (task.agentID, task.frameworkID, task.info.taskID, task.containerID)
        let files = files(agent: place.0, framework: place.1, task: place.2, container: place.3)
        let sandbox = sandbox(agent: place.0, framework: place.1, task: place.2, container: place.3)
        try Files.makeDirectory(sandbox)
        for name in ["stdout", "stderr"] { try QuickFile.append("\(sandbox)/\(name)", [], mode: 0o644) }
        let link = "\(sandbox.dropLast(task.containerID.utf8.count))latest"
        unlink(link)
        symlink(task.containerID, link)
        try Files.makeDirectory(files.directory, mode: 0o700)
        let record = LaunchRecord(
            containerID: task.containerID, agentID: task.agentID, frameworkID: task.frameworkID, framework: task.framework.json,
            task: task.info.json, sandbox: sandbox, settings: settings)
        try QuickFile.replace(files.task, record.json.bytes())
    }

    /// Forgets a run, and the directories above it that are empty then. The sandbox stays.
    func end(_ task: SlaveTask) throws(ClusterError) {
        let files = files(agent: task.agentID, framework: task.frameworkID, task: task.info.taskID, container: task.containerID)
        try Files.remove(files.directory)
        var path = files.directory
        for _ in 0..<5 {
            guard let slash = path.lastIndex(of: "/") else { return }
            path = String(path[..<slash])
            guard rmdir(path) == 0 else { return }
        }
    }

    /// The tasks of an agent that were checkpointed.
    /// - Parameter problem: called for a checkpoint that can't be read; it is left as it is.
    func tasks(agent: String, problem: (String) -> Void) -> [SlaveTask] {
        var found: [SlaveTask] = []
        let base = "\(meta)/slaves/\(agent)/frameworks"
        func names(_ path: String) -> [String] { (try? Files.list(path)) ?? [] }
        for framework in names(base) {
            for task in names("\(base)/\(framework)/executors") {
                for container in names("\(base)/\(framework)/executors/\(task)/runs") {
                    let files = files(agent: agent, framework: framework, task: task, container: container)
                    do throws(ClusterError) {
                        found.append(try read(files, framework: framework))
                    } catch {
                        problem("task \(task) of framework \(framework) can't be recovered: \(error)")
                    }
                }
            }
        }
        return found
    }

    private func read(_ files: RunFiles, framework: String) throws(ClusterError) -> SlaveTask {
        let record = try files.record()
        var task = SlaveTask(
            containerID: record.containerID, agentID: record.agentID, framework: try FrameworkInfo(json: record.framework),
            frameworkID: framework, info: try TaskInfo(json: record.task))
        for event in files.readEvents() { _ = task.add(event) }
        task.acknowledged = min(files.acknowledgedCount(), task.events.count)
        return task
    }
}

extension AgentInfo {
    /// What must not change between two starts with the same checkpoint, as upstream checks it; nil where all is well.
    /// - Parameter isAdditive: more resources and attributes are fine.
    func incompatibility(with old: AgentInfo, isAdditive: Bool) -> String? {
        if hostname != old.hostname { return "hostname was \(old.hostname) and is \(hostname)" }
        if port != old.port { return "port was \(old.port) and is \(port)" }
        let isMore = resources.contains(old.resources)
        // The order in which they are named means nothing.
        guard isMore && (isAdditive || old.resources.contains(resources)) else {
            return "resources were \(old.resources.flagText) and are \(resources.flagText)"
        }
        let (before, now) = (Set(old.attributes), Set(attributes))
        if before != now && !(isAdditive && now.isSuperset(of: before)) {
            func text(_ list: [Attribute]) -> String { list.map { "\($0.name):\($0.text)" }.sorted().joined(separator: ";") }
            return "attributes were '\(text(old.attributes))' and are '\(text(attributes))'"
        }
        return nil
    }
}
