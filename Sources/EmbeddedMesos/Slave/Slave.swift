import ClusterCore
import EngineSupport
import HTTPClient
import JSON
import Logging
import Mesos

/// The shell around `SlaveState`: files, executor, master and time.
actor Slave {
    let configuration: SlaveConfiguration
    let checkpoint: SlaveCheckpoint
    let logger: Logger
    let started = UnixTime.now()
    let recoveryTime: Double
    private(set) var state: SlaveState
    /// As it registers; with its id once it has one.
    private(set) var agent: AgentInfo
    private(set) var master: MasterInfo?
    private(set) var completed: [SlaveTask] = []
    private let http = HTTPClient(idleConnections: 8)
    private let executor: ExecutorLink
    private var socket: LineSocket?
    private var outbox: [(update: AgentProtocol.Update, agentID: String)] = []
    private var sending = 0
    private var isLeaving = false
    private let end = AsyncStream.makeStream(of: ClusterError?.self)

    /// How many updates are on their way to the master at the same time: enough to keep it busy, few enough to keep its sockets few.
    private static let parallelUpdates = 8

    /// - Parameters:
    ///   - agent: what this slave is, with the id of an earlier start.
    ///   - executor: program and arguments of an executor.
    init(
        configuration: SlaveConfiguration, checkpoint: SlaveCheckpoint, agent: AgentInfo, recovered: [SlaveTask], recoveryTime: Double,
        executor: [String], logger: Logger
    ) {
        self.configuration = configuration
        self.checkpoint = checkpoint
        self.agent = agent
        self.logger = logger
        self.recoveryTime = recoveryTime
        state = SlaveState(address: configuration.advertisedIP, agentID: agent.id, recovered: recovered)
        self.executor = ExecutorLink(
            program: executor, directory: checkpoint.meta, environment: configuration.launch.environment, logger: logger)
    }

    // MARK: life

    /// Ends when all tasks have ended as requested.
    /// - Throws: `ClusterError` where it can't go on.
    func waitForEnd() async throws(ClusterError) {
        for await problem in end.stream {
            if let problem { throw problem }
            return
        }
    }

    /// Ends all tasks, then itself.
    func endAll() {
        logger.notice("ending all \(state.tasks.count) tasks, then this slave")
        handle(.endRequested)
    }

    /// Keeps a connection to an executor.
    func followExecutor() async {
        while !Task.isCancelled {
            do throws(ClusterError) {
                let connection = try await executor.connect()
                socket = connection.socket
                // What happened while nobody listened lies in the files.
                for container in state.tasks.keys { catchUp(container) }
                let accepted = Set(state.tasks.values.filter { Files.exists(files($0).accepted) }.map(\.containerID))
                handle(.executorConnected(containers: connection.containers, accepted: accepted))
                await withTaskCancellationHandler {
                    for await message in connection.messages {
                        if case .event(let container, let event) = message { take(event, container) }
                    }
                } onCancel: {
                    connection.socket.cut()
                }
                socket = nil
                handle(.executorLost)
                if !Task.isCancelled { logger.warning("the executor is gone; another takes its tasks over") }
            } catch {
                logger.error("\(error)")
                try? await Task.sleep(for: .seconds(1))
            }
        }
    }

    /// Registers with a master, and does what it says until the connection breaks or the task is cancelled.
    func follow(_ leader: MasterInfo) async {
        let link = MasterLink(http: http, master: leader.address, credential: configuration.credential)
        var delay = Duration.milliseconds(50)
        var lastProblem = ""
        while !Task.isCancelled {
            do throws(MasterLink.Failure) {
                let id = try await link.register(state.registration(agent))
                let stream = try await link.stream(agentID: id)
                guard !Task.isCancelled else { return }
                registered(id, leader, link)
                delay = .milliseconds(50)
                await obey(stream, link, id)
                lastProblem = ""
            } catch {
                let problem: String
                switch error {
                case .refused(let reason):
                    end.continuation.yield(ClusterError(.conflict, reason))
                    return
                case .unknownAgent: problem = "the master does not know this agent any more; registering again"
                case .temporary(let reason): problem = reason
                }
                if problem != lastProblem { logger.warning("not registered with \(leader.address): \(problem)") }
                lastProblem = problem
            }
            if master == leader {
                master = nil
                handle(.disconnected)
            }
            try? await Task.sleep(for: delay)
            delay = min(delay * 2, .seconds(1))
        }
    }

    /// No master leads.
    func noLeader() {
        master = nil
        handle(.disconnected)
    }

    private var link: MasterLink?

    private func registered(_ id: String, _ leader: MasterInfo, _ link: MasterLink) {
        if agent.id != id {
            agent.id = id
            do throws(ClusterError) {
                try checkpoint.keep(agent)
            } catch {
                end.continuation.yield(error)
                return
            }
        }
        self.link = link
        master = leader
        outbox = []
        logger.info("registered with the leading master \(leader.address) as agent \(id), \(state.tasks.count) tasks")
        handle(.registered(agentID: id))
    }

    private func obey(_ stream: HTTPStream, _ link: MasterLink, _ id: String) async {
        var decoder = RecordIODecoder()
        do {
            for try await chunk in stream {
                for record in try decoder.feed(chunk) {
                    let command = try AgentProtocol.Command(json: try JSON(parsing: record))
                    if case .ping = command {
                        Task { await link.pong(agentID: id) }
                    } else {
                        handle(.command(command, containerID: RandomID.text()))
                    }
                }
            }
        } catch {
            if !Task.isCancelled { logger.warning("the stream from \(link.master) has ended: \(error)") }
        }
    }

    // MARK: events of tasks

    private func files(_ task: SlaveTask) -> RunFiles {
        checkpoint.files(agent: task.agentID, framework: task.frameworkID, task: task.info.taskID, container: task.containerID)
    }

    private func catchUp(_ container: String) {
        guard let task = state.tasks[container] else { return }
        for event in files(task).readEvents() { handle(.event(container: container, event)) }
    }

    private func take(_ event: TaskEvent, _ container: String) {
        guard let task = state.tasks[container] else { return }
        if event.sequence > task.events.count + 1 { catchUp(container) } else { handle(.event(container: container, event)) }
    }

    // MARK: actions

    private func handle(_ input: SlaveState.Input) {
        for action in state.handle(input) { perform(action) }
    }

    private func perform(_ action: SlaveState.Action) {
        switch action {
        case .checkpoint(let task): begin(task)
        case .launch(let container): tell(container) { .launch(directory: $0.directory) }
        case .adopt(let container): tell(container) { .adopt(directory: $0.directory) }
        case .kill(let container, let order):
            socket?.send(ExecutorCommand.kill(container: container, grace: order.grace, reportsKilling: order.reportsKilling).json)
        case .append(let container, let status): append(container, status)
        case .send(let update, let container, let attempt, let wait): send(update, container, attempt, wait)
        case .keepAcknowledgement(let container):
            guard let task = state.tasks[container] else { return }
            attempt("keep an acknowledgement") { () throws(ClusterError) in
                try QuickFile.append(files(task).acknowledged, [UInt8(ascii: "\n")])
            }
        case .forget(let task):
            attempt("forget a checkpoint") { () throws(ClusterError) in try checkpoint.end(task) }
            completed.append(task)
            let limit = configuration.maxCompletedTasks * 2
            if completed.count > max(limit, 1000) { completed.removeFirst(completed.count - max(limit, 1000)) }
        case .leave:
            checkpoint.forgetAgent()
            isLeaving = true
            leaveWhenSent()
            Task {
                try? await Task.sleep(for: .seconds(3))
                outbox = []
                sending = 0
                leaveWhenSent()
            }
        case .log(let line): logger.info("\(line)")
        }
    }

    private func begin(_ task: SlaveTask) {
        do throws(ClusterError) {
            try checkpoint.begin(task, configuration.launch)
        } catch {
            logger.error("can't make the sandbox of task \(task.info.taskID): \(error)")
            append(
                task.containerID,
                StatusDraft(
                    state: "TASK_FAILED", reason: "REASON_CONTAINER_LAUNCH_FAILED", message: "Failed to create the sandbox: \(error)"))
        }
    }

    private func tell(_ container: String, _ command: (RunFiles) -> ExecutorCommand) {
        guard let task = state.tasks[container] else { return }
        socket?.send(command(files(task)).json)
    }

    private func append(_ container: String, _ status: StatusDraft) {
        guard let task = state.tasks[container], !task.isTerminal else { return }
        let event = TaskEvent(
            sequence: task.events.count + 1, uuid: Base64.encode(RandomID.bytes()), timestamp: UnixTime.now(), pid: nil, status: status)
        attempt("keep a status") { () throws(ClusterError) in
            try QuickFile.append(files(task).events, event.json.bytes() + [UInt8(ascii: "\n")])
        }
        handle(.event(container: container, event))
    }

    private func attempt(_ what: String, _ work: () throws(ClusterError) -> Void) {
        do throws(ClusterError) { try work() } catch { logger.error("can't \(what): \(error)") }
    }

    // MARK: updates

    private func send(_ update: AgentProtocol.Update, _ container: String, _ attempt: Int, _ wait: Duration) {
        guard let agentID = agent.id else { return }
        outbox.append((update, agentID))
        pump()
        let uuid = update.status.uuid ?? ""
        Task {
            try? await Task.sleep(for: wait)
            handle(.retryDue(container: container, uuid: uuid, attempt: attempt + 1))
        }
    }

    // The master must hear how the tasks ended before it hears that the agent is gone.
    private func leaveWhenSent() {
        guard isLeaving, sending <= 0, outbox.isEmpty || link == nil else { return }
        isLeaving = false
        let (link, id) = (link, agent.id)
        Task {
            if let id { await link?.leave(agentID: id) }
            end.continuation.yield(nil)
        }
    }

    private func pump() {
        while sending < Self.parallelUpdates, !outbox.isEmpty, let link {
            let (update, agentID) = outbox.removeFirst()
            sending += 1
            Task {
                do throws(MasterLink.Failure) {
                    try await link.update(update, agentID: agentID)
                } catch {
                    logger.debug("an update was not taken: \(error)")
                }
                sending -= 1
                pump()
                leaveWhenSent()
            }
        }
    }
}
