import ClusterCore
import JSON
import Logging
import Marathon
import Mesos

/// Carries out what the core decides: keeps it first, then acts, always in order. What happens while ZooKeeper writes is gathered and written
/// together.
actor Scheduler {
    private var core: SchedulerCore
    private let store: any StateStore
    private let calls: @Sendable (SchedulerCall.Kind) async throws -> Void
    private let clock: @Sendable () -> Timestamp
    private let prober: HealthProber
    private let logger: Logger
    nonisolated let events: EventBus

    private var waiters: [CheckedContinuation<Void, any Error>] = []
    private var isCommitting = false
    private var hasNews = false
    private var failure: (any Error)?
    private var onFailure: (@Sendable (any Error) -> Void)?
    private var timer: Task<Void, Never>?
    private var timerAt: Timestamp?
    private var outbox: AsyncStream<SchedulerCall.Kind>.Continuation?

    init(
        core: SchedulerCore, store: any StateStore, prober: HealthProber, events: EventBus, clock: @escaping @Sendable () -> Timestamp,
        logger: Logger, calls: @escaping @Sendable (SchedulerCall.Kind) async throws -> Void
    ) {
        self.core = core
        self.store = store
        self.prober = prober
        self.events = events
        self.clock = clock
        self.logger = logger
        self.calls = calls
    }

    /// Reads the state, then works until cancelled.
    /// - Throws: what the store throws once it must not write any more: this process leads no longer.
    func run(framework: AsyncStream<FrameworkInput>, onLoaded: @escaping @Sendable () -> Void) async throws {
        let nodes = try await store.load()
        try core.load(nodes, now: clock())
        logger.info(
            "state read",
            metadata: ["apps": "\(core.root.apps.count)", "tasks": "\(core.instances.count)", "deployments": "\(core.deployments.count)"])
        let (outbox, outgoing) = AsyncStream.makeStream(of: SchedulerCall.Kind.self)
        self.outbox = outgoing
        let (failures, failed) = AsyncStream.makeStream(of: (any Error).self)
        onFailure = { failed.yield($0) }
        let results = prober.results
        flush()
        onLoaded()
        defer {
            timer?.cancel()
            outgoing.finish()
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await self.send(outbox) }
            group.addTask { for await input in framework { await self.take(input) } }
            group.addTask { for await (probe, result) in results { await self.take(probe, result) } }
            group.addTask { await self.prober.run() }
            group.addTask { for await error in failures { throw error } }
            do {
                while try await group.next() != nil { try Task.checkCancellation() }
            } catch {
                group.cancelAll()
                throw error
            }
        }
    }

    /// Reads from the state.
    func read<Result: Sendable>(_ body: (SchedulerCore, Timestamp) throws -> Result) rethrows -> Result { try body(core, clock()) }

    /// Changes the state, and returns once the change is kept.
    /// - Throws: `APIFailure`; 413 where the change can't be kept for its size. Nothing is changed then.
    func perform<Result: Sendable>(_ body: (inout SchedulerCore, Timestamp) throws(APIFailure) -> Result) async throws -> Result {
        var changed = core
        let result = try body(&changed, clock())
        if let (write, bytes) = changed.oversizeWrite { throw APIFailure.tooLarge(write, bytes) }
        core = changed
        try await committed()
        return result
    }

    private func take(_ input: FrameworkInput) {
        let now = clock()
        switch input {
        case .connected(let id, let master, let isEmbedded):
            core.validation.isOnEmbeddedMesos = isEmbedded
            core.connected(frameworkID: id, master: master, now: now)
        case .disconnected: core.disconnected(now: now)
        case .offers(let offers): core.offered(offers, now: now)
        case .update(let status): core.updated(status, now: now)
        }
        flush()
    }

    private func take(_ probe: Probe, _ result: ProbeResult) {
        core.probed(probe, result, now: clock())
        flush()
    }

    private func tick() {
        timerAt = nil
        core.tick(now: clock())
        flush()
    }

    // Commits

    private func committed() async throws {
        if let failure { throw failure }
        try await withCheckedThrowingContinuation { continuation in
            waiters.append(continuation)
            flush()
        }
    }

    /// Has what happened followed up, kept and carried out, soon: everything that happens until then is gathered.
    private func flush() {
        hasNews = true
        guard !isCommitting, failure == nil else { return }
        isCommitting = true
        Task { await commit() }
    }

    private func commit() async {
        while hasNews, failure == nil {
            hasNews = false
            core.settle(clock())
            let (effects, waiting) = (core.takeEffects(), waiters)
            waiters = []
            setTimer()
            do {
                let writes = StateWrite.coalesced(effects)
                if !writes.isEmpty { try await store.write(writes) }
                for effect in effects { carryOut(effect) }
                for waiter in waiting { waiter.resume() }
            } catch {
                logger.error("can't keep the state; giving up leadership", metadata: ["reason": "\(error)"])
                failure = error
                for waiter in waiting + waiters { waiter.resume(throwing: error) }
                waiters = []
                onFailure?(error)
            }
        }
        isCommitting = false
    }

    private func carryOut(_ effect: Effect) {
        switch effect {
        case .write: break
        case .call(let call): outbox?.yield(call)
        case .publish(let event): events.publish(event)
        case .startProbes(let probes): prober.start(probes)
        case .stopProbes(let task): prober.stop(taskID: task)
        }
    }

    /// Sends the calls one after the other. Offers and acknowledgements that are lost with a connection come again by themselves.
    private func send(_ outbox: AsyncStream<SchedulerCall.Kind>) async {
        for await call in outbox {
            do {
                try await calls(call)
            } catch {
                logger.debug("a call was not taken", metadata: ["reason": "\(error)"])
                if case .accept(_, let operations, _) = call {
                    let tasks = operations.flatMap { operation -> [String] in
                        if case .launch(let tasks) = operation { tasks.map(\.taskID) } else { [] }
                    }
                    core.launchFailed(tasks, now: clock())
                    flush()
                }
            }
        }
    }

    private func setTimer() {
        let now = clock()
        guard let due = core.nextDeadline(now: now) else { return }
        if let timerAt, timerAt <= due { return }
        timer?.cancel()
        timerAt = due
        timer = Task { [weak self] in
            // At least a moment later, so that a deadline that cannot be met does not spin.
            let pause = Duration.milliseconds(max(50, due.milliseconds - now.milliseconds + 1))
            do { try await Task.sleep(for: pause, clock: .continuous) } catch { return }
            await self?.tick()
        }
    }
}

