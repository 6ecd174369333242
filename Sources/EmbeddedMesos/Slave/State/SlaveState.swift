import ClusterCore
import Mesos

/// All that the slave decides: pure, inputs in, actions out. The shell (`Slave`) does what they say.
struct SlaveState: Sendable {
    /// What has happened.
    enum Input: Sendable {
        /// The master has taken the registration.
        case registered(agentID: String)
        /// The master is gone, or the stream from it.
        case disconnected
        /// The master wants something. `containerID` is a fresh random id, for a task to run.
        case command(AgentProtocol.Command, containerID: String)
        /// The executor, or the slave itself, has added to a task's events.
        case event(container: String, TaskEvent)
        /// The executor has connected.
        /// - `containers`: what it supervises; `accepted`: what any executor ever took on.
        case executorConnected(containers: Set<String>, accepted: Set<String>)
        /// The connection is gone.
        case executorLost
        /// The time for another try to send has come.
        case retryDue(container: String, uuid: String, attempt: Int)
        /// All tasks are to end (USR1).
        case endRequested
    }

    /// What is to be done.
    enum Action: Sendable {
        /// Make sandbox and checkpoint.
        case checkpoint(SlaveTask)
        /// Have the executor start the task.
        case launch(container: String)
        /// Have the executor take the task over.
        case adopt(container: String)
        /// Have the executor end it.
        case kill(container: String, SlaveTask.KillOrder)
        /// Add to the task's events in place of the executor, which can't.
        case append(container: String, StatusDraft)
        /// Send the update, and come back with `retryDue` after this time.
        case send(AgentProtocol.Update, container: String, attempt: Int, retryAfter: Duration)
        /// Keep that one more event has been acknowledged.
        case keepAcknowledgement(container: String)
        /// Nothing of the task is to be told any more: forget its checkpoint.
        case forget(SlaveTask)
        /// All tasks have ended as requested: leave the master and end.
        case leave
        /// A line for the log.
        case log(String)
    }

    /// Waits between tries to send the same update, doubled each time (Mesos source, `slave/constants.cpp`:
    /// STATUS_UPDATE_RETRY_INTERVAL_MIN and _MAX).
    static let retryFirst: Duration = .seconds(10)
    static let retryLongest: Duration = .seconds(600)

    /// The address in statuses.
    let address: String
    /// Nil before the first registration.
    private(set) var agentID: String?
    private(set) var isRegistered = false
    private(set) var isExecutorConnected = false
    private(set) var isEnding = false
    /// By container id.
    private(set) var tasks: [String: SlaveTask] = [:]
    private var containers: [SlaveTask.Key: String] = [:]
    private(set) var counters = Counters()

    /// What `/metrics/snapshot` counts.
    struct Counters: Sendable, Hashable {
        var ended: [TaskState: Int] = [:]
        var launchErrors = 0
        var updates = 0
        var recoveryErrors = 0
    }

    /// Starts with what an earlier slave has checkpointed.
    init(address: String, agentID: String? = nil, recovered: [SlaveTask] = []) {
        self.address = address
        self.agentID = agentID
        for task in recovered { insert(task) }
    }

    /// Registration at a master, from what is known now.
    func registration(_ agent: AgentInfo) -> AgentProtocol.Registration {
        let list = tasks.values.sorted { $0.containerID < $1.containerID }
        var frameworks: [String: FrameworkInfo] = [:]
        for task in list { frameworks[task.frameworkID] = task.framework }
        return AgentProtocol.Registration(
            agent: agent, ip: address, agentID: agentID, frameworks: frameworks.sorted { $0.key < $1.key }.map(\.value),
            tasks: list.map { .init(frameworkID: $0.frameworkID, info: $0.info, status: $0.latestStatus(address: address)) })
    }

    /// Takes an input.
    mutating func handle(_ input: Input) -> [Action] {
        switch input {
        case .registered(let id):
            agentID = id
            isRegistered = true
            return tasks.values.sorted { $0.containerID < $1.containerID }.flatMap { send($0, attempt: 0) }
        case .disconnected:
            isRegistered = false
            return []
        case .command(let command, let containerID): return handle(command, containerID)
        case .event(let container, let event): return add(event, to: container)
        case .executorConnected(let running, let accepted): return executorConnected(running, accepted)
        case .executorLost:
            isExecutorConnected = false
            return []
        case .retryDue(let container, let uuid, let attempt):
            guard let task = tasks[container], task.pending?.uuid == uuid else { return [] }
            return send(task, attempt: attempt)
        case .endRequested: return end()
        }
    }

    private mutating func insert(_ task: SlaveTask) {
        tasks[task.containerID] = task
        containers[task.key] = task.containerID
    }

    private mutating func handle(_ command: AgentProtocol.Command, _ containerID: String) -> [Action] {
        switch command {
        case .runTask(let framework, let info): return run(framework, info, containerID)
        case .killTask(let frameworkID, let taskID, let policy):
            guard let container = containers[.init(frameworkID: frameworkID, taskID: taskID)] else {
                return [.log("asked to kill task \(taskID) of framework \(frameworkID), which is not here")]
            }
            return kill(container, grace: policy?.gracePeriod)
        case .acknowledge(let frameworkID, let taskID, let uuid):
            guard let container = containers[.init(frameworkID: frameworkID, taskID: taskID)] else { return [] }
            return acknowledge(container, uuid)
        case .shutdownFramework(let frameworkID):
            return tasks.values.filter { $0.frameworkID == frameworkID }.map(\.containerID).sorted().flatMap { orphan($0) }
        case .ping: return []
        case .shutdown(let message): return [.log("the master has told this agent to end: \(message)")] + end()
        }
    }

