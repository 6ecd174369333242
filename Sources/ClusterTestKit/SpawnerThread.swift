import Glibc
import Synchronization

/// The one thread that starts all children of the tests. A child gets its death signal when the *thread* that started it ends
/// (prctl(2), PR_SET_PDEATHSIG), and Swift's own threads come and go; this one ends with the process.
final class SpawnerThread: Sendable {
    static let shared = SpawnerThread()

    private struct Pipe { var reading: Int32 = -1, writing: Int32 = -1 }
    private let queue = Mutex<[@Sendable () -> Void]>([])
    private let pipe: Pipe

    private init() {
        var ends: [Int32] = [-1, -1]
        Glibc.pipe(&ends)
        pipe = Pipe(reading: ends[0], writing: ends[1])
        let pointer = Unmanaged.passRetained(self).toOpaque()
        var thread = pthread_t()
        pthread_create(
            &thread, nil,
            { pointer in
                guard let pointer else { return nil }
                Unmanaged<SpawnerThread>.fromOpaque(pointer).takeUnretainedValue().run()
                return nil
            }, pointer)
        pthread_detach(thread)
    }

    /// Runs `work` on the thread.
    func perform<R: Sendable>(_ work: @escaping @Sendable () -> R) async -> R {
        await withCheckedContinuation { continuation in
            queue.withLock { $0.append { continuation.resume(returning: work()) } }
            var byte: UInt8 = 0
            write(pipe.writing, &byte, 1)
        }
    }

    private func run() {
        var byte: UInt8 = 0
        while true {
            guard read(pipe.reading, &byte, 1) == 1 else { continue }
            let work = queue.withLock { $0.isEmpty ? nil : $0.removeFirst() }
            work?()
        }
    }
}
