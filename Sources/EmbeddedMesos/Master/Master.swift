import ClusterCore
import EngineSupport
import JSON
import Logging
import Mesos

/// The leading master at work: the state, the open streams, and the clock.
actor Master {
    /// How often frameworks and operators get a HEARTBEAT (Mesos' `DEFAULT_HEARTBEAT_INTERVAL`).
    static let heartbeatInterval: Duration = .seconds(15)

    private(set) var state: MasterState
    private var registry: RegistryQueue
    private let isLeader: MasterNode.Leadership
    private let time: @Sendable () -> MasterTime
    private let logger: Logger
    private let fail: @Sendable (ClusterError) -> Void
    private var streams: [String: ByteStream] = [:]
    private var agentStreams: [String: (number: Int, stream: ByteStream)] = [:]
    private var subscribers: [Int: ByteStream] = [:]
    private var nextNumber = 0
    private var alarm: Task<Void, Never>?
    private var alarmTime = Double.infinity

    /// Starts to lead.
    /// - Parameters:
    ///   - registry: its contents are the state's recovered agents.
    ///   - isLeader: asked before every change: nothing is accepted and nothing told once the lease is over.
    ///   - fail: called where the registry can't be written: this master must not lead on.
    init(
        state: MasterState, registry: any AgentRegistry, time: @escaping @Sendable () -> MasterTime, logger: Logger,
        isLeader: @escaping MasterNode.Leadership = { true }, fail: @escaping @Sendable (ClusterError) -> Void
    ) {
        self.state = state
        self.registry = RegistryQueue(registry, contents: Set(state.recoveredAgents.keys))
        self.isLeader = isLeader
        self.time = time
        self.logger = logger
        self.fail = fail
    }

    // MARK: the state

    /// Changes the state and carries out what follows from it.
    /// - Throws: `ClusterError` `.unavailable` where this master does not lead any more; nothing has changed then.
    @discardableResult
    func change<Value: Sendable>(_ body: (inout MasterState, MasterTime) -> Value) throws(ClusterError) -> Value {
        guard isLeader() else { throw ClusterError(.unavailable, "this master leads no longer; look for the new leader in ZooKeeper") }
        let now = time()
        let value = body(&state, now)
        state.advance(to: now)
        carryOut()
        setAlarm()
        return value
    }

    private func carryOut() {
        for effect in state.drainEffects() {
            switch effect {
            case .tell(let id, let event): streams[id]?.send(record: event.json)
            case .close(let id): streams.removeValue(forKey: id)?.finish()
            case .command(let id, let command): agentStreams[id]?.stream.send(record: command.json)
            case .disconnect(let id): agentStreams.removeValue(forKey: id)?.stream.finish()
            case .publish(let event): for stream in subscribers.values { stream.send(record: event) }
            case .remember(let id): record(.remember(id))
            case .forget(let id): record(.forget(id))
            case .log(let text): logger.info("\(text)")
            }
        }
    }

    private func record(_ entry: RegistryQueue.Entry) {
        guard let writing = registry.add(entry) else { return }
        Task {
            switch await writing.value {
            case .success: registry.settle(writing, of: entry.agentID)
            case .failure(let error): fail(error)
            }
        }
    }

    private func setAlarm() {
        let due = state.nextDeadline ?? .infinity
        guard due != alarmTime else { return }
        alarmTime = due
        alarm?.cancel()
        guard due.isFinite else { return }
        let wait = max(0, due - time().steady)
        alarm = Task { [weak self] in
            do { try await Task.sleep(for: .seconds(wait), tolerance: .milliseconds(1)) } catch { return }
            await self?.ring()
        }
    }

    private func ring() {
        alarmTime = .infinity
        // Once the lease is over the election ends this master.
        try? change { _, _ in }
    }

    // MARK: frameworks

    /// Opens a framework's event stream.
    func subscribe(_ info: FrameworkInfo, suppressedRoles: [String], principal: String?) throws(ClusterError)
        -> (streamID: String, stream: ByteStream)
    {
        let id = RandomID.text()
        let stream = ByteStream(onClose: { Task { await self.frameworkGone(id) } })
        streams[id] = stream
        do throws(ClusterError) {
            try change { state, now in
                state.subscribe(info, suppressedRoles: suppressedRoles, streamID: id, principal: principal, now)
            }
        } catch {
            streams[id] = nil
            throw error
        }
        return (id, stream)
    }

    private func frameworkGone(_ streamID: String) {
        guard streams.removeValue(forKey: streamID) != nil else { return }
        try? change { state, now in state.frameworkGone(streamID: streamID, now) }
    }

    // MARK: agents

    /// Takes an agent in, once the registry has it: a leader after this one waits for every agent that was answered.
    /// - Returns: its id.
    /// - Throws: `ClusterError` where the registry can't be written, or this master leads no longer: the agent tries again.
    func register(_ registration: AgentProtocol.Registration) async throws(ClusterError) -> String {
        let id: String
        if let given = registration.agentID { id = given } else { id = try change { state, _ in state.makeAgentID() } }
        _ = registry.add(.remember(id))
        if let writing = registry.writing(of: id) {
            switch await writing.value {
            case .success: registry.settle(writing, of: id)
            case .failure(let error):
                registry.undo(writing, of: id)
                throw error
            }
        }
        return try change { state, now in state.register(registration, newID: id, now) }
    }

    /// Opens an agent's command stream; nil where it must register first.
    func openAgentStream(_ id: String) throws(ClusterError) -> ByteStream? {
        nextNumber += 1
        let number = nextNumber
        let stream = ByteStream(onClose: { Task { await self.agentGone(id, number) } })
        guard state.agents[id] != nil else { return nil }
        agentStreams.updateValue((number, stream), forKey: id)?.stream.finish()
        try change { state, now in _ = state.agentConnected(id, streamNumber: number, now) }
        return stream
    }

    private func agentGone(_ id: String, _ number: Int) {
        if agentStreams[id]?.number == number { agentStreams[id] = nil }
        try? change { state, now in state.agentDisconnected(id, streamNumber: number, now) }
    }

    // MARK: operators

    /// Opens an operator's event stream.
    func subscribeOperator(limit: Int = 1000) -> ByteStream? {
        guard subscribers.count < limit else { return nil }
        nextNumber += 1
        let number = nextNumber
        let stream = ByteStream(onClose: { Task { await self.operatorGone(number) } })
        subscribers[number] = stream
        stream.send(record: [
            "type": "SUBSCRIBED",
            "subscribed": ["get_state": state.operatorState(), "heartbeat_interval_seconds": .double(Self.heartbeatInterval.seconds)],
        ])
        stream.send(record: ["type": "HEARTBEAT"])
        return stream
    }

    private func operatorGone(_ number: Int) { subscribers[number] = nil }

    /// How many follow the operator events.
    var subscriberCount: Int { subscribers.count }

    // MARK: the beat

    /// Sends heartbeats and pings until cancelled.
    func beat() async {
        let perHeartbeat = Int(Self.heartbeatInterval / AgentProtocol.pingInterval)
        var count = 0
        while !Task.isCancelled {
            do { try await Task.sleep(for: AgentProtocol.pingInterval) } catch { return }
            for (_, stream) in agentStreams.values { stream.send(record: AgentProtocol.Command.ping.json) }
            count += 1
            guard count % perHeartbeat == 0 else { continue }
            for stream in streams.values { stream.send(record: SchedulerEvent.heartbeat.json) }
            for stream in subscribers.values { stream.send(record: ["type": "HEARTBEAT"]) }
        }
    }

    /// Ends all streams.
    func close() {
        alarm?.cancel()
        for stream in streams.values { stream.finish() }
        for (_, stream) in agentStreams.values { stream.finish() }
        for stream in subscribers.values { stream.finish() }
    }
}
