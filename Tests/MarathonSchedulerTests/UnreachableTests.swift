import JSON
import Marathon
import Mesos
import Testing

@testable import MarathonScheduler

/// `unreachableStrategy`: when a task on an agent that does not answer is replaced, when it is forgotten, and what becomes of it if it is back.
@Suite struct UnreachableTests {
    private func running(_ strategy: JSON?, instances: Int = 2, _ selection: String = "YOUNGEST_FIRST") throws -> MarathonCoreHarness {
        var marathon = MarathonCoreHarness()
        var app: JSONObject = ["id": "/a", "cmd": "true", "instances": .number(instances), "killSelection": .string(selection)]
        if let strategy { app["unreachableStrategy"] = strategy }
        try marathon.create(app)
        marathon.run()
        #expect(marathon.core.deployments == [])
        return marathon
    }

    @Test func byDefaultItIsReplacedAtOnceAndKilledWhenItIsBack() throws {
        var marathon = try running(nil)
        let lost = marathon.launched[0].taskID
        marathon.report(lost, .unreachable)
        #expect(marathon.core.instances[lost] == nil)
        marathon.run()
        #expect(marathon.conditions("/a") == [.running, .running] && marathon.launched.count == 3)
        marathon.report(lost, .running)
        #expect(marathon.killed == [lost])
    }

    @Test func itIsWaitedForUntilItIsInactive() throws {
        var marathon = try running(["inactiveAfterSeconds": 60, "expungeAfterSeconds": 600])
        let lost = marathon.launched[0].taskID
        marathon.report(lost, .unreachable)
        marathon.pass(seconds: 59)
        marathon.run()
        #expect(marathon.launched.count == 2)
        marathon.pass(seconds: 1)
        #expect(marathon.core.instances[lost]?.condition == .unreachableInactive)
        marathon.run()
        #expect(marathon.launched.count == 3)
        marathon.pass(seconds: 500)
        #expect(marathon.core.instances[lost] != nil)
        marathon.pass(seconds: 60)
        #expect(marathon.core.instances[lost] == nil)
        #expect(marathon.conditions("/a") == [.running, .running])
    }

    @Test func ifItIsBackInTimeNothingHappens() throws {
        var marathon = try running(["inactiveAfterSeconds": 60, "expungeAfterSeconds": 600])
        marathon.report(marathon.launched[0].taskID, .unreachable)
        marathon.pass(seconds: 30)
        marathon.report(marathon.launched[0].taskID, .running)
        marathon.pass(seconds: 600)
        marathon.run()
        #expect(marathon.launched.count == 2 && marathon.killed == [])
    }

    /// Which of them goes is for `killSelection` to say.
    @Test(arguments: [("YOUNGEST_FIRST", 1), ("OLDEST_FIRST", 0)])
    func ifItIsBackBesideItsReplacementTheSurplusOneIsKilled(_ selection: String, _ victim: Int) throws {
        var marathon = try running(["inactiveAfterSeconds": 10, "expungeAfterSeconds": 600], instances: 1, selection)
        marathon.report(marathon.launched[0].taskID, .unreachable)
        marathon.pass(seconds: 11)
        marathon.run()
        #expect(marathon.launched.count == 2 && marathon.killed == [])
        marathon.report(marathon.launched[0].taskID, .running)
        #expect(marathon.killed == [marathon.launched[victim].taskID])
    }

    @Test func disabledWaitsForEver() throws {
        var marathon = try running("disabled")
        marathon.report(marathon.launched[0].taskID, .unreachable)
        marathon.pass(seconds: 1_000_000)
        marathon.run()
        #expect(marathon.launched.count == 2 && Set(marathon.conditions("/a")) == [.unreachable, .running])
        // A new leader goes on waiting.
        let instance = marathon.core.instances[marathon.launched[0].taskID]
        #expect(instance.flatMap { Instance(json: $0.json) } == instance)
    }

    /// A deployment is not held up by what ran before and is waited for.
    @Test func scalingGoesOnMeanwhile() throws {
        var marathon = try running("disabled")
        marathon.report(marathon.launched[0].taskID, .unreachable)
        try marathon.update("/a", ["instances": 3])
        marathon.run()
        #expect(marathon.launched.count == 3 && marathon.core.deployments == [])
    }

    @Test func aRestartGoesOnMeanwhile() throws {
        var marathon = try running("disabled")
        let old = marathon.launched.map(\.taskID)
        try marathon.update("/a", ["cmd": "false"])
        marathon.offer()
        let new = marathon.launched[2...].map(\.taskID)
        for task in new { marathon.report(task, .running) }
        marathon.report(new[0], .unreachable)
        for task in old {
            #expect(marathon.killed.contains(task))
            marathon.report(task, .killed)
        }
        marathon.run()
        #expect(new.count == 2 && marathon.core.deployments == [])
        #expect(Set(marathon.core.instances.keys) == Set(new))
    }

    @Test func deletingTheAppDoesNotWaitForIt() throws {
        var marathon = try running(["inactiveAfterSeconds": 10, "expungeAfterSeconds": 600], instances: 1)
        let lost = marathon.launched[0].taskID
        marathon.report(lost, .unreachable)
        marathon.pass(seconds: 11)
        #expect(marathon.conditions("/a") == [.unreachableInactive])
        _ = try marathon.core.deleteApp(PathID("/a")!, force: true, now: marathon.now)
        marathon.drain()
        #expect(marathon.core.deployments == [] && marathon.core.instances.isEmpty)
        marathon.report(lost, .running)
        #expect(marathon.killed == [lost])
    }
}