    private mutating func run(_ framework: FrameworkInfo, _ info: TaskInfo, _ containerID: String) -> [Action] {
        guard let agentID, let frameworkID = framework.id else { return [.log("a task without framework id was dropped")] }
        let key = SlaveTask.Key(frameworkID: frameworkID, taskID: info.taskID)
        guard SafeName.isComponent(frameworkID), SafeName.isComponent(info.taskID) else {
            return [.log("task '\(info.taskID)' was dropped: its id, or its framework's, can't be a directory's name")]
        }
        // The master repeats a command when it is not sure that it has come through.
        guard containers[key] == nil else { return [.log("task \(info.taskID) is here already")] }
        let task = SlaveTask(containerID: containerID, agentID: agentID, framework: framework, frameworkID: frameworkID, info: info)
        insert(task)
        var actions = [Action.checkpoint(task)]
        do throws(ClusterError) {
            _ = try TaskSpec(task: info.json)
        } catch {
            counters.launchErrors += 1
            return actions + [
                .append(container: containerID, StatusDraft(state: "TASK_ERROR", reason: "REASON_TASK_INVALID", message: error.message))
            ]
        }
        if isEnding {
            return actions + [.append(container: containerID, StatusDraft(state: "TASK_KILLED", message: "The agent is shutting down"))]
        }
        if isExecutorConnected { actions.append(.launch(container: containerID)) }
        return actions
    }

    private mutating func kill(_ container: String, grace: Duration?) -> [Action] {
        guard let task = tasks[container], !task.isTerminal else { return [] }
        let order = SlaveTask.KillOrder(grace: grace, reportsKilling: task.framework.capabilities.contains("TASK_KILLING_STATE"))
        tasks[container]?.pendingKill = order
        return isExecutorConnected ? [.kill(container: container, order)] : []
    }

    private mutating func orphan(_ container: String) -> [Action] {
        tasks[container]?.isOrphaned = true
        return kill(container, grace: nil) + settle(container)
    }

    private mutating func end() -> [Action] {
        isEnding = true
        let actions = tasks.keys.sorted().flatMap { kill($0, grace: nil) }
        return actions + leaveIfDone()
    }

    private func leaveIfDone() -> [Action] {
        isEnding && tasks.values.allSatisfy(\.isTerminal) ? [.leave] : []
    }

    private mutating func add(_ event: TaskEvent, to container: String) -> [Action] {
        guard var task = tasks[container], task.add(event) else { return [] }
        let isFirstPending = task.acknowledged == task.events.count - 1
        if task.isTerminal {
            counters.ended[task.state, default: 0] += 1
            if event.status.reason == "REASON_CONTAINER_LAUNCH_FAILED" { counters.launchErrors += 1 }
            task.pendingKill = nil
        }
        counters.updates += 1
        tasks[container] = task
        let sending = isFirstPending && !task.isOrphaned ? send(task, attempt: 0) : []
        return sending + settle(container) + (task.isTerminal ? leaveIfDone() : [])
    }

    private mutating func acknowledge(_ container: String, _ uuid: String) -> [Action] {
        guard var task = tasks[container], task.pending?.uuid == uuid else { return [] }
        task.acknowledged += 1
        tasks[container] = task
        return [.keepAcknowledgement(container: container)] + settle(container) + (tasks[container].map { send($0, attempt: 0) } ?? [])
    }

    // Forgets a task of which nothing is to be told any more.
    private mutating func settle(_ container: String) -> [Action] {
        guard let task = tasks[container], task.isTerminal, task.pending == nil || task.isOrphaned else { return [] }
        tasks[container] = nil
        containers[task.key] = nil
        return [.forget(task)]
    }

    private func send(_ task: SlaveTask, attempt: Int) -> [Action] {
        guard isRegistered, !task.isOrphaned, let event = task.pending else { return [] }
        let wait = attempt < 7 ? Self.retryFirst * (1 << attempt) : Self.retryLongest
        let update = AgentProtocol.Update(
            frameworkID: task.frameworkID, status: task.status(of: event, address: address), latestState: task.state)
        return [.send(update, container: task.containerID, attempt: attempt, retryAfter: min(wait, Self.retryLongest))]
    }

    private mutating func executorConnected(_ running: Set<String>, _ accepted: Set<String>) -> [Action] {
        isExecutorConnected = true
        var actions: [Action] = []
        for task in tasks.values.sorted(by: { $0.containerID < $1.containerID }) where !task.isTerminal {
            let container = task.containerID
            if !running.contains(container) {
                actions.append(accepted.contains(container) ? .adopt(container: container) : .launch(container: container))
            }
            if let order = task.pendingKill { actions.append(.kill(container: container, order)) }
        }
        return actions + leaveIfDone()
    }
}
