public import ClusterCore

/// The master process's socket (`haproxy -W -S path,mode,600`).
public struct MasterSocket: Sendable, Hashable {
    /// The socket.
    public let socket: RuntimeSocket

    /// Names a master's socket.
    public init(_ path: String) { socket = RuntimeSocket(path) }

    /// `show proc`: the master and its workers.
    public func processes(timeout: Duration = .seconds(2)) async throws(ClusterError) -> MasterProcesses {
        try MasterProcesses(answer: await socket.send("show proc", timeout: timeout))
    }

    /// Asks the master to read its configuration anew and to start a worker with it; the old one hands its sockets over and drains.
    ///
    /// HAProxy 2.6 answers nothing, since the master executes itself anew: whether it went well is seen in `processes` and in the
    /// new worker's stats socket.
    public func reload(timeout: Duration = .seconds(5)) async throws(ClusterError) { _ = try await socket.send("reload", timeout: timeout) }
}

/// What a master says of its processes.
public struct MasterProcesses: Sendable, Hashable {
    /// A process.
    public struct Process: Sendable, Hashable {
        /// Its id.
        public let pid: Int
        /// How many reloads it has lived through.
        public let reloads: Int
    }

    /// The master.
    public let master: Process
    /// Reloads that failed since the last that went well.
    public let failedReloads: Int
    /// Those that serve; none after a failed start.
    public let workers: [Process]
    /// Those that finish their connections.
    public let oldWorkers: [Process]

    init(answer: String) throws(ClusterError) {
        var master: Process?
        var failed = 0
        var workers: [Process] = []
        var old: [Process] = []
        var isOld = false
        for line in answer.split(whereSeparator: \.isNewline) {
            if line.hasPrefix("# old workers") { isOld = true }
            if line.hasPrefix("# workers") || line.hasPrefix("# programs") { isOld = false }
            let words = line.split(whereSeparator: { $0 == " " || $0 == "\t" })
            guard words.count >= 3, let pid = Int(words[0]), let reloads = Int(words[2]) else { continue }
            let process = Process(pid: pid, reloads: reloads)
            switch words[1] {
            case "master":
                master = process
                if let index = words.firstIndex(of: "[failed:"), index + 1 < words.count { failed = Int(words[index + 1].dropLast()) ?? 0 }
            case "worker":
                if isOld { old.append(process) } else { workers.append(process) }
            default: break
            }
        }
        guard let master else { throw ClusterError(.invalid, "HAProxy's `show proc` names no master") }
        self.master = master
        failedReloads = failed
        self.workers = workers
        oldWorkers = old
    }
}
