import Glibc

/// Runs blocking work on a thread of its own, so that it holds none of the few that Swift's tasks share.
func offload<Result: Sendable>(_ work: @escaping @Sendable () -> Result) async -> Result {
    await withCheckedContinuation { continuation in Thread.detach { continuation.resume(returning: work()) } }
}

/// POSIX threads that nobody joins.
enum Thread {
    /// Runs the work on a new thread, or on this one where the host has no more.
    static func detach(_ work: @escaping @Sendable () -> Void) {
        let box = Unmanaged.passRetained(Work(work)).toOpaque()
        var thread = pthread_t()
        let start: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { box in
            if let box { Unmanaged<Work>.fromOpaque(box).takeRetainedValue().run() }
            return nil
        }
        if pthread_create(&thread, nil, start, box) == 0 { pthread_detach(thread) } else { _ = start(box) }
    }

    private final class Work: Sendable {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }
}
