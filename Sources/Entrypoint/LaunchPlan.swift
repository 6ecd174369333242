public import Checks
public import ClusterCore
public import JSON
public import Logging

/// All that an entrypoint does for its component, as a value: a pure function of settings and facts makes it, golden tests hold it,
/// `plan` prints it and `run` carries it out. The closures in it are named, and nothing calls them before `run`.
public struct LaunchPlan: Sendable {
    /// Component's name: `zookeeper`, `mesos-master` …
    public var component: String
    /// What an operator should know of the choices made, one line each, logged at start (`engine: embedded, because …`).
    public var notes: [String] = []
    /// Done in this order before the files are written: clean what a killed predecessor left.
    public var beforeStart: [PlanAction] = []
    /// Directories to create, before the files.
    public var directories: [PlannedDirectory] = []
    /// Files to stage, validate and rename.
    public var files: [PlannedFile] = []
    /// Must all hold before the component is started.
    public var prerequisites: [Prerequisite] = []
    /// Program (absolute path) and arguments. Holds no secret. Empty: there is no child, the companions are the component, and it ends
    /// with 0 when it is stopped.
    public var argv: [String]
    /// The child's whole environment; values of `secretEnvironment` are redacted where it is printed.
    public var environment: [String: String] = [:]
    /// Names in `environment` whose values are secret.
    public var secretEnvironment: Set<String> = []
    /// Working directory of the child.
    public var workingDirectory: String?
    /// The table of checks.
    public var checks: [Check] = []
    /// Finds the role; nil where the component has none.
    public var role: (@Sendable () async -> Role)?
    /// Runs beside the child, from before its first start until after its stop.
    public var companions: [Companion] = []
    /// How the child is stopped.
    public var stop = StopPolicy()
    /// True where processes that the child has put into sessions of their own outlive it (a slave's tasks); all others that it leaves
    /// behind are killed.
    public var leavesSessions = false
    /// Done each time the child has exited, before it is restarted or the wrap ends, when its descendants have been ended too, but those
    /// in `ExitedChild.left`.
    public var afterExit: [ExitAction] = []
    /// Done at the end; verifies what must be gone.
    public var afterStop: [PlanAction] = []
    /// A document of the component's own, served at `/status`.
    public var status: (@Sendable () async -> JSON)?

    /// Starts a plan.
    public init(component: String, argv: [String]) {
        self.component = component
        self.argv = argv
    }
}

/// A named step.
public struct PlanAction: Sendable {
    /// What it does, in the imperative: `remove 10.0.0.100/24 from eth0 where a killed keepalived left it`.
    public let description: String
    /// Does it.
    public let run: @Sendable (Logger) async throws(ClusterError) -> Void

    /// Names a step.
    public init(_ description: String, run: @escaping @Sendable (Logger) async throws(ClusterError) -> Void) {
        self.description = description
        self.run = run
    }
}

/// A child that has exited.
public struct ExitedChild: Sendable, Hashable {
    /// Its process id.
    public let pid: Int32
    /// Its exit code, or 128 + the signal that ended it.
    public let exitCode: Int32
    /// True where the wrap had been asked to stop.
    public let isStopping: Bool
    /// Processes that it left behind and that could not be ended: they may still do its work.
    public let left: [Int32]

    /// Describes an exit.
    public init(pid: Int32, exitCode: Int32, isStopping: Bool, left: [Int32] = []) {
        self.pid = pid
        self.exitCode = exitCode
        self.isStopping = isStopping
        self.left = left
    }
}

/// A named step done after each exit of the child, such as deleting its own election node.
public struct ExitAction: Sendable {
    /// What it does, in the imperative.
    public let description: String
    /// How long it may take, 10 ms – 10 s; it is abandoned then.
    public let timeout: Duration
    /// Does it.
    public let run: @Sendable (ExitedChild, Logger) async throws(ClusterError) -> Void

    /// Names a step.
    public init(
        _ description: String, timeout: Duration = .seconds(2),
        run: @escaping @Sendable (ExitedChild, Logger) async throws(ClusterError) -> Void
    ) {
        self.description = description
        self.timeout = timeout
        self.run = run
    }
}

