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
    private let registry: any AgentRegistry
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
    /// - Parameter fail: called where the registry can't be written: this master must not lead on.
    init(
        state: MasterState, registry: any AgentRegistry, time: @escaping @Sendable () -> MasterTime, logger: Logger,
        fail: @escaping @Sendable (ClusterError) -> Void
    ) {
        self.state = state
        self.registry = registry
        self.time = time
        self.logger = logger
        self.fail = fail
    }

    // MARK: the state

    /// Changes the state and carries out what follows from it.
    @discardableResult
    func change<Value: Sendable>(_ body: (inout MasterState, MasterTime) -> Value) -> Value {
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
            case .remember(let id): record { (registry) throws(ClusterError) in try await registry.remember(id) }
            case .forget(let id): record { (registry) throws(ClusterError) in try await registry.forget(id) }
            case .log(let text): logger.info("\(text)")
            }
        }
    }

    private func record(_ change: @escaping @Sendable (any AgentRegistry) async throws(ClusterError) -> Void) {
        let (registry, fail) = (registry, fail)
        Task {
            do throws(ClusterError) {
                try await change(registry)
            } catch {
                fail(error)
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
        change { _, _ in }
    }

    // MARK: frameworks

    /// Opens a framework's event stream.
    func subscribe(_ info: FrameworkInfo, suppressedRoles: [String], principal: String?) -> (streamID: String, stream: ByteStream) {
        let id = RandomID.text()
        let stream = ByteStream(onClose: { Task { await self.frameworkGone(id) } })
        streams[id] = stream
        change { state, now in
            state.subscribe(info, suppressedRoles: suppressedRoles, streamID: id, principal: principal, now)
        }
        return (id, stream)
    }

    private func frameworkGone(_ streamID: String) {
        guard streams.removeValue(forKey: streamID) != nil else { return }
        change { state, now in state.frameworkGone(streamID: streamID, now) }
    }

    // MARK: agents

    /// Opens an agent's command stream; nil where it must register first.
    func openAgentStream(_ id: String) -> ByteStream? {
        nextNumber += 1
        let number = nextNumber
        let stream = ByteStream(onClose: { Task { await self.agentGone(id, number) } })
        guard state.agents[id] != nil else { return nil }
        agentStreams.updateValue((number, stream), forKey: id)?.stream.finish()
        change { state, now in _ = state.agentConnected(id, streamNumber: number, now) }
        return stream
    }

    private func agentGone(_ id: String, _ number: Int) {
        if agentStreams[id]?.number == number { agentStreams[id] = nil }
        change { state, now in state.agentDisconnected(id, streamNumber: number, now) }
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

/// Remembers which agents exist, so that a next leader knows whom to wait for.
protocol AgentRegistry: Sendable {
    /// This agent exists.
    func remember(_ agentID: String) async throws(ClusterError)
    /// This agent does not exist any more.
    func forget(_ agentID: String) async throws(ClusterError)
}

/// Remembers nothing: for a master without ZooKeeper.
struct NoRegistry: AgentRegistry {
    func remember(_ agentID: String) async throws(ClusterError) {}
    func forget(_ agentID: String) async throws(ClusterError) {}
}
