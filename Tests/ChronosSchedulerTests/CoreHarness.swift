import Chronos
import ClusterCore
import Glibc
import JSON
import Mesos
import Testing

@testable import ChronosScheduler

/// Zones of the host's tz database.
func hostZone(_ name: String) throws(ClusterError) -> TimeZoneRules {
    try TimeZoneRules(tzif: try Files.read("/usr/share/zoneinfo/\(name)"))
}

func time(_ text: String) -> Timestamp { Timestamp(text)! }

/// A scheduler core with a clock that is set by hand and one agent with plenty of everything.
struct CoreHarness {
    var core: SchedulerCore
    var now = time("2030-01-01T00:00:00Z")
    /// Ids of launched tasks, in order.
    var launched: [String] = []

    init(disableAfterFailures: Int = 0) {
        core = SchedulerCore(configuration: Self.configuration(disableAfterFailures: disableAfterFailures))
    }

    static func configuration(disableAfterFailures: Int = 0) -> SchedulerCore.Configuration {
        var configuration = SchedulerCore.Configuration()
        configuration.disableAfterFailures = disableAfterFailures
        configuration.zones = { name throws(ClusterError) in try hostZone(name) }
        return configuration
    }

    mutating func put(_ text: String) throws {
        try core.put(ChronosJob(json: try JSON(parsing: text)), now: now)
    }

    /// Moves the clock and launches what is queued.
    mutating func move(to text: String) {
        now = time(text)
        core.advance(to: now)
        launch()
    }

    mutating func move(by duration: Duration) {
        now = now + duration
        core.advance(to: now)
        launch()
    }

    @discardableResult
    mutating func launch(on hostname: String = "h1", attributes: [Attribute] = [], cpus: Double = 1000) -> [TaskInfo] {
        let offer = Offer(
            id: "O", frameworkID: "F", agentID: "S-\(hostname)", hostname: hostname,
            resources: Resources(cpus: cpus, mem: 1e6, disk: 1e6, gpus: 4), attributes: attributes)
        let tasks = core.use([offer], builder: TaskBuilder(user: "nobody")).accepts.flatMap(\.tasks)
        launched += tasks.map(\.taskID)
        return tasks
    }

    mutating func report(_ task: String, _ state: TaskState, reason: String? = nil) {
        core.apply(TaskStatus(taskID: task, state: state, reason: reason, agentID: "S-h1"), now: now)
    }

    /// Reports the newest task as ended.
    mutating func finish(_ state: TaskState = .finished) {
        report(launched.last!, .running)
        report(launched.last!, state)
    }

    /// What a new leader makes of what was stored.
    mutating func failOver() {
        core = SchedulerCore(
            configuration: core.configuration, jobs: Array(core.jobs.values), runs: Array(core.runs.values))
    }

    func statistics(_ name: String) -> ChronosJob.Statistics { core.jobs[name]!.job.statistics }
}
