import Chronos
import ClusterCore
import JSON
import Mesos
import Testing

@testable import ChronosScheduler

@Suite struct SchedulerCoreTests {
    @Test func `a target runs at its time, once`() throws {
        var chronos = CoreHarness()
        try chronos.put(#"{"name":"a","command":"true","schedule":"R2/2030-01-01T01:00:00Z/PT1H"}"#)
        #expect(chronos.core.nextWake == time("2030-01-01T01:00:00Z"))
        chronos.move(to: "2030-01-01T00:59:59.999Z")
        #expect(chronos.launched.isEmpty)
        chronos.move(to: "2030-01-01T01:00:00Z")
        #expect(chronos.launched == ["ct:1893459600000:0:a:"])
        #expect(chronos.core.state(of: "a") == "1 running")
        chronos.finish()
        #expect(chronos.statistics("a").successCount == 1)
        #expect(chronos.core.jobs["a"]?.shown.scheduleText == "R1/2030-01-01T02:00:00.000Z/PT1H")
        chronos.move(to: "2030-01-01T02:00:00Z")
        chronos.finish()
        #expect(chronos.launched.count == 2)
        #expect(chronos.core.jobs["a"]?.job.isDisabled == true)
        #expect(chronos.core.nextWake == nil)
    }

    @Test func `a schedule without a start runs now`() throws {
        var chronos = CoreHarness()
        try chronos.put(#"{"name":"a","command":"true"}"#)
        chronos.launch()
        #expect(chronos.launched.count == 1)
        chronos.finish()
        #expect(chronos.core.jobs["a"]?.job.isDisabled == true)
    }

    @Test func `R0 never runs`() throws {
        var chronos = CoreHarness()
        try chronos.put(#"{"name":"a","command":"true","schedule":"R0//PT1S"}"#)
        chronos.move(by: .seconds(100))
        #expect(chronos.launched.isEmpty)
        #expect(chronos.core.jobs["a"]?.job.isDisabled == true)
    }

    @Test func `targets later than epsilon are skipped and counted`() throws {
        var chronos = CoreHarness()
        try chronos.put(#"{"name":"a","command":"true","schedule":"R10/2029-12-31T23:50:00Z/PT5M","epsilon":"PT30S"}"#)
        #expect(chronos.core.counters.late == 2)
        chronos.launch()
        #expect(chronos.launched == ["ct:1893456000000:0:a:"])
        #expect(chronos.core.jobs["a"]?.schedule?.remaining == 7)
    }

    @Test func `within epsilon a missed target still runs`() throws {
        var chronos = CoreHarness()
        try chronos.put(#"{"name":"a","command":"true","schedule":"R/2030-01-01T01:00:00Z/PT1H"}"#)
        chronos.failOver()
        chronos.move(to: "2030-01-01T01:00:59Z")
        #expect(chronos.launched.count == 1)
        chronos.finish()
        chronos.move(to: "2030-01-01T02:01:01Z")
        #expect(chronos.launched.count == 1)
        #expect(chronos.core.counters.late == 1)
    }

    @Test func `no overlap unless concurrent`() throws {
        for (concurrent, expected) in [(false, 1), (true, 4)] {
            var chronos = CoreHarness()
            try chronos.put(#"{"name":"a","command":"true","schedule":"R//PT10S","concurrent":\#(concurrent)}"#)
            chronos.launch()
            for _ in 0..<3 { chronos.move(by: .seconds(10)) }
            #expect(chronos.launched.count == expected)
            #expect(chronos.core.counters.overlapping == 4 - expected)
        }
    }

    @Test func `a disabled job is not run but on request`() throws {
        var chronos = CoreHarness()
        try chronos.put(#"{"name":"a","command":"echo","schedule":"R//PT10S","disabled":true,"arguments":["x"]}"#)
        chronos.move(by: .seconds(30))
        #expect(chronos.launched.isEmpty)
        try chronos.core.runNow("a", arguments: ["y", "z"], now: chronos.now)
        let tasks = chronos.launch()
        #expect(tasks.first?.command?.value == "echo x y z")
        #expect(tasks.first?.taskID == "ct:1893456030000:0:a:x y z")
    }

    @Test func `failed attempts are retried after a pause, each run anew`() throws {
        var chronos = CoreHarness()
        try chronos.put(#"{"name":"a","command":"false","schedule":"R2//PT1H","retries":2}"#)
        for _ in 0..<2 {
            chronos.launch()
            for _ in 0..<2 {
                chronos.finish(.failed)
                #expect(chronos.core.state(of: "a") == "queued")
                chronos.move(by: .seconds(59))
                chronos.move(by: .seconds(1))
            }
            chronos.finish(.failed)
            #expect(chronos.core.state(of: "a") == "idle")
            chronos.now = time("2030-01-01T01:00:00Z")
            chronos.core.advance(to: chronos.now)
        }
        #expect(chronos.launched.count == 6)
        #expect(chronos.launched.map { $0.split(separator: ":")[2] } == ["0", "1", "2", "0", "1", "2"])
        #expect(chronos.statistics("a").errorCount == 2)
        #expect(chronos.statistics("a").errorsSinceLastSuccess == 2)
    }

    @Test func `the next target takes the place of a waiting retry`() throws {
        var chronos = CoreHarness()
        try chronos.put(#"{"name":"a","command":"false","schedule":"R//PT10S","retries":5}"#)
        chronos.launch()
        chronos.finish(.failed)
        chronos.move(by: .seconds(10))
        #expect(chronos.launched.count == 2)
        #expect(chronos.statistics("a").errorCount == 1)
    }

    @Test func `too many failures disable a job`() throws {
        var chronos = CoreHarness(disableAfterFailures: 2)
        try chronos.put(#"{"name":"a","command":"false","schedule":"R//PT10S","retries":0}"#)
        chronos.launch()
        chronos.finish(.failed)
        chronos.move(by: .seconds(10))
        chronos.finish(.failed)
        #expect(chronos.core.jobs["a"]?.job.isDisabled == true)
        chronos.move(by: .seconds(10))
        #expect(chronos.launched.count == 2)
    }

    @Test func `a child runs when all its parents have succeeded since its last run`() throws {
        var chronos = CoreHarness()
        try chronos.put(#"{"name":"a","command":"true","schedule":"R/2030-01-01T01:00:00Z/PT1H"}"#)
        try chronos.put(#"{"name":"b","command":"true","schedule":"R/2030-01-01T01:00:00Z/PT2H"}"#)
        try chronos.put(#"{"name":"c","command":"true","parents":["a","b"]}"#)
        chronos.move(to: "2030-01-01T01:00:00Z")
        let (a, b) = (chronos.launched[0], chronos.launched[1])
        chronos.report(a, .finished)
        #expect(!chronos.core.wantsOffers)
        chronos.report(b, .finished)
        chronos.launch()
        #expect(chronos.launched.last?.hasSuffix(":c:") == true)
        chronos.finish()
        // a alone is not enough.
        chronos.move(to: "2030-01-01T02:00:00Z")
        chronos.finish()
        #expect(!chronos.core.wantsOffers)
        chronos.failOver()
        chronos.move(to: "2030-01-01T03:00:00Z")
        for task in chronos.launched.suffix(2) { chronos.report(task, .finished) }
        chronos.launch()
        #expect(chronos.launched.count { $0.hasSuffix(":c:") } == 2)
    }

    @Test func `a failed parent starts its children only with softError`() throws {
        for softError in [false, true] {
            var chronos = CoreHarness()
            try chronos.put(#"{"name":"a","command":"false","retries":0,"softError":\#(softError)}"#)
            try chronos.put(#"{"name":"b","command":"true","parents":["a"]}"#)
            chronos.launch()
            chronos.finish(.failed)
            #expect(chronos.core.wantsOffers == softError)
        }
    }

    @Test func `a child of a parent that is done for good runs at once`() throws {
        var chronos = CoreHarness()
        try chronos.put(#"{"name":"a","command":"true"}"#)
        chronos.launch()
        chronos.finish()
        try chronos.put(#"{"name":"b","command":"true","parents":["a"]}"#)
        #expect(chronos.core.wantsOffers)
        // A parent that will run again is waited for.
        try chronos.put(#"{"name":"p","command":"true","schedule":"R//PT1H"}"#)
        chronos.launch()
        chronos.report(chronos.launched.last!, .finished)
        try chronos.put(#"{"name":"q","command":"true","parents":["p"]}"#)
        chronos.launch()
        #expect(chronos.core.state(of: "q") == "idle")
    }

    @Test func `cycles and missing parents are refused`() throws {
        var chronos = CoreHarness()
        try chronos.put(#"{"name":"a","command":"true","schedule":"R//PT1H"}"#)
        try chronos.put(#"{"name":"b","command":"true","parents":["a"]}"#)
        try chronos.put(#"{"name":"c","command":"true","parents":["b"]}"#)
        #expect(throws: ClusterError.self) { try chronos.put(#"{"name":"d","command":"true","parents":["x"]}"#) }
        #expect(throws: ClusterError.self) { try chronos.put(#"{"name":"d","command":"true","parents":["d"]}"#) }
        let error = #expect(throws: ClusterError.self) { try chronos.put(#"{"name":"a","command":"true","parents":["c"]}"#) }
        #expect(error?.message.contains("wait for itself") == true)
        #expect(chronos.core.jobs["a"]?.job.parents == [])
    }

    @Test func `deleting hands the children on and kills`() throws {
        var chronos = CoreHarness()
        try chronos.put(#"{"name":"a","command":"true","schedule":"R5/2030-01-01T00:00:00Z/PT1H"}"#)
        try chronos.put(#"{"name":"b","command":"true","parents":["a"]}"#)
        try chronos.put(#"{"name":"c","command":"true","parents":["b"]}"#)
        chronos.launch()
        try chronos.core.delete("b")
        #expect(chronos.core.jobs["c"]?.job.parents == ["a"])
        try chronos.core.delete("a")
        #expect(chronos.core.takePending().kills.map(\.task) == [chronos.launched[0]])
        #expect(chronos.core.jobs["c"]?.shown.scheduleText == "R4/2030-01-01T01:00:00.000Z/PT1H")
        // What the deleted job's task still says changes nothing.
        chronos.report(chronos.launched[0], .killed)
        chronos.move(to: "2030-01-01T01:00:00Z")
        #expect(chronos.launched.last?.hasSuffix(":c:") == true)
        #expect(throws: ClusterError.self) { try chronos.core.delete("a") }
    }

    @Test func `posting again replaces the job and drops what is queued`() throws {
        var chronos = CoreHarness()
        try chronos.put(#"{"name":"a","command":"old"}"#)
        try chronos.put(#"{"name":"a","command":"new","successCount":7}"#)
        let tasks = chronos.launch()
        #expect(tasks.map { $0.command?.value } == ["new"])
        #expect(chronos.statistics("a").successCount == 7)
        // A running one goes on, and the new one runs after it.
        try chronos.put(#"{"name":"a","command":"newer"}"#)
        #expect(chronos.launch().isEmpty)
        chronos.finish()
        #expect(chronos.launch().map { $0.command?.value } == ["newer"])
    }

    @Test func `killing on request is not retried`() throws {
        var chronos = CoreHarness()
        try chronos.put(#"{"name":"a","command":"sleep 100","schedule":"R//PT1H"}"#)
        chronos.launch()
        chronos.report(chronos.launched[0], .running)
        try chronos.core.killTasks(of: "a", now: chronos.now)
        #expect(chronos.core.takePending().kills.map(\.task) == [chronos.launched[0]])
        chronos.report(chronos.launched[0], .killed)
        #expect(chronos.core.runs.isEmpty)
        #expect(chronos.statistics("a").errorCount == 1)
    }

    @Test func `a launch that did not arrive is repeated under the same id, a lost task is a failed attempt`() throws {
        var chronos = CoreHarness()
        try chronos.put(#"{"name":"a","command":"true","schedule":"R//PT1H"}"#)
        chronos.launch()
        chronos.failOver()
        #expect(chronos.core.unsettled.map(\.task) == chronos.launched)
        chronos.report(chronos.launched[0], .unknown, reason: "REASON_RECONCILIATION")
        chronos.launch()
        #expect(chronos.launched[0] == chronos.launched[1])
        chronos.report(chronos.launched[1], .running)
        chronos.failOver()
        chronos.report(chronos.launched[1], .unknown, reason: "REASON_RECONCILIATION")
        #expect(!chronos.core.wantsOffers)
        chronos.move(by: .seconds(60))
        #expect(chronos.launched.last == "ct:1893456000000:1:a:")
    }

    @Test func `a task behind a partition is waited for, and its target is not run a second time meanwhile`() throws {
        var chronos = CoreHarness()
        try chronos.put(#"{"name":"a","command":"true","schedule":"R//PT1M","retries":3}"#)
        chronos.launch()
        chronos.report(chronos.launched[0], .running)
        chronos.report(chronos.launched[0], .unreachable)
        for _ in 0..<13 {
            chronos.move(by: .seconds(60))
            chronos.report(chronos.launched[0], .unreachable)
        }
        chronos.failOver()
        chronos.launch()
        #expect(chronos.launched.count == 1 && chronos.core.state(of: "a") == "1 running")
        // The agent is back: the attempt counts as it ends.
        chronos.report(chronos.launched[0], .running)
        chronos.report(chronos.launched[0], .finished)
        #expect(chronos.statistics("a").successCount == 1 && chronos.statistics("a").errorCount == 0)
        chronos.move(by: .seconds(60))
        #expect(chronos.launched.count == 2)
    }

    @Test(arguments: [TaskState.staging, .starting, .running, .killing])
    func `a task whose agent is back is not given up, however far it has come`(_ state: TaskState) throws {
        var chronos = CoreHarness()
        try chronos.put(#"{"name":"a","command":"true","schedule":"R1//PT24H","retries":1}"#)
        chronos.launch()
        chronos.report(chronos.launched[0], .unreachable)
        chronos.report(chronos.launched[0], state)
        #expect(chronos.core.runs.values.allSatisfy { $0.unreachableSince == nil })
        chronos.move(by: chronos.core.configuration.unreachableLimit)
        chronos.move(by: .seconds(60))
        #expect(chronos.launched.count == 1)
    }

    @Test func `an unreachable task is given up after a bounded time`() throws {
        var chronos = CoreHarness()
        try chronos.put(#"{"name":"a","command":"true","schedule":"R1//PT24H","retries":1}"#)
        chronos.launch()
        chronos.report(chronos.launched[0], .running)
        chronos.report(chronos.launched[0], .unreachable)
        let limit = chronos.core.configuration.unreachableLimit
        #expect(chronos.core.nextWake == chronos.now + limit)
        chronos.move(by: limit)
        // Back before the next attempt begins: taken up again.
        chronos.report(chronos.launched[0], .running)
        #expect(chronos.core.state(of: "a") == "1 running")
        chronos.report(chronos.launched[0], .unreachable)
        chronos.move(by: limit)
        chronos.move(by: .seconds(60))
        #expect(chronos.launched.last == "ct:1893456000000:1:a:")
        // Too late now: the second attempt runs.
        _ = chronos.core.takePending()
        chronos.report(chronos.launched[0], .running)
        #expect(chronos.core.takePending().kills.map(\.task) == [chronos.launched[0]])
    }

    @Test(arguments: [TaskState.gone, .goneByOperator, .failed, .lost, .unknown])
    func `what ends for certain while unreachable is a failed attempt`(_ state: TaskState) throws {
        var chronos = CoreHarness()
        try chronos.put(#"{"name":"a","command":"true","schedule":"R1//PT24H","retries":1}"#)
        chronos.launch()
        chronos.report(chronos.launched[0], .unreachable)
        chronos.report(chronos.launched[0], state)
        chronos.move(by: .seconds(60))
        #expect(chronos.launched.last == "ct:1893456000000:1:a:")
    }

    @Test func `what ZooKeeper can't hold is refused and changes nothing`() throws {
        var chronos = CoreHarness()
        let long = String(repeating: "x", count: 500_000)
        #expect(throws: ClusterError.self) { try chronos.put(#"{"name":"a","command":"\#(long)","schedule":"R//PT24H"}"#) }
        #expect(chronos.core.jobs.isEmpty)
        try chronos.put(#"{"name":"a","command":"true","schedule":"R0//PT24H"}"#)
        #expect(throws: ClusterError.self) { try chronos.core.runNow("a", arguments: [long], now: chronos.now) }
        #expect(chronos.core.runs.isEmpty)
        // Each alone fits, all of them together in no request.
        let part = String(long.prefix(300_000))
        for _ in 0..<9 { try chronos.core.runNow("a", arguments: [part], now: chronos.now) }
        let groups = chronos.core.changes(of: chronos.core.takePending()).flatMap(FencedJobStore.parts)
        #expect(groups.allSatisfy { $0.reduce(0) { $0 + ($1.content?.count ?? 0) } < 900_000 })
        #expect(groups.joined().count == 10 && groups.first?.first?.path == "jobs/a")
    }

    @Test func `many targets due at once are taken bit by bit`() throws {
        var chronos = CoreHarness()
        try chronos.put(#"{"name":"a","command":"true","schedule":"R//PT1S","concurrent":true,"epsilon":"PT1H"}"#)
        chronos.launch()
        _ = chronos.core.takePending()
        chronos.now = chronos.now + .seconds(1000)
        chronos.core.advance(to: chronos.now)
        #expect(chronos.core.takePending().runs.count <= 200)
        for _ in 0..<6 { chronos.core.advance(to: chronos.now) }
        chronos.launch()
        #expect(chronos.launched.count == 1001 && Set(chronos.launched).count == 1001)
    }

    @Test func `constraints choose the agent`() throws {
        var chronos = CoreHarness()
        try chronos.put(
            #"{"name":"a","command":"true","constraints":[["rack","LIKE","r[12]"],["hostname","CLUSTER","h2"],["disk","UNLIKE","slow.*"]]}"#
        )
        #expect(chronos.launch(on: "h1", attributes: [Attribute("rack", .text("r1"))]).isEmpty)
        #expect(chronos.launch(on: "h2", attributes: [Attribute("rack", .text("r10"))]).isEmpty)
        #expect(chronos.launch(on: "h2", attributes: [Attribute("rack", .text("r2")), Attribute("disk", .text("slowest"))]).isEmpty)
        #expect(chronos.launch(on: "h2", attributes: [Attribute("rack", .text("r2"))]).count == 1)
    }

    @Test func `high priority first, within what is offered`() throws {
        var chronos = CoreHarness()
        for index in 0..<5 { try chronos.put(#"{"name":"low\#(index)","command":"true","cpus":1}"#) }
        chronos.now = chronos.now + .seconds(1)
        try chronos.put(#"{"name":"high","command":"true","cpus":1,"highPriority":true}"#)
        #expect(chronos.launch(cpus: 2.5).map(\.name) == ["ChronosTask:high", "ChronosTask:low0"])
    }

    @Test func `a thousand jobs of the same second are all launched, none twice`() throws {
        var chronos = CoreHarness()
        for index in 0..<1000 { try chronos.put(#"{"name":"j\#(index)","command":"true","schedule":"R1/2030-01-01T01:00:00Z/P1D"}"#) }
        chronos.now = time("2030-01-01T01:00:00Z")
        chronos.core.advance(to: chronos.now)
        #expect(chronos.core.takePending().runs.count == 1000)
        while chronos.core.wantsOffers { for task in chronos.launch(cpus: 10) { chronos.report(task.taskID, .finished) } }
        #expect(chronos.launched.count == 1000)
        #expect(Set(chronos.launched).count == 1000)
    }
}
