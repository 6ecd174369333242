import JSON
import Mesos

@testable import EmbeddedMesos

/// A master's state with a hand on its clock.
struct Bench {
    var state: MasterState
    var now = MasterTime(wall: 1000, steady: 0)
    /// Events on frameworks' streams, by stream, in their order.
    var told: [String: [SchedulerEvent]] = [:]
    /// Commands to agents, in their order.
    var commands: [(agent: String, command: AgentProtocol.Command)] = []
    var published: [String] = []
    var closed: [String] = []
    var remembered: [String] = []

    static let info = MasterInfo(
        id: "7817a9ed-ffa6-4987-b82a-ca555d0640de", ip: "127.0.0.1", port: 25050, hostname: "127.0.0.1", version: "1.11.0",
        capabilities: ["AGENT_UPDATE"])

    init(limits: MasterState.Limits = MasterState.Limits(), knownAgents: [String] = []) {
        state = MasterState(master: Self.info, limits: limits, knownAgents: knownAgents, now: now)
    }

    @discardableResult
    mutating func change<Value>(_ body: (inout MasterState, MasterTime) -> Value) -> Value {
        let value = body(&state, now)
        collect()
        return value
    }

    /// Moves the clock on and does what is due.
    mutating func wait(_ seconds: Double) {
        now.wall += seconds
        now.steady += seconds
        state.advance(to: now)
        collect()
    }

    private mutating func collect() {
        for effect in state.drainEffects() {
            switch effect {
            case .tell(let stream, let event): told[stream, default: []].append(event)
            case .close(let stream): closed.append(stream)
            case .command(let agent, let command): commands.append((agent, command))
            case .publish(let event): published.append(event["type"]?.string ?? "?")
            case .remember(let agent): remembered.append(agent)
            case .forget(let agent): remembered.removeAll { $0 == agent }
            case .disconnect, .log: break
            }
        }
    }

    // MARK: shorthand

    mutating func subscribe(
        _ stream: String, id: String? = nil, timeout: Double = 60, capabilities: [String] = ["MULTI_ROLE", "PARTITION_AWARE"],
        roles: [String] = ["*"]
    ) {
        let isMulti = capabilities.contains("MULTI_ROLE")
        let info = FrameworkInfo(
            user: "root", name: stream, id: id, failoverTimeout: timeout, role: isMulti ? nil : roles.first, roles: isMulti ? roles : [],
            capabilities: capabilities)
        change { state, now in state.subscribe(info, suppressedRoles: [], streamID: stream, principal: nil, now) }
    }

    mutating func agent(
        _ text: String = "cpus:4;mem:4096;ports:[31000-32000]", id: String? = nil, port: Int = 5051,
        frameworks: [FrameworkInfo] = [], tasks: [AgentProtocol.Registration.Task] = []
    ) throws -> String {
        let info = AgentInfo(hostname: "h", port: port, resources: try Resources(text: text))
        let request = AgentProtocol.Registration(agent: info, ip: "127.0.0.1", agentID: id, frameworks: frameworks, tasks: tasks)
        return change { state, now in
            let id = state.register(request, now)
            _ = state.agentConnected(id, streamNumber: 1, now)
            return id
        }
    }

    func framework(_ stream: String) -> MasterFramework? { state.frameworks.values.first { $0.streamID == stream } }

    func offers(_ stream: String) -> [Offer] {
        (told[stream] ?? []).flatMap { event -> [Offer] in if case .offers(let offers) = event { offers } else { [] } }
    }

    func updates(_ stream: String) -> [TaskStatus] {
        (told[stream] ?? []).compactMap { if case .update(let status) = $0 { status } else { nil } }
    }

    /// Launches a task on the newest offer.
    mutating func launch(_ id: String, on stream: String, cpus: Double = 1, refuseSeconds: Double = 0) throws {
        guard let offer = offers(stream).last, let framework = framework(stream) else { return }
        let task = TaskInfo(
            name: id, taskID: id, agentID: offer.agentID, resources: Resources(cpus: cpus, mem: 32), command: CommandInfo(value: "x"))
        change { state, now in
            state.accept(framework, [offer.id], [.launch([task])], .init(refuseSeconds: refuseSeconds), now)
        }
    }

    /// The agent reports a state.
    mutating func report(_ taskID: String, _ taskState: TaskState, of frameworkID: String, agent: String, uuid: String = "AA==") {
        let status = TaskStatus(
            taskID: taskID, state: taskState, source: "SOURCE_EXECUTOR", agentID: agent, executorID: taskID, timestamp: now.wall, uuid: uuid
        )
        change { state, now in
            _ = state.update(.init(frameworkID: frameworkID, status: status, latestState: taskState), from: agent, now)
        }
    }
}
