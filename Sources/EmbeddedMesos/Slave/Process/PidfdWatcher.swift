import CLinux
import ClusterCore
import Glibc
import Synchronization

/// Tells when processes exit: one thread that sleeps in epoll over their pidfds. It takes no other child's status, so it lives
/// beside anything else that waits for children.
final class PidfdWatcher: Sendable {
    private let exits: Int32
    private let waiting = Mutex<[Int32: CheckedContinuation<Void, Never>]>([:])

    /// The one of this process: its thread and descriptor are needed as long as the process lives.
    static let shared = PidfdWatcher()

    private init() {
        exits = clinux_exits_create()
        OwnThread.detach("pidfd-watcher") { [self] in run() }
    }

    /// Returns when the process behind the pidfd has exited. One waiter a descriptor.
    func exit(of pidfd: Int32) async {
        await withCheckedContinuation { continuation in
            waiting.withLock { $0[pidfd] = continuation }
            if clinux_exits_add(exits, pidfd) != 0 { resume(pidfd) }
        }
    }

    private func run() {
        var exited = [Int32](repeating: 0, count: 256)
        while true {
            let count = clinux_exits_wait(exits, &exited, 256)
            if count > 0 { for pidfd in exited[..<Int(count)] { resume(pidfd) } }
        }
    }

    private func resume(_ pidfd: Int32) { waiting.withLock { $0.removeValue(forKey: pidfd) }?.resume() }
}
