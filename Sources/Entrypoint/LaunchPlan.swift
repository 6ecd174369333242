public import Checks
public import JSON
public import Supervision

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
    /// Where the component will listen. Another process there is told of, and the component is not started; a restart in place doesn't look.
    public var listens: [ListeningPort] = []
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
    public var stop = StopSequence()
    /// True where processes that the child has put into sessions of their own outlive it (a slave's tasks); all others that it leaves
    /// behind are killed.
    public var leavesSessions = false
    /// Done before each start of the child.
    public var beforeSpawn: [SpawnAction] = []
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
