import Checks
import ClusterCore
import Consul
import Entrypoint
import Glibc
import HTTPClient
import JSON
import Logging
import Marathon

/// One time of being active: events, snapshots and writes, from the moment this node's Marathon leads until it doesn't.
actor Session {
    private let plan: BridgePlan
    private let state: BridgeState
    private let context: CompanionContext
    private let marathon: MarathonClient
    private let consul: ConsulClient
    private let layout: KeyLayout
    private var view = MarathonView()
    /// What Consul has; nil: has to be asked.
    private var has: [String: JSON]?
    private let (snapshots, snapshotWanted) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
    private let (writes, writeWanted) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))

    /// Snapshots that events ask for come no faster than this: a deployment announces each of its steps.
    private static let leastSnapshotInterval = Duration.milliseconds(100)

    init(_ plan: BridgePlan, state: BridgeState, context: CompanionContext, marathon: MarathonClient, consul: ConsulClient) {
        self.plan = plan
        self.state = state
        self.context = context
        self.marathon = marathon
        self.consul = consul
        layout = KeyLayout(prefix: plan.prefix)
    }

    /// True once Marathon was read.
    var hasRead: Bool { view.asOf != nil }

    /// Runs until it is cancelled, or the event stream ends.
    func run() async throws {
        // The events first: what happens after the snapshot was asked for is in the stream.
        let stream: HTTPStream
        do {
            stream = try await marathon.events(types: MarathonEvent.types)
        } catch {
            state.update { $0.marathonProblem = "\(error)" }
            throw error
        }
        state.update { $0.isStreaming = true }
        snapshotWanted.yield()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await self.follow(stream) }
            group.addTask { try await self.readSnapshots() }
            group.addTask { try await self.writeChanges() }
            group.addTask { try await self.reconcile() }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    // MARK: Marathon

    private func follow(_ stream: HTTPStream) async throws {
        var decoder = ServerSentEventsDecoder()
        for try await bytes in stream {
            var isNews = false
            for event in decoder.feed(bytes) {
                guard let json = try? JSON(parsing: event.data), let event = MarathonEvent(type: event.event, json: json) else { continue }
                view.take(event)
                isNews = true
            }
            guard isNews else { continue }
            if view.needsSnapshot || view.isAhead(of: Self.now()) { snapshotWanted.yield() }
            if hasRead { writeWanted.yield() }
        }
        throw ClusterError(.unavailable, "Marathon has ended the event stream")
    }

    private func readSnapshots() async throws {
        var retry = RetryDelay(first: .milliseconds(100), limit: .seconds(2))
        for await _ in snapshots {
            do throws(ClusterError) {
                try await readSnapshot()
                retry.succeeded()
                try? await Task.sleep(for: Self.leastSnapshotInterval)
                if view.needsSnapshot { snapshotWanted.yield() }
            } catch {
                if Task.isCancelled { break }
                if state.current.marathonProblem == nil { context.logger.warning("Marathon's apps can't be read, the keys stay: \(error)") }
                state.update { $0.marathonProblem = error.description }
                try? await Task.sleep(for: retry.next())
                snapshotWanted.yield()
            }
        }
        try Task.checkCancellation()
    }

    private func readSnapshot() async throws(ClusterError) {
        let asked = Self.now()
        let list = try await marathon.apps(embed: ["apps.tasks"])
        view.take(MarathonSnapshot(list), asked: asked, came: Self.now())
        if state.current.marathonProblem != nil { context.logger.info("Marathon's apps are read again") }
        state.update {
            $0.marathonProblem = nil
            $0.lastSnapshot = .now
        }
        writeWanted.yield()
    }

    /// Marathon's clock is this host's.
    private static func now() -> Timestamp { Timestamp(milliseconds: UnixTime(clock: CLOCK_REALTIME).milliseconds) }

    private func reconcile() async throws {
        while true {
            try await Task.sleep(for: plan.reconcile)
            has = nil
            snapshotWanted.yield()
        }
    }

    // MARK: Consul

    private func writeChanges() async throws {
        var retry = RetryDelay(first: .milliseconds(50), limit: .seconds(2))
        for await _ in writes {
            do throws(ClusterError) {
                try await write()
                if state.current.consulProblem != nil { context.logger.info("Consul takes the keys again") }
                state.update {
                    $0.consulProblem = nil
                    $0.lastAgreement = .now
                }
                retry.succeeded()
            } catch {
                if Task.isCancelled { break }
                if state.current.consulProblem == nil { context.logger.warning("Consul can't be written to, tried again: \(error)") }
                state.update { $0.consulProblem = error.description }
                // What was written of it is not known.
                has = nil
                try? await Task.sleep(for: retry.next())
                writeWanted.yield()
            }
        }
        try Task.checkCancellation()
    }

    private func write() async throws(ClusterError) {
        let has = try await present()
        let wants = layout.desired(view)
        let diff = KeyDiff(has: has, wants: wants, layout: layout)
        let routable = view.tasks.values.count { view.isRoutable($0) }
        let (apps, tasks) = (view.apps.count, view.tasks.count)
        var problems: [String] = []
        var operations: [KVOperation] = []
        for (key, json) in diff.writes.sorted(by: { $0.key < $1.key }) {
            let bytes = json.bytes()
            if bytes.count <= KVOperation.longestValue {
                operations.append(.set(key: key, value: bytes))
            } else {
                problems.append("\(key): its definition is longer than Consul's 512 KiB, and is left out")
            }
        }
        operations += diff.deletions.sorted().map { .delete(key: $0) }
        for batch in KVOperation.batches(operations) {
            guard !Task.isCancelled else { throw ClusterError(.unavailable, "no longer active") }
            try await consul.transact(batch)
            for operation in batch {
                self.has?[operation.key] = diff.writes[operation.key]
                context.logger.debug("\(diff.writes[operation.key] == nil ? "deleted" : "wrote") \(operation.key)")
            }
        }
        for problem in problems where !state.current.problems.contains(problem) { context.logger.warning("\(problem)") }
        state.update {
            ($0.apps, $0.tasks, $0.routable) = (apps, tasks, routable)
            $0.problems = problems
        }
        await count(operations.count, apps: apps, tasks: tasks, routable: routable)
    }

    private func present() async throws(ClusterError) -> [String: JSON] {
        if let has { return has }
        var found: [String: JSON] = [:]
        for entry in try await consul.values(under: "\(plan.prefix)/") { found[entry.key] = (try? JSON(parsing: entry.value)) ?? .null }
        has = found
        return found
    }

    private func count(_ operations: Int, apps: Int, tasks: Int, routable: Int) async {
        let metrics = context.metrics
        await metrics.set("marathon_consul_apps", help: "apps of Marathon", to: Double(apps))
        await metrics.set("marathon_consul_tasks", help: "tasks of Marathon", to: Double(tasks))
        await metrics.set("marathon_consul_routable_tasks", help: "tasks that run and pass their checks", to: Double(routable))
        guard operations > 0 else { return }
        await metrics.increment("marathon_consul_writes_total", help: "keys written or deleted", by: Double(operations))
    }
}
