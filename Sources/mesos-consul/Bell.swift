import Synchronization

/// Ends one waiter's pause before its time. A ring that finds nobody waiting counts for the next pause.
final class Bell: Sendable {
    private struct State {
        var isRung = false
        var pause: Task<Void, Never>?
    }
    private let state = Mutex(State())

    func ring() {
        state.withLock { state in
            state.isRung = true
            state.pause?.cancel()
        }
    }

    /// Waits for a ring, so long at most.
    /// - Throws: `CancellationError` where the task is cancelled.
    func wait(atMost limit: Duration) async throws {
        let pause = Task { () -> Void in try? await Task.sleep(for: limit) }
        let isRung = state.withLock { state in
            state.pause = pause
            return state.isRung
        }
        if isRung { pause.cancel() }
        await withTaskCancellationHandler {
            await pause.value
        } onCancel: {
            pause.cancel()
        }
        state.withLock { state in
            state.isRung = false
            state.pause = nil
        }
        try Task.checkCancellation()
    }
}
