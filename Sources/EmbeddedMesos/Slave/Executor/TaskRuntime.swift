import ClusterCore

/// What carries a task: a process in its sandbox, or a Docker container.
protocol TaskRuntime: Sendable {
    /// Fetches what the start needs. May take long; cancelled where the task is killed meanwhile.
    /// - Throws: `PreparationFailure`.
    func prepare() async throws(PreparationFailure)

    /// Starts it.
    func start() async throws(PreparationFailure)

    /// Takes it over from an executor that is gone.
    /// - Returns: false where nothing of it is left.
    func adopt() async -> Bool

    /// Waits until it has ended. Called once, behind `start` or `adopt`.
    func exit() async -> (exit: ProcessExit, message: String?)

    /// Asks it to end; it is killed after the grace period in any case.
    func terminate(grace: Duration) async

    /// Ends it at once, with all that belongs to it.
    func kill() async

    /// Called when it has ended: nothing of it may be left behind.
    func cleanUp() async

    /// Its main process, once it runs.
    func pid() async -> Int32?

    /// Runs a command where the task runs, to see whether it is healthy. Returns nil, or what is wrong.
    func probe(_ program: TaskSpec.Program, environment: [String: String], timeout: Duration) async -> String?

    /// The host's port behind one of the task's own.
    func hostPort(_ port: Int) -> Int
}

/// Why a task never started.
struct PreparationFailure: Error, Sendable, Hashable {
    /// Terminal state.
    let state: String
    /// `REASON_…`
    let reason: String
    let message: String

    /// The usual one.
    init(state: String = "TASK_FAILED", reason: String = "REASON_CONTAINER_LAUNCH_FAILED", _ message: String) {
        self.state = state
        self.reason = reason
        self.message = message
    }
}
