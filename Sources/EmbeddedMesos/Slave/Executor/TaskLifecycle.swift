/// The life of one task, from its acceptance to its end. Pure: inputs in, actions out; the shell (`TaskRun`) does what they say.
struct TaskLifecycle: Sendable {
    /// Where the task stands.
    enum Phase: Sendable, Hashable {
        /// Files are fetched, an image is pulled.
        case preparing
        /// The process or container runs.
        case running
        /// It has been told to end.
        case stopping
        /// It has ended; its last status has been reported.
        case ended
    }

    /// What has happened.
    enum Input: Sendable, Hashable {
        /// All that the start needs is there.
        case prepared
        /// It never will be.
        case preparationFailed(state: String, reason: String, message: String)
        /// The process or container runs.
        case started
        /// It ran before this executor came.
        case adopted(healthy: Bool?, wasStopping: Bool)
        /// A framework, or the slave's end, wants it gone.
        case killRequested(grace: Duration, reportsKilling: Bool)
        /// The timer of that number has fired.
        case graceElapsed(Int)
        /// A health check's verdict.
        case health(HealthState.Action, grace: Duration)
        /// The process or container has ended.
        case exited(ProcessExit, message: String?)
    }

    /// What is to be done.
    enum Action: Sendable, Hashable {
        /// Stop fetching or pulling.
        case cancelPreparation
        /// Start the process or container.
        case start
        /// Begin to check its health.
        case startHealthChecks
        /// Check its health no more.
        case stopHealthChecks
        /// TERM to the whole group, or a container's stop with that grace period.
        case terminate(grace: Duration)
        /// KILL to all that is left.
        case kill
        /// Come back with `graceElapsed(number)` after this time.
        case arm(Int, Duration)
        /// Tell the framework.
        case report(StatusDraft)
    }

    /// Where the task stands.
    private(set) var phase = Phase.preparing
    private var wasKilled = false
    private var unhealthy: String?
    private var timer = 0
    private var healthy: Bool?

    /// A task that has just been accepted.
    init() {}

    /// Takes an input.
    mutating func handle(_ input: Input) -> [Action] {
        switch (phase, input) {
        case (.preparing, .prepared): return [.start]
        case (.preparing, .preparationFailed(let state, let reason, let message)):
            return end(StatusDraft(state: state, reason: reason, message: message))
        case (.preparing, .started):
            phase = .running
            return [.report(StatusDraft(state: "TASK_STARTING")), .report(StatusDraft(state: "TASK_RUNNING")), .startHealthChecks]
        case (.preparing, .adopted(let healthy, let wasStopping)):
            self.healthy = healthy
            phase = .running
            if wasStopping { return stop(grace: .zero, reportsKilling: false) }
            return [.startHealthChecks]
        case (.preparing, .killRequested):
            return [.cancelPreparation] + end(StatusDraft(state: "TASK_KILLED", message: "Killed before it was started"))
        case (.running, .killRequested(let grace, let reportsKilling)):
            wasKilled = true
            return stop(grace: grace, reportsKilling: reportsKilling)
        case (.stopping, .killRequested(let grace, _)):
            // A second request may shorten the grace period; a later KILL than promised never comes of it.
            wasKilled = true
            timer += 1
            return [.arm(timer, grace)]
        case (.stopping, .graceElapsed): return [.kill]
        case (.running, .health(.report(let healthy), _)):
            self.healthy = healthy
            return [
                .report(StatusDraft(state: "TASK_RUNNING", reason: "REASON_TASK_HEALTH_CHECK_STATUS_UPDATED", healthy: healthy))
            ]
        case (.running, .health(.endTask(let reason), let grace)):
            unhealthy = reason
            return stop(grace: grace, reportsKilling: false)
        case (.running, .exited(let exit, let message)), (.stopping, .exited(let exit, let message)):
            return [.stopHealthChecks] + end(status(of: exit, message: message))
        case (.ended, .started), (.ended, .prepared):
            // Killed while it was being started: what started none the less must go.
            return [.kill]
        default: return []
        }
    }

    private mutating func stop(grace: Duration, reportsKilling: Bool) -> [Action] {
        phase = .stopping
        timer += 1
        let killing: [Action] = reportsKilling ? [.report(StatusDraft(state: "TASK_KILLING"))] : []
        return [.stopHealthChecks] + killing + [.terminate(grace: grace), .arm(timer, grace)]
    }

    private mutating func end(_ status: StatusDraft) -> [Action] {
        phase = .ended
        return [.report(status)]
    }

    // As upstream's command executor: whoever was told to end is KILLED however it exits; a kill for ill health says `healthy: false`.
    private func status(of exit: ProcessExit, message: String?) -> StatusDraft {
        let text = message ?? exit.message
        if let unhealthy { return StatusDraft(state: "TASK_KILLED", message: "\(text) (\(unhealthy))", healthy: false) }
        if wasKilled { return StatusDraft(state: "TASK_KILLED", message: text, healthy: healthy) }
        switch exit {
        case .exited(0): return StatusDraft(state: "TASK_FINISHED", message: text, healthy: healthy)
        case .exited, .signaled:
            return StatusDraft(state: "TASK_FAILED", reason: "REASON_COMMAND_EXECUTOR_FAILED", message: text, healthy: healthy)
        case .unknown: return StatusDraft(state: "TASK_FAILED", reason: "REASON_EXECUTOR_TERMINATED", message: text)
        }
    }
}
