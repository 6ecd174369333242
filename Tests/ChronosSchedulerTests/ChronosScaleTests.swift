import Chronos
import ClusterCore
import JSON
import Logging
import Mesos
import MesosFramework
import Testing

@testable import ChronosScheduler

/// The leader's work grows with the number of jobs, not with its square.
@Suite(.serialized, .timeLimit(.minutes(2))) struct ChronosScaleTests {
    /// All jobs are due at once; each status is treated alone, as if nothing were ever gathered.
    private func run(_ count: Int) async throws -> Duration {
        let start = time("2030-01-01T01:00:00Z")
        let store = MemoryStore()
        let jobs = try (0..<count).map { index in
            let text = #"{"name":"j\#(index)","command":"true","schedule":"R1/2030-01-01T01:00:00Z/P1D"}"#
            return try JobRecord(try ChronosJob(json: try JSON(parsing: text)), now: start) { name throws(ClusterError) in try hostZone(name) }
        }
        let mesos = ScriptedMesos(store: store)
        let leader = ChronosLeader(
            ChronosLeader.Settings(core: CoreHarness.configuration(), builder: TaskBuilder(user: "nobody")), state: StoredState(jobs: jobs),
            store: store, mesos: mesos, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, clock: { start })
        let began = ContinuousClock.now
        try await leader.treat([
            .mesos(.connected(frameworkID: "F", master: MasterInfo(id: "M", ip: "127.0.0.1", port: 5050, hostname: "m")))
        ])
        let offer = Offer(
            id: "O", frameworkID: "F", agentID: "S", hostname: "h", resources: Resources(cpus: 1e4, mem: 1e6, disk: 1e6, gpus: 0))
        try await leader.treat([.mesos(.offers([offer]))])
        let tasks = await leader.core.unsettled.map(\.task)
        #expect(tasks.count == count && Set(tasks).count == count)
        for state in [TaskState.running, .finished] {
            for task in tasks {
                try await leader.treat([.mesos(.update(TaskStatus(taskID: task, state: state, agentID: "S")))])
            }
        }
        #expect(await leader.core.runs.isEmpty)
        return ContinuousClock.now - began
    }

    @Test func `four times the jobs take not much more than four times as long`() async throws {
        // The machine may be busy with something else for a while.
        var (few, many) = (Duration.seconds(60), Duration.seconds(60))
        for _ in 0..<3 { (few, many) = (min(few, try await run(75)), min(many, try await run(300))) }
        print("measured: 300 jobs \(many), 75 \(few)")
        #expect(many / few < 9)
    }
}