/// What the framework client hands in.
enum FrameworkInput: Sendable {
    case connected(frameworkID: String, master: String, isEmbedded: Bool)
    case disconnected
    case offers([Offer])
    case update(TaskStatus)
}

extension StateWrite {
    /// The last write of each path: first all that puts, then all that deletes, each in the order of the last writes, but what refers to
    /// other nodes (a group, to its apps' versions) is put after them and deleted before them. So wherever a leader ends in the middle,
    /// what is there refers to nothing that is not there. A node below which something is put is not deleted.
    static func coalesced(_ effects: [Effect]) -> [StateWrite] {
        var seen: Set<String> = []
        var puts: [StateWrite] = []
        var deletions: [StateWrite] = []
        for effect in effects.reversed() {
            guard case .write(let write) = effect, seen.insert(write.path).inserted else { continue }
            if write.value == nil { deletions.append(write) } else { puts.append(write) }
        }
        var parents: Set<Substring> = []
        for put in puts {
            for (index, byte) in zip(put.path.utf8.indices, put.path.utf8) where byte == UInt8(ascii: "/") {
                parents.insert(put.path[..<index])
            }
        }
        deletions.removeAll { parents.contains($0.path[...]) }
        let isReferring = { (write: StateWrite) in write.path.hasPrefix("groups/") }
        return puts.reversed().filter { !isReferring($0) } + puts.reversed().filter(isReferring)
            + deletions.reversed().filter(isReferring) + deletions.reversed().filter { !isReferring($0) }
    }
}
