import ClusterCore
import Glibc
import JSON

/// What the supervisor tells other commands: `supervisor.json`, rewritten at each change.
struct SupervisorRecord {
    /// One entrypoint that it runs.
    struct Process {
        enum State: Hashable {
            /// It runs.
            case running(pid: pid_t)
            /// It ended and will be started again.
            case restarting(exitCode: Int32)
            /// It ended with a status that a restart can't mend.
            case failed(exitCode: Int32)
            /// It was stopped.
            case stopped
        }
        let node: String
        let component: ComponentKind
        var state: State
        /// How often it has ended by itself in a row, each time within a minute of its start.
        var failures = 0

        /// True where it ended with a status that a restart can't mend.
        var isFailed: Bool { if case .failed = state { true } else { false } }
        /// The status that it ended with; nil while it runs.
        var exitCode: Int32? {
            switch state {
            case .restarting(let code), .failed(let code): code
            case .running, .stopped: nil
            }
        }
    }

    let pid: pid_t
    var processes: [Process]

    var json: JSON {
        let list = processes.map { process in
            var state: String
            var number: Int32?
            switch process.state {
            case .running(let pid): (state, number) = ("running", pid)
            case .restarting(let code): (state, number) = ("restarting", code)
            case .failed(let code): (state, number) = ("failed", code)
            case .stopped: (state, number) = ("stopped", nil)
            }
            return JSON.members([
                "node": .string(process.node), "component": .string(process.component.rawValue), "state": .string(state),
                "number": number.map { .number(Int($0)) }, "failures": .number(process.failures),
            ])
        }
        return .members(["pid": .number(Int(pid)), "processes": .array(list)])
    }

    init(pid: pid_t, processes: [Process]) {
        self.pid = pid
        self.processes = processes
    }

    init?(json: JSON) {
        guard let pid = json["pid"]?.int, let list = json["processes"]?.array else { return nil }
        self.pid = pid_t(pid)
        processes = list.compactMap { entry in
            guard let node = entry["node"]?.string, let component = entry["component"]?.string.flatMap(ComponentKind.init(rawValue:)) else {
                return nil
            }
            let number = Int32(entry["number"]?.int ?? 0)
            let state: Process.State
            switch entry["state"]?.string {
            case "running": state = .running(pid: number)
            case "restarting": state = .restarting(exitCode: number)
            case "failed": state = .failed(exitCode: number)
            default: state = .stopped
            }
            return Process(node: node, component: component, state: state, failures: entry["failures"]?.int ?? 0)
        }
    }

    /// Reads the record; nil where no supervisor has written one.
    static func load(_ state: StateDirectory) -> SupervisorRecord? {
        guard let text = try? Files.text(state.supervisorFile), let json = try? JSON(parsing: text) else { return nil }
        return SupervisorRecord(json: json)
    }

    func save(_ state: StateDirectory) throws(ClusterError) { try Files.write(state.supervisorFile, json.bytes(pretty: true)) }
}

/// Held by the one supervisor of a state directory; the kernel drops it when that process ends, however it ends.
struct SupervisorLock: ~Copyable {
    private let descriptor: Int32

    private init(descriptor: Int32) { self.descriptor = descriptor }

    /// Takes the lock.
    /// - Throws: `.conflict` where another supervisor holds it.
    static func take(_ state: StateDirectory) throws(ClusterError) -> SupervisorLock {
        try Files.makeDirectory(state.path)
        let descriptor = open(state.lockFile, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw ClusterError(.io, "can't open \(state.lockFile): \(String(cString: strerror(errno)))") }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            throw ClusterError(.conflict, "a cluster already runs from \(state.path)")
        }
        return SupervisorLock(descriptor: descriptor)
    }

    /// True where a supervisor holds the lock.
    static func isHeld(_ state: StateDirectory) -> Bool {
        let descriptor = open(state.lockFile, O_RDWR | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        return flock(descriptor, LOCK_EX | LOCK_NB) != 0
    }

    deinit { close(descriptor) }
}
