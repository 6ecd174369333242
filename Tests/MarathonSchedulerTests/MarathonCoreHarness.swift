import ClusterTestKit
import JSON
import Marathon
import Mesos

@testable import MarathonScheduler

/// A scheduler core with a clock that is set by hand, and an agent that takes everything and says only what it is told to.
struct MarathonCoreHarness {
    var core: SchedulerCore
    var now = Timestamp("2030-01-01T00:00:00.000Z")!
    /// Every write so far, batch by batch, as they are handed to the store.
    var batches: [[StateWrite]] = []
    /// Tasks that were launched, in order.
    var launched: [TaskInfo] = []
    /// Tasks that were asked to end.
    var killed: [String] = []

    init(seed: UInt64 = 1) {
        core = SchedulerCore(options: SchedulerOptions(), now: now, random: SeededGenerator(seed: seed))
        core.connected(frameworkID: "F", master: "m:5050", now: now)
        drain()
    }

    mutating func create(_ fields: JSONObject) throws {
        _ = try core.createApp(.object(fields), force: true, now: now)
        drain()
    }

    mutating func update(_ id: String, _ fields: JSON) throws {
        _ = try core.updateApps([.init(id: PathID(id)!, json: fields, path: "/")], force: true, isPartial: true, now: now)
        drain()
    }

    mutating func offer(agent: String = "S1", seconds: Double = 1) {
        now = now.adding(seconds: seconds)
        let resources = Resources(cpus: 1000, mem: 1e6, disk: 1e6, ports: ValueRanges([31000...32000]))
        core.offered(
            [Offer(id: "O", frameworkID: "F", agentID: agent, hostname: agent, resources: resources)], now: now)
        drain()
    }

    mutating func report(_ task: String, _ state: TaskState, reason: String? = nil) {
        core.updated(TaskStatus(taskID: task, state: state, reason: reason, agentID: "S1"), now: now)
        core.settle(now)
        drain()
    }

    /// Launches what is wanted and has all that was launched run.
    mutating func run() {
        let before = launched.count
        offer()
        for task in launched[before...] { report(task.taskID, .running) }
    }

    /// Lets time pass, deadline by deadline.
    mutating func pass(seconds: Double) {
        let end = now.adding(seconds: seconds)
        while let next = core.nextDeadline(now: now), next <= end {
            now = max(next, now.adding(milliseconds: 50))
            core.tick(now: now)
            drain()
        }
        now = end
        core.tick(now: now)
        drain()
    }

    func conditions(_ id: String) -> [Instance.Condition] { core.instances(of: PathID(id)!).map(\.condition) }

    mutating func drain() {
        let effects = core.takeEffects()
        let writes = StateWrite.coalesced(effects)
        if !writes.isEmpty { batches.append(writes) }
        for case .call(let call) in effects {
            switch call {
            case .accept(_, let operations, _):
                for case .launch(let tasks) in operations { launched += tasks }
            case .kill(let task, _, _): killed.append(task)
            default: break
            }
        }
    }
}
