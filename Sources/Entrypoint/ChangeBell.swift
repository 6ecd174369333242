import ClusterCore
import Synchronization

/// Rung at each change of a run's standing, so that a long poll of `/ready` is answered at once.
final class ChangeBell: Sendable {
    private struct State {
        var count: UInt64 = 0
        var next: UInt64 = 0
        var waiters: [UInt64: CheckedContinuation<Void, Never>] = [:]
    }
    private let state = Mutex(State())

    /// How often it was rung.
    var count: UInt64 { state.withLock { $0.count } }

    /// How many wait for it now.
    var listeners: Int { state.withLock { $0.waiters.count } }

    func ring() {
        let waiters = state.withLock { state in
            state.count += 1
            return takeOut(&state.waiters, leaving: [:])
        }
        for waiter in waiters.values { waiter.resume() }
    }

    /// Returns when it was rung more often than `count`, or the calling task was cancelled.
    func wait(after count: UInt64) async {
        let identifier = state.withLock { state in
            state.next += 1
            return state.next
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    if state.count > count || Task.isCancelled { return true }
                    state.waiters[identifier] = continuation
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.waiters.removeValue(forKey: identifier) }?.resume()
        }
    }
}
