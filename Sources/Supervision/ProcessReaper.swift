import CLinux
public import ClusterCore
import Glibc
import Synchronization

/// The owner of all child processes: one thread starts them, reaps them, and receives the signals that this process catches.
/// Nothing else in the program calls fork, wait or sigaction.
///
/// A child is started and reaped by the same thread, so that no end can be missed, however fast it comes. The thread sleeps until
/// something happens. By default only children started here are reaped, so that it gets along with others in the same process;
/// `adoptOrphans` is for an entrypoint.
public final class ProcessReaper: Sendable {
    /// The one of this process; its thread starts at the first use.
    public static let shared = ProcessReaper()

    /// Work for the thread, done in the order of its coming.
    enum Request: Sendable {
        case spawn(ProcessSpec, CheckedContinuation<Result<Child, ClusterError>, Never>)
        case killLeftovers(Leftovers, CheckedContinuation<LeftoversRound, Never>)
    }

    private struct State {
        var requests: [Request] = []
        var children: [Int32: Child] = [:]
        var adoptsOrphans = false
        var orphansReaped = 0
        var reaps: UInt64 = 0
        var reapWaiters: [UInt64: CheckedContinuation<Void, Never>] = [:]
        var nextIdentifier: UInt64 = 0
        var subscribers: [UInt64: (numbers: Set<Int32>, continuation: AsyncStream<Int32>.Continuation)] = [:]
    }

    private let state = Mutex(State())
    private let descriptor: Int32

    private init() {
        descriptor = clinux_signals_descriptor()
        precondition(descriptor >= 0, "no eventfd: \(String(cString: strerror(errno)))")
        _ = clinux_signals_catch(SIGCHLD)
        // Spawning here is little, but a program's path and environment pass through its stack.
        precondition(OwnThread.start("reaper", stackSize: 512 << 10) { [self] in loop() }, "no thread left for the reaper")
    }

    // MARK: What others use

    /// Starts a process.
    /// - Throws: `ClusterError` `.notFound` where there is no such program, `.io` where it can't be started.
    public func spawn(_ spec: ProcessSpec) async throws(ClusterError) -> Child {
        let result: Result<Child, ClusterError> = await withCheckedContinuation { reply in request(.spawn(spec, reply)) }
        return try result.get()
    }

    /// Receives these signals from now on, in place of their default action, each as it comes; one that comes again before it was
    /// delivered counts once. The stream ends when its reader drops it, but the signals stay caught.
    public func signals(_ numbers: Set<Int32>) -> AsyncStream<Int32> {
        let (stream, continuation) = AsyncStream.makeStream(of: Int32.self)
        let identifier = state.withLock { state in
            state.nextIdentifier += 1
            state.subscribers[state.nextIdentifier] = (numbers, continuation)
            return state.nextIdentifier
        }
        continuation.onTermination = { [self] _ in state.withLock { _ = $0.subscribers.removeValue(forKey: identifier) } }
        for number in numbers { _ = clinux_signals_catch(number) }
        return stream
    }

    /// Makes this process the parent of its orphaned descendants, and reaps whatever ends. For the main program of a container or an
    /// entrypoint only: statuses of children that other code in this process starts would be taken from it.
    /// - Throws: `.io` where the kernel refuses.
    public func adoptOrphans() throws(ClusterError) {
        let problem = clinux_set_child_subreaper()
        guard problem == 0 || getpid() == 1 else {
            throw ClusterError(.io, "can't become the reaper of orphans: \(String(cString: strerror(problem)))")
        }
        state.withLock { $0.adoptsOrphans = true }
        wake()
    }

    /// How many adopted orphans were reaped.
    public var orphansReaped: Int { state.withLock { $0.orphansReaped } }

    /// The children that run, by process id.
    public var children: [Int32: Child] { state.withLock { $0.children } }

    var adoptsOrphans: Bool { state.withLock { $0.adoptsOrphans } }

    /// A number that grows with each reaped process.
    var reaps: UInt64 { state.withLock { $0.reaps } }

    /// Waits until something was reaped after `reaps` had this value, or until the calling task is cancelled.
    func waitForReap(after seen: UInt64) async {
        let identifier = state.withLock { state in
            state.nextIdentifier += 1
            return state.nextIdentifier
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    guard state.reaps == seen, !Task.isCancelled else { return true }
                    state.reapWaiters[identifier] = continuation
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.reapWaiters.removeValue(forKey: identifier) }?.resume()
        }
    }

    // MARK: The thread

    func request(_ request: Request) {
        state.withLock { $0.requests.append(request) }
        wake()
    }

    private func wake() {
        var one: UInt64 = 1
        _ = write(descriptor, &one, 8)
    }

    private func loop() -> Never {
        var counter: UInt64 = 0
        while true {
            // Interrupted by a signal: its handler has made the descriptor readable.
            _ = read(descriptor, &counter, 8)
            let signals = clinux_signals_take()
            for request in takeRequests() { serve(request) }
            reap()
            deliver(signals)
        }
    }

    private func takeRequests() -> [Request] {
        state.withLock { takeOut(&$0.requests, leaving: []) }
    }

    private func serve(_ request: Request) {
        switch request {
        case .spawn(let spec, let reply): reply.resume(returning: start(spec))
        case .killLeftovers(let which, let reply): reply.resume(returning: killLeftoversOnThread(which))
        }
    }

    private func start(_ spec: ProcessSpec) -> Result<Child, ClusterError> {
        let hasOwnGroup = spec.group != .inherited
        return spec.spawn().map { pid in
            let child = Child(pid: pid, started: .now, hasOwnGroup: hasOwnGroup)
            state.withLock { $0.children[pid] = child }
            return child
        }
    }

    private func reap() {
        let (adopts, known) = state.withLock { ($0.adoptsOrphans, $0.adoptsOrphans ? [] : Array($0.children.values)) }
        var count: UInt64 = 0
        if adopts {
            while let pid = nextEnded() {
                if let child = state.withLock({ $0.children[pid] }) {
                    guard child.reapIfEnded() != nil else { break }
                    state.withLock { _ = $0.children.removeValue(forKey: pid) }
                } else {
                    guard wait4(pid, nil, WNOHANG, nil) == pid else { break }
                    state.withLock { $0.orphansReaped += 1 }
                }
                count += 1
            }
        } else {
            for child in known where child.reapIfEnded() != nil {
                state.withLock { _ = $0.children.removeValue(forKey: child.pid) }
                count += 1
            }
        }
        guard count > 0 else { return }
        let waiters = state.withLock { state in
            state.reaps += count
            return takeOut(&state.reapWaiters, leaving: [:])
        }
        for waiter in waiters.values { waiter.resume() }
    }

    /// A process that has ended and waits for being reaped. It stays, so that it is reaped under its child's lock: a signal can then
    /// never meet another process with the same number.
    private func nextEnded() -> Int32? {
        var information = siginfo_t()
        guard waitid(P_ALL, 0, &information, WEXITED | WNOHANG | WNOWAIT) == 0 else { return nil }
        let pid = information._sifields._sigchld.si_pid
        return pid > 0 ? pid : nil
    }

    private func deliver(_ signals: UInt64) {
        guard signals & ~(1 << UInt64(SIGCHLD)) != 0 else { return }
        let subscribers = state.withLock { Array($0.subscribers.values) }
        for number in 1..<Int32(64) where signals & (1 << UInt64(number)) != 0 {
            for subscriber in subscribers where subscriber.numbers.contains(number) { subscriber.continuation.yield(number) }
        }
    }
}
