import Chronos
import ClusterCore
import JSON
import Logging
import Mesos
import MesosFramework
import Synchronization
import Testing

@testable import ChronosScheduler

/// Keeps in memory what was stored, and can be told to refuse.
final class MemoryStore: JobStore {
    let nodes = Mutex<[String: [UInt8]]>([:])
    let refuses = Mutex(false)

    func load() async throws -> StoredState {
        var state = StoredState()
        for (path, content) in nodes.withLock({ $0 }) {
            let json = try JSON(parsing: content)
            if path.hasPrefix("jobs/") {
                state.jobs.append(try JobRecord(stored: json, zones: { name throws(ClusterError) in try hostZone(name) }))
            } else {
                state.runs.append(try Run(stored: json))
            }
        }
        return state
    }

    func write(_ groups: [[StoreChange]]) async throws {
        if refuses.withLock({ $0 }) { throw ClusterError(.unavailable, "another leads") }
        nodes.withLock { nodes in
            for change in groups.joined() { nodes[change.path] = change.content }
        }
    }
}

/// A Mesos that launches everything and reports what it is told to. It checks that a task is stored before it is launched.
final class ScriptedMesos: MesosLink {
    let events: AsyncStream<FrameworkEvent>
    let send: AsyncStream<FrameworkEvent>.Continuation
    let calls: AsyncStream<SchedulerCall.Kind>
    private let record: AsyncStream<SchedulerCall.Kind>.Continuation
    let store: MemoryStore

    init(store: MemoryStore) {
        self.store = store
        (events, send) = AsyncStream.makeStream()
        (calls, record) = AsyncStream.makeStream()
    }

    func call(_ kind: SchedulerCall.Kind) async throws {
        if case .accept(_, let operations, _) = kind {
            for case .launch(let tasks) in operations {
                for task in tasks {
                    let id = TaskID(task.taskID)!
                    let node = store.nodes.withLock { $0[StoreChange.run(id.key, nil).path] }
                    #expect(node.map { String(decoding: $0, as: UTF8.self).contains(#""state":"launched""#) } == true)
                }
            }
        }
        record.yield(kind)
    }

    func connect() {
        send.yield(.connected(frameworkID: "F", master: MasterInfo(id: "M", ip: "127.0.0.1", port: 5050, hostname: "m")))
    }

    func offer() {
        send.yield(
            .offers([Offer(id: "O", frameworkID: "F", agentID: "S", hostname: "h", resources: Resources(cpus: 100, mem: 1e6, disk: 1e6))]))
    }

    func update(_ task: String, _ state: TaskState) {
        send.yield(.update(TaskStatus(taskID: task, state: state, agentID: "S", uuid: "AAAA")))
    }
}

