import Chronos
import ClusterCore
import EngineSupport
import JSON
import Logging
import Testing

@testable import ChronosScheduler

/// The REST API over a leader whose store is in memory and whose Mesos makes no offers.
@Suite(.timeLimit(.minutes(1))) struct ChronosAPITests {
    struct Answer {
        let status: Int
        let text: String
        var json: JSON { (try? JSON(parsing: text)) ?? .null }
    }

    func serving(onEmbeddedMesos: Bool = false, _ body: (_ ask: (String, String, String?) async -> Answer) async throws -> Void)
        async throws
    {
        let store = MemoryStore()
        let leader = ChronosLeader(
            ChronosLeader.Settings(core: CoreHarness.configuration(), builder: TaskBuilder(user: "nobody")), state: StoredState(),
            store: store, mesos: ScriptedMesos(store: store), logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            clock: { Timestamp.now })
        let running = Task { try await leader.run() }
        defer { running.cancel() }
        let router = ChronosAPI(leader: leader, address: "127.0.0.1:4400", defaultEpsilon: "PT60S") { onEmbeddedMesos }.router
        try await body { method, target, text in
            let answer = await router.respond(
                to: EngineRequest(method: method, target: target, body: text.map { Array($0.utf8) } ?? []))
            return Answer(status: answer.status, text: String(decoding: answer.bytes ?? [], as: UTF8.self))
        }
    }

    @Test func `jobs are posted, shown, searched and deleted`() async throws {
        try await serving { ask in
            for index in 0..<12 {
                let job = #"{"name":"job\#(index)","command":"echo \#(index)","schedule":"R/2090-01-01T00:00:00Z/P1D"}"#
                #expect(await ask("POST", "/v1/scheduler/iso8601", job).status == 204)
            }
            #expect(await ask("GET", "/v1/scheduler/jobs", nil).json.array?.count == 12)
            #expect(await ask("GET", "/v1/scheduler/jobs/search", nil).json.array?.count == 10)
            #expect(await ask("GET", "/v1/scheduler/jobs/search?name=JOB1&limit=99", nil).json.array?.count == 3)
            #expect(await ask("GET", "/v1/scheduler/jobs/search?any=echo%207", nil).json[0]?["name"] == "job7")
            #expect(await ask("GET", "/v1/scheduler/jobs/search?offset=10", nil).json.array?.count == 2)
            #expect(await ask("GET", "/v1/scheduler/jobs/search?limit=x", nil).status == 400)
            let shown = await ask("GET", "/v1/scheduler/job/job3", nil).json
            #expect(shown["schedule"] == "R/2090-01-01T00:00:00.000Z/P1D")
            #expect(shown["mem"] == 128.0 && shown["runAsUser"] == "nobody")
            #expect(await ask("DELETE", "/v1/scheduler/job/job3", nil).status == 204)
            #expect(await ask("GET", "/v1/scheduler/job/job3", nil).status == 400)
        }
    }

    @Test func `errors are told in each version's way`() async throws {
        try await serving { ask in
            let unknown = await ask("PUT", "/v1/scheduler/job/nobody", nil)
            #expect(unknown.status == 400 && unknown.json["status"] == "400" && unknown.json["message"] == "Job 'nobody' not found")
            #expect(await ask("PUT", "/scheduler/job/nobody", nil).text == "Job 'nobody' not found")
            let schedule = await ask("POST", "/v1/scheduler/iso8601", #"{"name":"a","command":"x","schedule":"soon"}"#)
            #expect(schedule.status == 400 && schedule.json["message"]?.string?.contains("Cannot parse schedule 'soon'") == true)
            #expect(await ask("POST", "/v1/scheduler/iso8601", "{").status == 400)
            #expect(await ask("POST", "/v1/scheduler/dependency", #"{"name":"a","command":"x","parents":[]}"#).status == 400)
            #expect(
                await ask("POST", "/v1/scheduler/iso8601", #"{"name":"a","command":"x","constraints":[["a","LIKE","("]]}"#).status == 400)
            // PUT went with 3.0, and a name with blanks with it.
            #expect(await ask("PUT", "/v1/scheduler/iso8601", #"{"name":"a","command":"x"}"#).status == 405)
            #expect(await ask("PUT", "/scheduler/iso8601", #"{"name":"a b","command":"x"}"#).status == 204)
            #expect(await ask("POST", "/v1/scheduler/iso8601", #"{"name":"a b","command":"x"}"#).status == 400)
        }
    }

    /// The GPU path of INDIGO's Orchestrator: it would end as TASK_ERROR, again and again.
    @Test func `images without Docker and GPUs are refused where no agent has them`() async throws {
        let mesos = #"{"name":"a","command":"x","container":{"type":"MESOS","image":"i"}}"#
        let gpus = #"{"name":"b","command":"x","gpus":1}"#
        try await serving { ask in
            #expect(await ask("POST", "/v1/scheduler/iso8601", mesos).status == 204)
            #expect(await ask("POST", "/v1/scheduler/iso8601", gpus).status == 204)
        }
        try await serving(onEmbeddedMesos: true) { ask in
            let answer = await ask("POST", "/v1/scheduler/iso8601", mesos)
            #expect(answer.status == 400 && answer.text.contains("use the container type DOCKER"))
            #expect(await ask("POST", "/v1/scheduler/iso8601", gpus).status == 400)
            #expect(await ask("POST", "/v1/scheduler/iso8601", mesos.replacing("MESOS", with: "DOCKER")).status == 204)
        }
    }

    @Test func `the version decides about the keys`() async throws {
        try await serving { ask in
            #expect(
                await ask("POST", "/v1/scheduler/iso8601", #"{"name":"a","command":"x","schedule":"R/2090-01-01T00:00:00Z/P1D"}"#).status
                    == 204)
            #expect(await ask("GET", "/scheduler/jobs", nil).json[0]?["epsilon"] == "PT60S")
            #expect(await ask("GET", "/v1/scheduler/jobs", nil).json[0]?["epsilon"] == nil)
        }
    }

    @Test func `graph, summary, leader, statistics`() async throws {
        try await serving { ask in
            _ = await ask("POST", "/v1/scheduler/iso8601", #"{"name":"a","command":"x","schedule":"R/2090-01-01T00:00:00Z/P1D"}"#)
            _ = await ask("POST", "/v1/scheduler/dependency", #"{"name":"b","command":"x","parents":["a"]}"#)
            #expect(
                await ask("GET", "/v1/scheduler/graph/dot", nil).text
                    == "digraph G {\n  1 [ label=\"a\" ];\n  2 [ label=\"b\" ];\n  1 -> 2;\n}\n")
            #expect(await ask("PUT", "/v1/scheduler/job/success/a", nil).text == "marked job a as successful: true")
            #expect(await ask("GET", "/v1/scheduler/graph/csv", nil).text == "node,a,success,idle\nnode,b,fresh,queued\nlink,a,b\n")
            let summary = await ask("GET", "/v1/scheduler/jobs/summary", nil).json
            #expect(summary["jobs"]?[1]?["state"] == "queued")
            #expect(await ask("GET", "/v1/scheduler/leader", nil).text == #"{"leader":"127.0.0.1:4400"}"#)
            #expect(await ask("GET", "/v1/scheduler/job/stat/a", nil).json["histogram"]?["count"] == 0)
            #expect(await ask("GET", "/v1/scheduler/stats/mean", nil).json.array?.count == 2)
            #expect(await ask("GET", "/v1/scheduler/stats/5thPercentile", nil).status == 400)
            #expect(await ask("GET", "/metrics", nil).json["gauges"]?["runs.queued"]?["value"] == 1)
            #expect(await ask("DELETE", "/v1/scheduler/task/kill/b", nil).status == 204)
        }
    }
}
