import ClusterCore
import Glibc
import Synchronization

/// A process that this one has started. Its end is always noticed, also where nobody waits for it.
public final class Child: Sendable {
    /// Its process id. Use `signal`, not kill: after its end the number may belong to another process.
    public let pid: Int32
    /// When it was started.
    public let started: ContinuousClock.Instant
    /// True where it leads a process group.
    public let hasOwnGroup: Bool

    private struct State {
        var termination: Termination?
        var waiters: [UInt64: CheckedContinuation<Termination?, Never>] = [:]
        var nextWaiter: UInt64 = 0
    }
    private let state = Mutex(State())

    init(pid: Int32, started: ContinuousClock.Instant, hasOwnGroup: Bool) {
        self.pid = pid
        self.started = started
        self.hasOwnGroup = hasOwnGroup
    }

    /// How it ended; nil while it runs.
    public var termination: Termination? { state.withLock { $0.termination } }

    /// Waits for its end, whether or not the calling task is cancelled meanwhile.
    public func wait() async -> Termination {
        let termination: Termination? = await withCheckedContinuation { continuation in
            _ = register(continuation)
        }
        guard let termination else { preconditionFailure("a waiter that can't be cancelled was cancelled") }
        return termination
    }

    /// Waits for its end.
    /// - Returns: nil where the calling task was cancelled first.
    public func waitUnlessCancelled() async -> Termination? {
        let identifier = Mutex<UInt64?>(nil)
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let registered = register(continuation)
                identifier.withLock { $0 = registered }
                if Task.isCancelled, let registered { cancelWaiter(registered) }
            }
        } onCancel: {
            if let registered = identifier.withLock({ $0 }) { cancelWaiter(registered) }
        }
    }

    /// Waits for its end, for this long at most.
    /// - Returns: nil where it still runs then, or where the calling task was cancelled.
    public func wait(atMost limit: Duration) async -> Termination? {
        await withTaskGroup(of: Termination?.self) { group in
            group.addTask { await self.waitUnlessCancelled() }
            group.addTask {
                try? await Task.sleep(for: limit)
                return nil
            }
            let first = await group.next() ?? nil
            group.cancelAll()
            return first ?? termination
        }
    }

    /// Sends a signal to the process itself.
    /// - Returns: false where it has ended, or where the kernel refuses.
    @discardableResult
    public func signal(_ number: Int32) -> Bool {
        // Under the lock that `finish` takes before the process id can be used again.
        state.withLock { $0.termination == nil && kill(pid, number) == 0 }
    }

    /// Sends a signal to its whole process group, also when the process itself has ended and others of the group are left.
    /// - Returns: false where it has no group of its own, or where nobody is left in it.
    @discardableResult
    public func signalGroup(_ number: Int32) -> Bool { hasOwnGroup && kill(-pid, number) == 0 }

    private func register(_ continuation: CheckedContinuation<Termination?, Never>) -> UInt64? {
        let (ended, identifier): (Termination?, UInt64?) = state.withLock { state in
            if let termination = state.termination { return (termination, nil) }
            state.nextWaiter += 1
            state.waiters[state.nextWaiter] = continuation
            return (nil, state.nextWaiter)
        }
        if let ended { continuation.resume(returning: ended) }
        return identifier
    }

    private func cancelWaiter(_ identifier: UInt64) {
        state.withLock { $0.waiters.removeValue(forKey: identifier) }?.resume(returning: nil)
    }

    /// Reaps it where it has ended. Called by the reaper only.
    /// - Returns: its end, or nil where it still runs.
    func reapIfEnded() -> Termination? {
        let (termination, waiters): (Termination?, [CheckedContinuation<Termination?, Never>]) = state.withLock { state in
            guard state.termination == nil else { return (state.termination, []) }
            var status: Int32 = 0
            guard wait4(pid, &status, WNOHANG, nil) == pid else { return (nil, []) }
            let termination = Termination(waitStatus: status)
            state.termination = termination
            return (termination, Array(takeOut(&state.waiters, leaving: [:]).values))
        }
        for waiter in waiters { waiter.resume(returning: termination) }
        return termination
    }
}
