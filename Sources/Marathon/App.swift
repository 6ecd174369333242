/// A long-running service: what to run, how often, where, and how to see that it is well. Fields, defaults and bounds are those of
/// Marathon 1.5.15 (its RAML types `App`, `Container`, `Network`, `AppHealthCheck`, `ReadinessCheck`), in their canonical form:
/// `uris` are `fetch`, `ports` are `portDefinitions`, the Docker network is one of `networks`.
public struct App: Sendable, Hashable {
    /// Which app it is.
    public var id: PathID
    /// Roles whose resources may be used; nil for what the scheduler was started with.
    public var acceptedResourceRoles: [String]?
    /// Program and arguments, where there is no `cmd`.
    public var args: [String] = []
    /// By how much the launch delay grows with each failure, at least 1.
    public var backoffFactor: Double = 1.15
    /// First launch delay, seconds.
    public var backoffSeconds: Int = 1
    /// Shell command.
    public var cmd: String?
    /// Where tasks may run.
    public var constraints: [Constraint] = []
    /// Container to run in.
    public var container: Container?
    /// CPUs of each task, at least 0.001.
    public var cpus: Double = 1
    /// Apps and groups that must be up first.
    public var dependencies: [PathID] = []
    /// Disk of each task, MB.
    public var disk: Double = 0
    /// Environment of each task.
    public var env: [String: String] = [:]
    /// Mesos executor: "" or "//cmd".
    public var executor = ""
    /// What to fetch into the sandbox.
    public var fetch: [Artifact] = []
    /// Checks that say whether a task is alive.
    public var healthChecks: [HealthCheck] = []
    /// How many tasks.
    public var instances = 1
    /// Labels.
    public var labels: [String: String] = [:]
    /// Longest launch delay, seconds.
    public var maxLaunchDelaySeconds = 3600
    /// Memory of each task, MB.
    public var mem: Double = 128
    /// GPUs of each task.
    public var gpus = 0
    /// The network: exactly one.
    public var network: NetworkMode = .host
    /// Ports on the host, where the network is the host's.
    public var portDefinitions: [PortDefinition] = []
    /// Checks that say whether a task of a deployment is ready; at most one.
    public var readinessChecks: [ReadinessCheck] = []
    /// True where host ports must be the declared ports.
    public var requirePorts = false
    /// How long a killed task has to end, seconds; nil for the agent's default.
    public var taskKillGracePeriodSeconds: Int?
    /// How to upgrade.
    public var upgradeStrategy = UpgradeStrategy()
    /// User that runs the command; nil for the scheduler's default.
    public var user: String?
    /// When this version was made: its name.
    public var version = Timestamp(milliseconds: 0)
    /// When it was last scaled.
    public var lastScalingAt = Timestamp(milliseconds: 0)
    /// When anything but its scale last changed.
    public var lastConfigChangeAt = Timestamp(milliseconds: 0)
    /// Which tasks to kill first.
    public var killSelection: KillSelection = .youngestFirst
    /// What to do with tasks on an agent that can't be reached.
    public var unreachableStrategy: UnreachableStrategy = .enabled(inactiveAfterSeconds: 0, expungeAfterSeconds: 0)

    /// An app with nothing but an id.
    public init(id: PathID) { self.id = id }

    /// True where the tasks of both would be the same: they differ in nothing but scale and versions.
    public func hasSameTasks(as other: App) -> Bool {
        var copy = self
        copy.instances = other.instances
        copy.version = other.version
        copy.lastScalingAt = other.lastScalingAt
        copy.lastConfigChangeAt = other.lastConfigChangeAt
        return copy == other
    }

    /// Service port and name of each port, in order: those of the port definitions or of the container's mappings.
    public var servicePorts: [Int] {
        network == .host ? portDefinitions.map(\.port) : (container?.portMappings ?? []).map(\.servicePort)
    }

    /// True where a label says that two tasks of it must never run at once.
    public var isSingleInstance: Bool { labels["MARATHON_SINGLE_INSTANCE_APP"] == "true" }
}

/// A placement rule: `[field, operator, value?]`.
public struct Constraint: Sendable, Hashable {
    /// What a rule may say.
    public enum Operator: String, Sendable, CaseIterable {
        /// Each value once.
        case unique = "UNIQUE"
        /// All on the value given, or on one.
        case cluster = "CLUSTER"
        /// Spread evenly over the values.
        case groupBy = "GROUP_BY"
        /// Value matches the regular expression as a whole.
        case like = "LIKE"
        /// Value does not match the regular expression.
        case unlike = "UNLIKE"
        /// At most so many on each value.
        case maxPer = "MAX_PER"
    }
    /// `hostname`, or the name of an agent's attribute.
    public let field: String
    /// What is asked of it.
    public let operation: Operator
    /// The operator's argument.
    public let value: String?

    /// Makes a rule.
    public init(field: String, operation: Operator, value: String? = nil) {
        self.field = field
        self.operation = operation
        self.value = value
    }
}

/// A file to fetch into the sandbox.
public struct Artifact: Sendable, Hashable {
    /// Where it is.
    public let uri: String
    /// True where an archive is unpacked.
    public let extract: Bool
    /// True where it is made executable.
    public let executable: Bool
    /// True where the agent may keep it.
    public let cache: Bool
    /// Name in the sandbox.
    public let destPath: String?
}

/// How an app is upgraded: both are parts of `instances`, 0–1.
public struct UpgradeStrategy: Sendable, Hashable {
    /// The least part that stays healthy.
    public var minimumHealthCapacity: Double = 1
    /// The largest part beyond `instances` that runs meanwhile.
    public var maximumOverCapacity: Double = 1
    /// Both 1.
    public init() {}
    /// Of the two parts.
    public init(minimumHealthCapacity: Double, maximumOverCapacity: Double) {
        self.minimumHealthCapacity = minimumHealthCapacity
        self.maximumOverCapacity = maximumOverCapacity
    }
}

/// Which tasks are killed first when there are too many.
public enum KillSelection: String, Sendable, CaseIterable {
    /// Those started last.
    case youngestFirst = "YOUNGEST_FIRST"
    /// Those started first.
    case oldestFirst = "OLDEST_FIRST"
}

/// What becomes of a task on an agent that can't be reached.
public enum UnreachableStrategy: Sendable, Hashable {
    /// It is waited for, however long.
    case disabled
    /// It is replaced after the first time, and forgotten after the second.
    case enabled(inactiveAfterSeconds: Int, expungeAfterSeconds: Int)
}
