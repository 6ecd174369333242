import ClusterCore
import Synchronization

/// Waiting for work that may ignore its cancellation.
enum Deadline {
    /// The work's result, or nil after `limit`, or as soon as `stop` is requested; the work is cancelled then and left to itself.
    static func run<Value: Sendable>(
        _ limit: Duration? = nil, unless stop: StopRequest? = nil, _ work: @escaping @Sendable () async -> Value
    ) async -> Value? {
        let once = Once<Value>()
        let task = Task { once.finish(await work()) }
        let timer = limit.map { limit in
            Task {
                try? await Task.sleep(for: limit)
                if !Task.isCancelled { once.finish(nil) }
            }
        }
        let watcher = stop.map { stop in
            Task { if await stop.wait() != nil { once.finish(nil) } }
        }
        let value = await withTaskCancellationHandler {
            await once.value()
        } onCancel: {
            once.finish(nil)
        }
        task.cancel()
        timer?.cancel()
        watcher?.cancel()
        return value
    }
}

/// A value that is set once and awaited once.
private final class Once<Value: Sendable>: Sendable {
    private struct State {
        var isFinished = false
        var value: Value?
        var waiter: CheckedContinuation<Value?, Never>?
    }
    private let state = Mutex(State())

    func finish(_ value: Value?) {
        let waiter = state.withLock { state -> CheckedContinuation<Value?, Never>? in
            guard !state.isFinished else { return nil }
            state.isFinished = true
            state.value = value
            return takeOut(&state.waiter, leaving: nil)
        }
        waiter?.resume(returning: value)
    }

    func value() async -> Value? {
        await withCheckedContinuation { continuation in
            let finished: Value?? = state.withLock { state in
                if state.isFinished { return .some(state.value) }
                state.waiter = continuation
                return nil
            }
            if let finished { continuation.resume(returning: finished) }
        }
    }
}

/// Set when the entrypoint is asked to stop; remembers by which signal.
final class StopRequest: Sendable {
    private struct State {
        var signal: Int32?
        var waiters: [UInt64: CheckedContinuation<Int32?, Never>] = [:]
        var next: UInt64 = 0
    }
    private let state = Mutex(State())

    /// The signal that asked; nil while nobody has.
    var signal: Int32? { state.withLock { $0.signal } }

    /// - Returns: false where it had been requested before.
    @discardableResult
    func request(_ signal: Int32) -> Bool {
        let waiters: [CheckedContinuation<Int32?, Never>]? = state.withLock { state in
            guard state.signal == nil else { return nil }
            state.signal = signal
            return Array(takeOut(&state.waiters, leaving: [:]).values)
        }
        for waiter in waiters ?? [] { waiter.resume(returning: signal) }
        return waiters != nil
    }

    /// - Returns: the signal, or nil where the calling task was cancelled first.
    func wait() async -> Int32? {
        let identifier = state.withLock { state in
            state.next += 1
            return state.next
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let now: Int32?? = state.withLock { state in
                    if let signal = state.signal { return .some(signal) }
                    if Task.isCancelled { return .some(nil) }
                    state.waiters[identifier] = continuation
                    return nil
                }
                if let now { continuation.resume(returning: now) }
            }
        } onCancel: {
            state.withLock { $0.waiters.removeValue(forKey: identifier) }?.resume(returning: nil)
        }
    }
}