/// A directory that the component needs.
public struct PlannedDirectory: Sendable, Hashable {
    /// Absolute path.
    public let path: String
    /// Permission bits of a directory that has to be created.
    public let mode: UInt16

    /// Names a directory.
    public init(_ path: String, mode: UInt16 = 0o755) {
        self.path = path
        self.mode = mode
    }
}

/// A file that is written beside its place, validated, and renamed into it; the same bytes mean no action.
public struct PlannedFile: Sendable, Hashable {
    /// Absolute path.
    public let path: String
    /// The whole content.
    public let content: String
    /// Permission bits: 0600 where the content holds a secret.
    public let mode: UInt16
    /// True where the content holds a secret: it is never printed.
    public let isSecret: Bool
    /// A command that must exit 0 before the file is put in place; `{}` stands for the staged file's path.
    public let validate: [String]?

    /// Plans a file.
    public init(path: String, content: String, mode: UInt16? = nil, isSecret: Bool = false, validate: [String]? = nil) {
        self.path = path
        self.content = content
        self.mode = mode ?? (isSecret ? 0o600 : 0o644)
        self.isSecret = isSecret
        self.validate = validate
    }
}

/// Something that must hold before the component is started.
public struct Prerequisite: Sendable {
    /// What one look found.
    public enum State: Sendable, Hashable {
        /// It holds; what was seen.
        case met(String)
        /// It does not hold yet; names what is missing: `1 of 3 ZooKeeper servers answers; 127.0.1.3:2181 refused`.
        case missing(String)
        /// It can never hold; waiting is no use.
        case impossible(String)
    }

    /// Short name: `zookeeper-majority`, `mesos-leader`.
    public let name: String
    /// What is waited for, in a sentence with its addresses.
    public let description: String
    /// How long one look may take.
    public let timeout: Duration
    /// Looks once.
    public let look: @Sendable () async -> State

    /// Declares a prerequisite.
    public init(_ name: String, _ description: String, timeout: Duration = .seconds(5), look: @escaping @Sendable () async -> State) {
        self.name = name
        self.description = description
        self.timeout = timeout
        self.look = look
    }
}

/// How a child is stopped: signal its main process, wait, perhaps a second signal, wait, then KILL to its whole group.
public struct StopPolicy: Sendable, Hashable {
    /// First signal, to the main process only.
    public var signal: Int32
    /// A second signal after `grace`, where the first only asks for a drain (HAProxy: USR1, then TERM).
    public var secondSignal: Int32?
    /// How long each signal is given. 100 ms – 10 min.
    public var grace: Duration

    /// TERM and 6 s by default.
    public init(signal: Int32 = 15, secondSignal: Int32? = nil, grace: Duration = .seconds(6)) {
        self.signal = signal
        self.secondSignal = secondSignal
        self.grace = grace
    }
}

/// A service that runs beside the child: watches a source, writes a track file, re-renders a configuration.
public struct Companion: Sendable {
    /// Its name in logs.
    public let name: String
    /// Runs until it is cancelled. Where it throws, it is started again after a second and its check fails meanwhile.
    public let run: @Sendable (CompanionContext) async throws -> Void

    /// Names a companion.
    public init(_ name: String, run: @escaping @Sendable (CompanionContext) async throws -> Void) {
        self.name = name
        self.run = run
    }
}

/// What a companion may use.
public struct CompanionContext: Sendable {
    /// Sends a signal to the child's main process; false where no child runs.
    public let signalChild: @Sendable (Int32) async -> Bool
    /// The child's process id while it runs.
    public let childPID: @Sendable () async -> Int32?
    /// Numbers for `/metrics`.
    public let metrics: MetricsRegistry
    /// Where to log.
    public let logger: Logger

    /// Made by the entrypoint, and by tests.
    public init(
        signalChild: @escaping @Sendable (Int32) async -> Bool, childPID: @escaping @Sendable () async -> Int32?,
        metrics: MetricsRegistry, logger: Logger
    ) {
        self.signalChild = signalChild
        self.childPID = childPID
        self.metrics = metrics
        self.logger = logger
    }
}