@Suite(.timeLimit(.minutes(1))) struct ChronosLeaderTests {
    let store = MemoryStore()

    /// Runs a leader while the body does.
    func leading(_ body: (ChronosLeader, ScriptedMesos) async throws -> Void) async throws {
        let mesos = ScriptedMesos(store: store)
        let leader = ChronosLeader(
            ChronosLeader.Settings(core: CoreHarness.configuration(), builder: TaskBuilder(user: "nobody")), state: try await store.load(),
            store: store, mesos: mesos, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            clock: { Timestamp.now })
        let running = Task { try await leader.run() }
        defer { running.cancel() }
        try await body(leader, mesos)
    }

    func put(_ text: String, _ leader: ChronosLeader) async throws {
        let job = try ChronosJob(json: JSON(parsing: text))
        _ = try await leader.perform { core, now throws(ClusterError) in try core.put(job, now: now) }
    }

    /// True as soon as something holds of the state.
    func comes(_ leader: ChronosLeader, _ holds: (SchedulerCore) -> Bool) async throws {
        while !holds(try await leader.perform()) { await Task.yield() }
    }

    /// Waits for a call and returns what it is about.
    func next<Value>(_ calls: inout AsyncStream<SchedulerCall.Kind>.Iterator, _ pick: (SchedulerCall.Kind) -> Value?) async -> Value {
        while let call = await calls.next(isolation: nil) { if let value = pick(call) { return value } }
        fatalError("the calls have ended")
    }

    func launches(_ call: SchedulerCall.Kind) -> [String]? {
        guard case .accept(_, let operations, _) = call else { return nil }
        return operations.flatMap { operation -> [String] in
            if case .launch(let tasks) = operation { tasks.map(\.taskID) } else { [] }
        }
    }

    @Test func `a job runs, a child follows, and no offers are wanted when nothing is queued`() async throws {
        try await leading { leader, mesos in
            var calls = mesos.calls.makeAsyncIterator()
            mesos.connect()
            await next(&calls) { if case .suppress = $0 { () } else { nil } }
            try await put(#"{"name":"a","command":"true"}"#, leader)
            try await put(#"{"name":"b","command":"true","parents":["a"]}"#, leader)
            for name in ["a", "b"] {
                await next(&calls) { if case .revive = $0 { () } else { nil } }
                mesos.offer()
                let task = await next(&calls, launches)[0]
                #expect(TaskID(task)?.key.job == name)
                mesos.update(task, .running)
                await next(&calls) { if case .acknowledge = $0 { () } else { nil } }
                mesos.update(task, .finished)
            }
            try await comes(leader) { $0.jobs["b"]?.job.statistics.successCount == 1 }
            #expect(store.nodes.withLock { $0.keys.sorted() } == ["jobs/a", "jobs/b"])
        }
    }

    @Test func `a new leader asks for tasks that may run, and runs nothing twice`() async throws {
        var task = ""
        try await leading { leader, mesos in
            var calls = mesos.calls.makeAsyncIterator()
            mesos.connect()
            try await put(#"{"name":"a","command":"sleep 1000","schedule":"R/2030-01-01T00:00:00Z/PT1S"}"#, leader)
            _ = try await leader.perform { core, now throws(ClusterError) in try core.runNow("a", arguments: [], now: now) }
            await next(&calls) { if case .revive = $0 { () } else { nil } }
            mesos.offer()
            task = await next(&calls, launches)[0]
        }
        try await leading { leader, mesos in
            var calls = mesos.calls.makeAsyncIterator()
            mesos.connect()
            let asked = await next(&calls) { call -> [SchedulerCall.TaskReference]? in
                if case .reconcile(let tasks) = call, !tasks.isEmpty { tasks } else { nil }
            }
            #expect(asked == [SchedulerCall.TaskReference(taskID: task, agentID: "S")])
            mesos.update(task, .running)
            mesos.offer()
            await next(&calls) { if case .decline = $0 { () } else { nil } }
            let core = try await leader.perform()
            #expect(core.state(of: "a") == "1 running")
        }
    }

    @Test func `a launch that the master refused is queued again`() async throws {
        let mesos = RefusingMesos(store: store)
        let leader = ChronosLeader(
            ChronosLeader.Settings(core: CoreHarness.configuration(), builder: TaskBuilder(user: "nobody")), state: StoredState(),
            store: store, mesos: mesos, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, clock: { Timestamp.now })
        let running = Task { try await leader.run() }
        defer { running.cancel() }
        mesos.inner.connect()
        try await put(#"{"name":"a","command":"true"}"#, leader)
        var calls = mesos.inner.calls.makeAsyncIterator()
        await next(&calls) { if case .revive = $0 { () } else { nil } }
        mesos.inner.offer()
        // Asked for again after the refusal, as soon as the next offer comes.
        await mesos.refused.first { _ in true }
        try await comes(leader) { $0.state(of: "a") == "queued" }
        mesos.inner.offer()
        #expect(await next(&calls, launches).count == 1)
    }

    @Test func `when something can't be stored, the client is told and leading ends`() async throws {
        let mesos = ScriptedMesos(store: store)
        let leader = ChronosLeader(
            ChronosLeader.Settings(core: CoreHarness.configuration(), builder: TaskBuilder(user: "nobody")), state: StoredState(),
            store: store, mesos: mesos, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, clock: { Timestamp.now })
        let running = Task { try await leader.run() }
        store.refuses.withLock { $0 = true }
        let error = await #expect(throws: ClusterError.self) { try await put(#"{"name":"a","command":"true"}"#, leader) }
        #expect(error?.code == .unavailable)
        await #expect(throws: ClusterError.self) { try await running.value }
        await #expect(throws: ClusterError.self) { _ = try await leader.perform() }
    }
}

/// Refuses the first launch.
final class RefusingMesos: MesosLink {
    let inner: ScriptedMesos
    let refused: AsyncStream<Void>
    private let refusal: AsyncStream<Void>.Continuation
    private let hasRefused = Mutex(false)

    init(store: MemoryStore) {
        inner = ScriptedMesos(store: store)
        (refused, refusal) = AsyncStream.makeStream()
    }

    var events: AsyncStream<FrameworkEvent> { inner.events }

    func call(_ kind: SchedulerCall.Kind) async throws {
        if case .accept = kind,
            hasRefused.withLock({ refused in
                defer { refused = true }; return !refused
            })
        {
            refusal.yield()
            throw ClusterError(.invalid, "refused")
        }
        try await inner.call(kind)
    }
}
