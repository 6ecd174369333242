import CLinux
import ClusterCore
import Glibc
import Supervision

/// A task's process, which leads a session of its own: our child, or one that another executor started and that we take over.
final class TaskProcess: Sendable {
    /// Which process it is.
    let identity: ProcessIdentity
    private let origin: Origin

    private enum Origin: Sendable {
        case child(Child)
        case adopted(pidfd: Int32)
    }

    private init(_ identity: ProcessIdentity, _ origin: Origin) {
        self.identity = identity
        self.origin = origin
    }

    deinit { if case .adopted(let pidfd) = origin { close(pidfd) } }

    /// Starts a process in a session of its own.
    /// - Throws: `ClusterError`: the program was not found or could not be started.
    static func start(_ spec: ProcessSpec) async throws(ClusterError) -> TaskProcess {
        var spec = spec
        spec.group = .ownSession
        let child = try await ProcessReaper.shared.spawn(spec)
        // Where it has been reaped already, nobody will look for it by its start time.
        let identity = HostProcesses.identity(child.pid)
        return TaskProcess(
            identity ?? ProcessIdentity(pid: child.pid, startTicks: 0, bootID: HostProcesses.bootID), .child(child))
    }

    /// Takes a running process under watch that somebody else started.
    /// - Returns: nil where that very process runs no more.
    static func adopt(_ identity: ProcessIdentity) -> TaskProcess? {
        let pidfd = clinux_pidfd_open(identity.pid)
        guard pidfd >= 0 else { return nil }
        // Looked at behind the open: from here on the descriptor can't turn to another process.
        guard HostProcesses.isRunning(identity) else {
            close(pidfd)
            return nil
        }
        return TaskProcess(identity, .adopted(pidfd: pidfd))
    }

    /// Returns how it ended, when it has. Of an adopted process, to be called once.
    func exit() async -> ProcessExit {
        switch origin {
        case .child(let child):
            switch await child.wait() {
            case .exited(let code): return .exited(code)
            case .signalled(let signal): return .signaled(signal)
            }
        case .adopted(let pidfd):
            await PidfdWatcher.shared.exit(of: pidfd)
            return .unknown
        }
    }

    /// Signals its whole process group, which has the process's own number because it leads a session.
    func signalGroup(_ number: Int32) {
        switch origin {
        case .child(let child): child.signalGroup(number)
        case .adopted(let pidfd):
            // The group outlives its leader: no other process gets its number while one of its members is left.
            if clinux_pidfd_signal(pidfd, 0) == 0 { kill(-identity.pid, number) }
        }
    }
}
