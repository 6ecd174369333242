import Chronos
import ClusterCore
import Logging
import Mesos
import MesosFramework

/// Chronos while it leads: feeds the core with commands, time and Mesos' events, stores what it decides and then carries it out.
///
/// Everything goes through one queue and is treated in batches: what came while the last batch was being stored is stored
/// together. Nothing is acknowledged, launched or answered before it is stored.
actor ChronosLeader {
    struct Settings: Sendable {
        var core = SchedulerCore.Configuration()
        var builder: TaskBuilder
        /// For how long unused offers are not offered again (`--decline_offer_duration`, 5 s where it isn't given).
        var declineSeconds = 5.0
        /// Between two asks for all offers while runs are queued (`--min_revive_offers_interval`).
        var reviveInterval = Duration.seconds(5)
        /// Between two looks at tasks that the master has said nothing about (`--reconciliation_interval`, for all tasks).
        var reconciliationInterval = Duration.seconds(600)
        /// The same for launches whose arrival is not confirmed.
        var unconfirmedInterval = Duration.seconds(30)
    }

    enum Event: Sendable {
        case command(Command)
        case mesos(FrameworkEvent)
        case callFailed(SchedulerCall.Kind, isRefused: Bool, reason: String)
        case tick
    }

    /// Something that a client wants, and where the answer goes.
    struct Command: Sendable {
        let run: @Sendable (inout SchedulerCore, Timestamp) throws(ClusterError) -> Void
        let answer: CheckedContinuation<Result<SchedulerCore, ClusterError>, Never>
    }

    nonisolated let settings: Settings
    let store: any JobStore
    let mesos: any MesosLink
    let logger: Logger
    let clock: @Sendable () -> Timestamp
    let inbox = Inbox<Event>()
    let calls: AsyncStream<SchedulerCall.Kind>
    let callQueue: AsyncStream<SchedulerCall.Kind>.Continuation
    /// Apart from the other calls: their order does not matter, and there are many of them.
    let acknowledgements: AsyncStream<SchedulerCall.Kind>
    let acknowledgementQueue: AsyncStream<SchedulerCall.Kind>.Continuation
    var core: SchedulerCore
    var mesosState = MesosState()
    var isOver = false

    /// What is known of the subscription.
    struct MesosState {
        var isConnected = false
        var isSuppressed = false
        var offers: [Offer] = []
        var lastRevive: ContinuousClock.Instant?
        var nextReconciliation: ContinuousClock.Instant?
        var frameworkID: String?
    }

    init(
        _ settings: Settings, state: StoredState, store: any JobStore, mesos: any MesosLink, logger: Logger,
        clock: @escaping @Sendable () -> Timestamp
    ) {
        self.settings = settings
        self.store = store
        self.mesos = mesos
        self.logger = logger
        self.clock = clock
        core = SchedulerCore(configuration: settings.core, jobs: state.jobs, runs: state.runs)
        (calls, callQueue) = AsyncStream.makeStream()
        (acknowledgements, acknowledgementQueue) = AsyncStream.makeStream()
    }

    /// Leads until its task is cancelled.
    /// - Throws: where something can't be stored: leadership is lost, or its fate unknown.
    func run() async throws {
        logger.info("leading with \(core.jobs.count) job(s), \(core.runs.count) run(s) under way")
        defer { end() }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { [inbox, mesos] in
                for await event in mesos.events { inbox.put(.mesos(event)) }
            }
            group.addTask { await self.sendCalls() }
            group.addTask { await self.sendAcknowledgements() }
            group.addTask { try await self.workOff() }
            defer { group.cancelAll() }
            // Only the worker ends by itself, with an error.
            while try await group.next() != nil {}
        }
    }

    /// Changes the state, or looks at it, once all before it is done. The state returned is stored.
    /// - Throws: what the change throws, or `.unavailable` where leadership ended before it was stored.
    nonisolated func perform(
        _ change: @escaping @Sendable (inout SchedulerCore, Timestamp) throws(ClusterError) -> Void = { _, _ in }
    ) async throws(ClusterError) -> SchedulerCore {
        let result = await withCheckedContinuation { continuation in
            inbox.put(.command(Command(run: change, answer: continuation)))
            Task { await self.refuseIfOver() }
        }
        return try result.get()
    }

    /// The framework's id, once subscribed.
    var frameworkID: String? { mesosState.frameworkID }
    /// True while subscribed to the leading master.
    var isConnected: Bool { mesosState.isConnected }

    private func workOff() async throws {
        inbox.put(.tick)
        var timer: Task<Void, any Error>?
        defer { timer?.cancel() }
        for await _ in inbox.bell {
            try await treat(inbox.takeAll())
            timer?.cancel()
            guard let wait = untilNextTick() else { continue }
            timer = Task { [inbox] in
                try await Task.sleep(for: wait, clock: .continuous)
                inbox.put(.tick)
            }
        }
    }

    /// nil: nothing will happen by itself. The clock on the wall may be set at any time, so no wait is longer than a minute.
    private func untilNextTick() -> Duration? {
        var waits: [Duration] = []
        if let wake = core.nextWake { waits.append(wake - clock()) }
        if let next = mesosState.nextReconciliation { waits.append(ContinuousClock.now.duration(to: next)) }
        guard let wait = waits.min() else { return nil }
        return max(.zero, min(wait, .seconds(60)))
    }

    private func sendCalls() async {
        for await call in calls {
            do {
                try await mesos.call(call)
            } catch {
                let isRefused = (error as? ClusterError)?.code == .invalid
                inbox.put(.callFailed(call, isRefused: isRefused, reason: "\(error)"))
            }
        }
    }

    /// One that is lost is asked for again: the agent repeats its status until it is acknowledged.
    private func sendAcknowledgements() async {
        let widest = 16
        await withTaskGroup(of: Void.self) { group in
            var running = 0
            for await call in acknowledgements {
                if running >= widest {
                    await group.next()
                    running -= 1
                }
                running += 1
                group.addTask { [mesos, logger] in
                    do { try await mesos.call(call) } catch { logger.debug("an acknowledgement did not arrive: \(error)") }
                }
            }
        }
    }

    private func end() {
        isOver = true
        callQueue.finish()
        acknowledgementQueue.finish()
        refuseIfOver()
    }

    /// Answers those that nobody will treat any more.
    private func refuseIfOver() {
        guard isOver else { return }
        for event in inbox.takeAll() {
            if case .command(let command) = event { command.answer.resume(returning: .failure(Self.ended)) }
        }
    }

    static let ended = ClusterError(.unavailable, "this Chronos no longer leads; ask again")
}
