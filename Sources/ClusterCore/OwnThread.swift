import CLinux
import Glibc

/// A thread of its own for work that blocks: Swift's pool has a thread per core, and none to spare.
public enum OwnThread {
    private final class Body: Sendable {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    /// Starts a detached thread, in which SIGPIPE is blocked: a pipe that its reader has closed is an error there.
    /// - Parameters:
    ///   - name: as `ps -T` shows it; at most 15 bytes.
    ///   - stackSize: in bytes, at least 16 KiB; nil: the system's, 8 MiB of address space.
    /// - Returns: false where the system has no thread left.
    public static func start(_ name: String, stackSize: Int? = nil, _ run: @escaping @Sendable () -> Void) -> Bool {
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        if let stackSize { pthread_attr_setstacksize(&attributes, stackSize) }
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        let body = Unmanaged.passRetained(
            Body {
                clinux_name_thread(name)
                // A pipe that its reader has closed is an error here, and no reason for the whole process to die.
                var broken = sigset_t()
                sigemptyset(&broken)
                sigaddset(&broken, SIGPIPE)
                pthread_sigmask(SIG_BLOCK, &broken, nil)
                run()
            })
        var thread = pthread_t()
        let status = pthread_create(
            &thread, &attributes,
            { argument in
                if let argument { Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run() }
                return nil
            }, body.toOpaque())
        guard status == 0 else {
            body.release()
            return false
        }
        return true
    }

    /// Does the work on a new thread; where the system has none left, here.
    public static func detach(_ name: String, _ work: @escaping @Sendable () -> Void) { if !start(name, work) { work() } }

    /// Does the work on a new thread and waits for it, which holds none of Swift's.
    public static func run<Result: Sendable>(_ name: String, _ work: @escaping @Sendable () -> Result) async -> Result {
        await withCheckedContinuation { continuation in detach(name) { continuation.resume(returning: work()) } }
    }
}
