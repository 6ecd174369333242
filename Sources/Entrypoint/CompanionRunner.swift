import Checks
import Logging
import Supervision
import Synchronization

/// Runs a plan's companions from before the child's first start until after its stop.
final class CompanionRunner: Sendable {
    private let companions: [Companion]
    private let status: RunStatus
    private let logger: Logger
    private let context: CompanionContext
    private let tasks = Mutex<[Task<Void, Never>]>([])

    init(_ companions: [Companion], supervisor: Supervisor?, status: RunStatus, metrics: MetricsRegistry, logger: Logger) {
        self.companions = companions
        self.status = status
        self.logger = logger
        context = CompanionContext(
            signalChild: { await supervisor?.signal($0) ?? false }, childPID: { await supervisor?.childPID }, metrics: metrics,
            logger: logger)
    }

    func start() {
        tasks.withLock { tasks in
            tasks = companions.map { companion in Task { await self.run(companion) } }
        }
    }

    /// Cancels them, and waits for their end, 2 s at most.
    func stop() async {
        let running = tasks.withLock { $0 }
        for task in running { task.cancel() }
        let ended: Void? = await Deadline.run(.seconds(2)) { for task in running { await task.value } }
        if ended == nil { logger.warning("a companion ignores that it was cancelled; left behind") }
    }

    private func run(_ companion: Companion) async {
        while !Task.isCancelled {
            do {
                try await companion.run(context)
                return
            } catch {
                guard !Task.isCancelled else { return }
                status.companion(companion.name, failed: "failed: \(error); it is started again every second")
                logger.error("companion \(companion.name) failed; starting it again: \(error)")
            }
            try? await Task.sleep(for: .seconds(1))
            status.companion(companion.name, failed: nil)
        }
    }
}
