import Glibc

/// Runs blocking work on a thread of its own, so that it does not hold one of Swift's, and waits for it.
func onOwnThread(_ work: @escaping @Sendable () -> Void) async {
    await withCheckedContinuation { continuation in
        startThread {
            work()
            continuation.resume()
        }
    }
}

/// Runs blocking work on a new thread; where none can be had, here.
func startThread(_ work: @escaping @Sendable () -> Void) {
    let box = Unmanaged.passRetained(ThreadWork(work))
    var thread = pthread_t()
    let code = pthread_create(
        &thread, nil,
        { pointer in
            if let pointer { Unmanaged<ThreadWork>.fromOpaque(pointer).takeRetainedValue().run() }
            return nil
        }, box.toOpaque())
    if code == 0 { pthread_detach(thread) } else { box.takeRetainedValue().run() }
}

private final class ThreadWork: Sendable {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
}
