public import ClusterCore
public import Logging
import Glibc

/// Keeps one child running: starts it, restarts it in place after a pause, gives up where that is no use, and stops it in order.
public actor Supervisor {
    /// What to run, and how.
    public struct Configuration: Sendable {
        /// The child.
        public var spec: ProcessSpec
        /// How it is stopped.
        public var stop = StopSequence()
        /// When it is started again.
        public var restarts = RestartPolicy.Limits()
        /// What of the processes that it leaves behind is ended; nil leaves them alone.
        public var leftovers: ProcessReaper.Leftovers? = .all

        /// Runs this child.
        public init(_ spec: ProcessSpec) { self.spec = spec }
    }

    /// Where it stands.
    public enum Phase: Sendable, Hashable {
        /// Nothing was started yet.
        case idle
        /// The child runs since then.
        case running(pid: Int32, since: ContinuousClock.Instant)
        /// The child has ended and is started again after a pause.
        case pausing(last: Termination)
        /// The child was asked to stop.
        case stopping
        /// All is over; the exit code to end with.
        case ended(exitCode: Int32)
    }

    /// An end of the child.
    public struct Exit: Sendable, Hashable {
        /// Its process id.
        public let pid: Int32
        /// How it ended.
        public let termination: Termination
        /// True where it had been asked to stop.
        public let isStopping: Bool
        /// Processes that it left behind and that could not be ended (owned by another user, or stuck in the kernel): they may still do
        /// its work.
        public let left: [Int32]
    }

    /// Where it stands.
    public private(set) var phase = Phase.idle { didSet { phaseChanged() } }
    /// How often the child was started again.
    public private(set) var restarts = 0
    /// How the child ended last.
    public private(set) var lastTermination: Termination?

    private let configuration: Configuration
    private let reaper: ProcessReaper
    private let logger: Logger
    private let beforeStart: @Sendable () async -> Void
    private let afterExit: @Sendable (Exit) async -> Void
    private let phaseChanged: @Sendable () -> Void
    private let clock: any Clock<Duration>
    private let chance: @Sendable () -> Double
    private var policy: RestartPolicy
    private var child: Child?
    private var stopRequested = false
    private var stopping: Task<Void, Never>?
    private var pause: Task<Void, any Error>?

    /// Makes a supervisor that has started nothing.
    /// - Parameters:
    ///   - afterExit: called after each end of the child, when what it left behind was ended, before it is started again.
    ///   - beforeStart: called just before each start of the child.
    ///   - phaseChanged: called at each change of the phase.
    ///   - clock: runs the pauses.
    ///   - chance: 0 ..< 1, spreads the pauses.
    public init(
        _ configuration: Configuration, reaper: ProcessReaper = .shared, logger: Logger,
        afterExit: @escaping @Sendable (Exit) async -> Void = { _ in }, beforeStart: @escaping @Sendable () async -> Void = {},
        phaseChanged: @escaping @Sendable () -> Void = {}, clock: any Clock<Duration> = ContinuousClock(),
        chance: @escaping @Sendable () -> Double = { Double.random(in: 0..<1) }
    ) {
        self.configuration = configuration
        self.reaper = reaper
        self.logger = logger
        self.clock = clock
        self.chance = chance
        self.beforeStart = beforeStart
        self.afterExit = afterExit
        self.phaseChanged = phaseChanged
        policy = RestartPolicy(configuration.restarts)
    }

    /// The child's process id while it runs.
    public var childPID: Int32? { child?.termination == nil ? child?.pid : nil }

    /// Runs until the child has ended for good. Call it once.
    /// - Returns: the child's last exit code; where it was never started, because the stop came first, 128 + TERM.
    /// - Throws: where the child can't be started.
    public func run() async throws(ClusterError) -> Int32 {
        let began = ContinuousClock.now
        while !stopRequested {
            await beforeStart()
            if stopRequested { break }
            let child = try await start()
            let termination = await child.wait()
            let ran = ContinuousClock.now - child.started
            let isStopping = stopRequested
            self.child = nil
            lastTermination = termination
            phase = isStopping ? .stopping : .pausing(last: termination)
            let left = await clean(child)
            await afterExit(Exit(pid: child.pid, termination: termination, isStopping: isStopping, left: left))
            guard !stopRequested else {
                logger.info("child stopped", metadata: ["pid": "\(child.pid)", "end": "\(termination)"])
                break
            }
            switch policy.ended(at: ContinuousClock.now - began, ran: ran, chance: chance()) {
            case .giveUp(let reason):
                logger.error("child ended; not started again: \(reason)", metadata: ["pid": "\(child.pid)", "end": "\(termination)"])
                return end(termination.exitCode)
            case .restart(let pause):
                logger.warning(
                    "child ended; starting it again after a pause",
                    metadata: ["pid": "\(child.pid)", "end": "\(termination)", "ran": "\(ran.shortText)", "pause": "\(pause.shortText)"])
                await wait(pause)
                restarts += 1
            }
        }
        return end(lastTermination?.exitCode ?? 128 + SIGTERM)
    }

    /// Stops the child, or ends the pause. `run` returns when all is over. A second call changes nothing.
    public func stop() {
        guard !stopRequested else { return }
        stopRequested = true
        pause?.cancel()
        if let child { beginStop(of: child) }
    }

    /// Sends a signal to the child's main process.
    /// - Returns: false where no child runs.
    @discardableResult
    public func signal(_ number: Int32) -> Bool { child?.signal(number) ?? false }

    private func start() async throws(ClusterError) -> Child {
        let child = try await reaper.spawn(configuration.spec)
        self.child = child
        phase = .running(pid: child.pid, since: child.started)
        logger.info("child started", metadata: ["pid": "\(child.pid)", "program": "\(configuration.spec.argv.first ?? "")"])
        // The stop came while it was being started.
        if stopRequested { beginStop(of: child) }
        return child
    }

    private func beginStop(of child: Child) {
        phase = .stopping
        let sequence = configuration.stop
        logger.info(
            "stopping the child",
            metadata: ["pid": "\(child.pid)", "signal": "\(SignalName.of(sequence.signal))", "grace": "\(sequence.grace.shortText)"])
        // The signal goes out now; the detached rest waits.
        stopping = Task { await child.stop(sequence) }
    }

    /// - Returns: what could not be ended.
    private func clean(_ child: Child) async -> [Int32] {
        guard let which = configuration.leftovers else { return [] }
        child.signalGroup(SIGKILL)
        let left = await reaper.endLeftovers(which)
        if !left.isEmpty { logger.error("processes that the child left behind can't be ended", metadata: ["pids": "\(left)"]) }
        return left
    }

    private func wait(_ duration: Duration) async {
        let clock = clock
        let task = Task { try await clock.sleep(for: duration) }
        pause = task
        _ = await task.result
        pause = nil
    }

    private func end(_ exitCode: Int32) -> Int32 {
        phase = .ended(exitCode: exitCode)
        return exitCode
    }
}

extension Duration {
    /// `1.25s`: for logs.
    var shortText: String { "\(Double(milliseconds) / 1000)s" }
}
