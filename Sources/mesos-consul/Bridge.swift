import Checks
import ClusterCore
import Consul
import Entrypoint
import HTTPClient
import JSON
import Logging
import Mesos

/// The shell: reads the master's state, compares, writes.
actor Bridge {
    private let plan: BridgePlan
    private let state: BridgeState
    private let context: CompanionContext
    private let http = HTTPClient()
    private let consul: ConsulClient
    /// What each agent is known to have; absent: has to be asked.
    private var known: [String: [String: ServiceRegistration]] = [:]
    /// Agents that failed, and when to try again.
    private var retryAt: [String: ContinuousClock.Instant] = [:]
    private var failures: [String: Int] = [:]
    private var nextReconcile = ContinuousClock.now
    private var term = ""
    private var master: ServiceRegistration?

    init(_ plan: BridgePlan, state: BridgeState, context: CompanionContext) {
        self.plan = plan
        self.state = state
        self.context = context
        consul = ConsulClient(plan.consul, http: http, token: plan.token, tls: HTTPRequest.TLS(caFile: plan.caFile))
    }

    func run() async throws {
        var pause: Task<Void, Never>?
        let (wakes, wake) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        let changes = state.changes
        // A change of the leader ends the pause between two looks.
        let relay = Task { for await _ in changes { wake.yield() } }
        defer {
            relay.cancel()
            pause?.cancel()
        }
        wake.yield()
        for await _ in wakes {
            pause?.cancel()
            await look()
            let delay = plan.refresh
            pause = Task {
                do {
                    try await Task.sleep(for: delay)
                    wake.yield()
                } catch {
                    // The next look has begun already.
                }
            }
        }
        try Task.checkCancellation()
    }

    private func look() async {
        let isLeading = state.isLeading
        let isReconcile = ContinuousClock.now >= nextReconcile
        if isReconcile {
            nextReconcile = .now + plan.reconcile
            known = [:]
            master = nil
        }
        await keepMaster(isLeading: isLeading)
        guard isLeading else {
            // Whoever leads now writes: what was known here is no longer true.
            known = [:]
            term = ""
            state.update {
                $0.lastState = nil
                $0.stateProblem = nil
                $0.agentProblems = [:]
            }
            return
        }
        guard let mesos = await readState() else { return }
        var desired = DesiredServices(mesos, serviceName: plan.serviceName)
        if mesos.term == term {
            // Slaves that this master has removed: their tasks are no more. After a take-over, slaves that have not registered again yet
            // are not known, and theirs stay.
            for agent in known.keys where desired.byAgent[agent] == nil { desired.byAgent[agent] = [:] }
        } else if !term.isEmpty {
            known = [:]
        }
        term = mesos.term
        await write(desired)
    }

    private func readState() async -> MesosState? {
        do {
            let request = HTTPRequest("GET", "http://\(plan.master)/state", timeout: .seconds(10), basicAuth: plan.basicAuth)
            let response = try await http.send(request)
            guard response.status == 200 else {
                throw ClusterError(.unavailable, "the Mesos master \(plan.master) answers \(response.status) to /state")
            }
            let mesos = try MesosState(json: JSON(parsing: response.body))
            if state.current.stateProblem != nil { context.logger.info("the Mesos master's state is read again") }
            state.update {
                $0.lastState = .now
                $0.stateProblem = nil
            }
            return mesos
        } catch {
            // Nothing is taken away while the master is silent.
            let problem = "\(error)"
            if state.current.stateProblem == nil {
                context.logger.warning("the Mesos master's state can't be read, services stay: \(problem)")
            }
            state.update { $0.stateProblem = problem }
            return nil
        }
    }

    /// Registers this node's master at its own agent, as leader or not.
    private func keepMaster(isLeading: Bool) async {
        let wanted = DesiredServices.master(plan.master, isLeader: isLeading, serviceName: plan.serviceName)
        guard master != wanted else { return }
        do throws(ClusterError) {
            let present = try await consul.agentServices()[wanted.id]
            if present.map({ ServiceDiff(has: [$0.id: $0], wants: [wanted.id: wanted]).isEmpty }) != true {
                try await consul.register(wanted)
                context.logger.info("registered this node's Mesos master as \(isLeading ? "leader" : "standby")")
            }
            master = wanted
        } catch {
            context.logger.debug("this node's master can't be registered: \(error)")
        }
    }

    /// Writes to all agents at the same time; a dead one delays none.
    private func write(_ desired: DesiredServices) async {
        let now = ContinuousClock.now
        for problem in desired.problems where !state.current.problems.contains(problem) { context.logger.warning("\(problem)") }
        let due = desired.byAgent.filter { (retryAt[$0.key] ?? now) <= now }
        await withTaskGroup(of: (String, Result<AgentWrite.Outcome, ClusterError>).self) { group in
            for (agent, wants) in due {
                let write = AgentWrite(client: client(agent), wants: wants, known: known[agent])
                if write.isNeedless { continue }
                group.addTask { (agent, await write.run()) }
            }
            for await (agent, result) in group { note(agent, result) }
        }
        let count = desired.byAgent.values.reduce(0) { $0 + $1.count }
        state.update {
            $0.services = count
            $0.problems = desired.problems
        }
        await context.metrics.set("mesos_consul_services", help: "services that ought to be registered", to: Double(count))
        await context.metrics.set("mesos_consul_failing_agents", help: "Consul agents that can't be written to", to: Double(failures.count))
    }

    private func client(_ agent: String) -> ConsulClient {
        // The own node's agent may listen elsewhere.
        agent == plan.master.host ? consul : consul.onAgent(agent, port: plan.agentPort)
    }

    private func note(_ agent: String, _ result: Result<AgentWrite.Outcome, ClusterError>) {
        switch result {
        case .success(let outcome):
            if failures.removeValue(forKey: agent) != nil { context.logger.info("Consul agent \(agent) takes registrations again") }
            retryAt[agent] = nil
            known[agent] = outcome.has
            state.update { $0.agentProblems[agent] = nil }
            if !outcome.diff.isEmpty {
                let (new, old) = (outcome.diff.registrations.count, outcome.diff.deregistrations.count)
                context.logger.info("Consul agent \(agent): \(new) registered, \(old) deregistered")
            }
        case .failure(let error):
            let count = failures[agent, default: 0]
            if count == 0 { context.logger.warning("Consul agent \(agent) can't be written to, tried again: \(error)") }
            failures[agent] = count + 1
            retryAt[agent] = .now + min(.seconds(1 << min(count, 5)), .seconds(30))
            known[agent] = nil
            state.update { $0.agentProblems[agent] = error.description }
        }
    }
}

/// The calls to one agent.
struct AgentWrite: Sendable {
    /// What was done, and what the agent has now.
    struct Outcome: Sendable {
        let diff: ServiceDiff
        let has: [String: ServiceRegistration]
    }

    let client: ConsulClient
    let wants: [String: ServiceRegistration]
    /// nil where the agent has to be asked.
    let known: [String: ServiceRegistration]?

    /// True where nothing has to be asked or written.
    var isNeedless: Bool { known.map { ServiceDiff(has: $0, wants: wants).isEmpty } ?? false }

    func run() async -> Result<Outcome, ClusterError> {
        do throws(ClusterError) {
            let has: [String: ServiceRegistration]
            if let known { has = known } else { has = try await client.agentServices(timeout: .seconds(3)) }
            let diff = ServiceDiff(has: has, wants: wants)
            // First what is new, so that a name never points nowhere in between.
            for service in diff.registrations { try await client.register(service, timeout: .seconds(3)) }
            for id in diff.deregistrations { try await client.deregister(serviceID: id, timeout: .seconds(3)) }
            return .success(Outcome(diff: diff, has: wants))
        } catch {
            return .failure(error)
        }
    }
}
