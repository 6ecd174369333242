import ClusterCore
import JSON
import Marathon
import Mesos

/// Everything that the leading Marathon knows and decides, as a value: inputs are method calls with the time, outputs are `effects`. It does no
/// I/O, so the same inputs always lead to the same decisions.
struct SchedulerCore: Sendable {
    let options: SchedulerOptions
    var validation: AppValidation
    let builder: TaskBuilder

    // What ZooKeeper keeps.
    var root: RootGroup
    var versions: [PathID: [Timestamp: App]] = [:]
    var instances: [String: Instance] = [:]
    var deployments: [Deployment] = []
    var failures: [PathID: TaskFailure] = [:]

    // What a new leader learns again.
    var tasksByApp: [PathID: Set<String>] = [:]
    var tallies: [PathID: [Timestamp: Tally]] = [:]
    var marks: [String: Tally] = [:]
    var health: [String: HealthTracker] = [:]
    var readiness: [String: [Int: Readiness]] = [:]
    var backoff = LaunchBackoff()
    var queue: [PathID: QueueEntry] = [:]
    var connection: Connection?
    var reconciliation = Reconciliation()
    var offerFlow = OfferFlow()
    var statistics = SchedulerStatistics()
    var dirty: Set<PathID> = []
    var lastVersion = Timestamp(milliseconds: 0)
    var random: any RandomNumberGenerator & Sendable
    private(set) var effects: [Effect] = []

    struct Connection: Sendable, Hashable {
        let frameworkID: String
        let master: String
    }

    /// What a readiness check found last.
    struct Readiness: Sendable, Hashable {
        let isReady: Bool
        let lastResponse: JSON?
    }

    /// An app that wants tasks.
    struct QueueEntry: Sendable, Hashable {
        var count: Int
        let since: Timestamp
        var offers = OfferCount()
    }

    /// What became of the offers since an app began to want tasks.
    struct OfferCount: Sendable, Hashable {
        var processed = 0
        var unused = 0
        var lastUsedAt: Timestamp?
        var lastUnusedAt: Timestamp?
        var mismatches: [OfferMatcher.Mismatch: Int] = [:]
    }

    init(
        options: SchedulerOptions, now: Timestamp,
        random: any RandomNumberGenerator & Sendable = SystemRandomNumberGenerator()
    ) {
        self.options = options
        validation = AppValidation(features: options.features)
        builder = TaskBuilder(variablePrefix: options.variablePrefix)
        root = RootGroup(version: now)
        self.random = random
    }

    /// The effects since the last call.
    mutating func takeEffects() -> [Effect] { takeOut(&effects, leaving: []) }

    /// The first write since the last call that ZooKeeper would refuse for its size: it would end this leadership and the next ones.
    var oversizeWrite: (write: StateWrite, bytes: Int)? {
        for case .write(let write) in effects {
            if let bytes = write.value?.count, bytes > StateWrite.limit { return (write, bytes) }
        }
        return nil
    }

    mutating func emit(_ effect: Effect) { effects.append(effect) }
    mutating func publish(_ type: String, at now: Timestamp, _ fields: KeyValuePairs<String, JSON?>) {
        effects.append(.publish(MarathonEvent(type, at: now, fields)))
    }

    /// A version that no app has had.
    mutating func nextVersion(_ now: Timestamp) -> Timestamp {
        lastVersion = max(now, lastVersion.adding(milliseconds: 1))
        return lastVersion
    }

    /// Tasks of an app in no order.
    func tasks(of app: PathID) -> [Instance] { (tasksByApp[app] ?? []).compactMap { instances[$0] } }

    /// Tasks of an app, oldest first.
    func instances(of app: PathID) -> [Instance] {
        tasks(of: app).sorted { ($0.stagedAt.milliseconds, $0.taskID) < ($1.stagedAt.milliseconds, $1.taskID) }
    }

    /// The app as it was when the task was launched; the current one where that version is gone.
    func app(of instance: Instance) -> App? { versions[instance.appID]?[instance.appVersion] ?? root.apps[instance.appID] }

    /// True where the task is what the app asks for now.
    func isCurrent(_ instance: Instance, _ app: App) -> Bool { isCurrent(instance.appVersion, app) }

    /// True where tasks of that version are what the app asks for now.
    func isCurrent(_ version: Timestamp, _ app: App) -> Bool {
        guard let launched = versions[app.id]?[version] else { return version >= app.lastConfigChangeAt }
        return launched.lastConfigChangeAt == app.lastConfigChangeAt
    }

    /// True where all its health checks say so; false without checks.
    func isHealthy(_ instance: Instance) -> Bool {
        guard let app = app(of: instance) else { return false }
        return health[instance.taskID]?.isHealthy(checks: app.healthChecks.count) ?? false
    }

    /// True where a deployment may count on it: it runs, is healthy where there are checks, and ready where it is asked.
    func isReady(_ instance: Instance) -> Bool {
        guard instance.condition == .running, let app = app(of: instance) else { return false }
        guard app.healthChecks.isEmpty || isHealthy(instance) else { return false }
        return app.readinessChecks.indices.allSatisfy { readiness[instance.taskID]?[$0]?.isReady ?? false }
    }

    /// The deployment that has a hand on an app.
    func deployment(of app: PathID) -> Deployment? { deployments.first { $0.affectedApps.contains(app) } }
}

/// Numbers for `/metrics`.
struct SchedulerStatistics: Sendable, Hashable {
    var offersReceived = 0
    var offersUsed = 0
    var offersDeclined = 0
    var tasksLaunched = 0
    var statusUpdates = 0
    var tasksFailed = 0
    var healthFailures = 0
}
