import Checks
import ClusterCore
import Consul
import Entrypoint
import HTTPClient
import JSON
import Logging
import Mesos

/// The shell: reads the master, lets the core decide, writes to the agents.
actor Bridge {
    private let plan: BridgePlan
    private let state: BridgeState
    private let context: CompanionContext
    private let consul: ConsulClient
    private let source: MesosSource
    private let start = ContinuousClock.now
    /// Absent while another node's master leads.
    private var core: BridgeCore?
    /// Which time of being active a job belongs to.
    private var term = 0
    private var master: ServiceRegistration?
    private var isKeepingMaster = false
    private var cycleBegan: ContinuousClock.Instant?
    private var following: Task<Void, Never>?
    private let lookWanted = Bell()
    private let gapFound = Bell()
    private let retryWanted = Bell()

    init(_ plan: BridgePlan, state: BridgeState, context: CompanionContext, http: HTTPClient = HTTPClient()) {
        self.plan = plan
        self.state = state
        self.context = context
        consul = ConsulClient(plan.consul, http: http, token: plan.token, tls: HTTPRequest.TLS(caFile: plan.caFile))
        source = MesosSource(master: plan.master, basicAuth: plan.basicAuth, http: http)
    }

    private var now: Duration { ContinuousClock.now - start }

    /// True while what was decided in this term may be written: this master leads, and Mesos is heard of. Who is cut off from ZooKeeper
    /// and Mesos goes on to believe that it leads, while another one's bridge writes.
    private func mayWrite(_ term: Int) -> Bool {
        guard term == self.term, state.isLeading, let core else { return false }
        return !core.isSilent(now)
    }

    private var isSilent: Bool { core?.isSilent(now) ?? false }

    /// Runs until it is cancelled.
    func run() async throws {
        defer { following?.cancel() }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await self.watchLeader() }
            group.addTask { try await self.watchConsul() }
            group.addTask { try await self.retry() }
            defer { group.cancelAll() }
            try await group.next()
        }
        try Task.checkCancellation()
    }

    // MARK: who leads

    private func watchLeader() async {
        await leaderMayHaveChanged()
        for await _ in state.changes { await leaderMayHaveChanged() }
    }

    private func leaderMayHaveChanged() async {
        let isLeading = state.isLeading
        if isLeading, core == nil {
            term += 1
            core = BridgeCore(rules: plan.rules, limits: plan.limits, now: now)
            cycleBegan = nil
            let term = term
            following = Task { await self.follow(term) }
        } else if !isLeading, core != nil {
            // Whoever leads now writes: the services stay.
            core = nil
            following?.cancel()
            following = nil
            state.update {
                $0.lastState = nil
                $0.stateProblem = nil
                $0.isStreaming = false
                $0.agentProblems = [:]
            }
        }
        await keepMaster()
        lookWanted.ring()
    }

    /// Registers this node's master at its own agent, as leader or not; nothing while ZooKeeper has not said who leads.
    private func keepMaster() async {
        guard !isKeepingMaster else { return }
        isKeepingMaster = true
        defer { isKeepingMaster = false }
        // Who leads may change while the agent answers.
        for _ in 0..<3 {
            guard let wanted = wantedMaster, master != wanted else { return }
            await register(wanted)
        }
    }

    /// A leader that is cut off may have become none.
    private var wantedMaster: ServiceRegistration? {
        guard state.current.leader != .unknown, !(state.isLeading && isSilent) else { return nil }
        return DesiredServices.master(plan.master, isLeader: state.isLeading, rules: plan.rules)
    }

    private func register(_ wanted: ServiceRegistration) async {
        do throws(ClusterError) {
            let present = try await consul.agentServices()[wanted.id]
            guard wanted == wantedMaster else { return }
            if present.map({ ServiceDiff.isSame($0, wanted) }) != true {
                try await consul.register(wanted)
                context.logger.info("registered this node's Mesos master, tags \(wanted.tags.joined(separator: ", "))")
            }
            master = wanted
        } catch {
            context.logger.debug("this node's master can't be registered: \(error)")
        }
    }

    // MARK: Mesos

    private func follow(_ term: Int) async {
        var retry = RetryDelay(first: .milliseconds(50), limit: .seconds(1))
        while !Task.isCancelled {
            let heard = state.current.lastState
            do {
                try await followOnce(term)
                continue
            } catch is MesosSource.NoEvents {
                await ask(term)
            } catch {
                if Task.isCancelled { return }
                noteProblem("\(error)", term)
            }
            if state.current.lastState != heard, state.current.stateProblem == nil { retry.succeeded() }
            try? await Task.sleep(for: state.current.isStreaming ? retry.next() : min(retry.next(), plan.refresh))
        }
    }

    /// The stream, until it is time to begin it anew: its first event tells everything.
    private func followOnce(_ term: Int) async throws {
        let (source, reconcile) = (source, plan.reconcile)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await source.follow { event in await self.heard(event, term) } }
            group.addTask { try await Task.sleep(for: reconcile) }
            group.addTask { try await self.waitUntilIncomplete() }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    private func waitUntilIncomplete() async throws {
        repeat { try await gapFound.wait(atMost: .seconds(3600)) } while !(core?.view.isIncomplete ?? false)
        // A storm of events that leave something open shall not become a storm of snapshots.
        try await Task.sleep(for: .milliseconds(500))
    }

    private func ask(_ term: Int) async {
        let end = ContinuousClock.now + .seconds(60)
        // A master without events stays one; after an upgrade it is asked again.
        while !Task.isCancelled, ContinuousClock.now < end {
            do {
                heard(.subscribed(try await source.state()), term, isStream: false)
            } catch {
                if Task.isCancelled { return }
                noteProblem("\(error)", term)
            }
            try? await Task.sleep(for: plan.refresh)
        }
    }

    private func heard(_ event: OperatorEvent, _ term: Int, isStream: Bool = true) {
        guard term == self.term, core != nil else { return }
        if core?.heard(now) ?? false {
            lookWanted.ring()
            retryWanted.ring()
        }
        core?.take(event)
        if case .subscribed = event, cycleBegan == nil { cycleBegan = .now }
        if plan.rules.filtersFrameworks || event.isUpdate, core?.view.isIncomplete ?? false { gapFound.ring() }
        if state.current.stateProblem != nil { context.logger.info("the Mesos master is read again") }
        state.update {
            $0.lastState = .now
            $0.stateProblem = nil
            $0.isStreaming = isStream
        }
        pump()
    }

    private func noteProblem(_ problem: String, _ term: Int) {
        guard term == self.term, core != nil else { return }
        // Nothing is written while the master is silent.
        core?.lost()
        if state.current.stateProblem == nil { context.logger.warning("the Mesos master can't be read, services stay: \(problem)") }
        state.update { $0.stateProblem = problem }
    }

    // MARK: Consul

    /// Starts all that is due, each agent by itself: a dead one delays none.
    private func pump() {
        guard core != nil, state.isLeading else { return }
        let (term, rules, timeout) = (term, plan.rules, plan.agentTimeout)
        for job in core?.jobs(now) ?? [] {
            let write = AgentWrite(job: job, client: client(job.address), rules: rules, timeout: timeout) { await self.mayWrite(term) }
            Task { self.finished(job.address, await write.run(), term) }
        }
        publish()
    }

    private func finished(_ address: String, _ result: Result<AgentWrite.Outcome, ClusterError>, _ term: Int) {
        guard term == self.term, core != nil else { return }
        let changed = core?.finished(address, result.map(\.has), now) ?? false
        switch result {
        case .success(let outcome):
            if changed { context.logger.info("Consul agent \(address) takes registrations again") }
            if outcome.registered + outcome.deregistered > 0 {
                context.logger.info("Consul agent \(address): \(outcome.registered) registered, \(outcome.deregistered) deregistered")
            }
        case .failure(let error):
            if changed { context.logger.warning("Consul agent \(address) can't be written to, tried again: \(error)") }
            if changed { lookWanted.ring() }
            retryWanted.ring()
        }
        pump()
    }

    private func publish() {
        guard let core else { return }
        let (count, agents, problems) = (core.serviceCount, core.agentProblems, core.problems)
        let before = state.current
        for problem in problems where !before.problems.contains(problem) { context.logger.warning("\(problem)") }
        state.update {
            $0.services = count
            $0.agentProblems = agents
            $0.problems = problems
        }
        if !core.isBusy, let began = cycleBegan {
            cycleBegan = nil
            let seconds = (ContinuousClock.now - began).seconds
            context.logger.debug("all agents told within \(Int(seconds * 1000)) ms")
            state.update { $0.lastCycle = .seconds(seconds) }
        }
        let (metrics, cycle) = (context.metrics, state.current.lastCycle)
        guard count != before.services || agents.count != before.agentProblems.count || cycle != before.lastCycle else { return }
        Task {
            await metrics.set("mesos_consul_services", help: "services that ought to be registered", to: Double(count))
            await metrics.set("mesos_consul_failing_agents", help: "Consul agents that can't be written to", to: Double(agents.count))
            guard let cycle else { return }
            await metrics.set(
                "mesos_consul_cycle_seconds", help: "the last time from reading all of Mesos to all agents told", to: cycle.seconds)
        }
    }

    private func client(_ agent: String) -> ConsulClient {
        // The own node's agent may listen elsewhere.
        agent == plan.master.host ? consul : consul.onAgent(agent, port: plan.agentPort)
    }

    /// Tries failing agents again when their time has come.
    private func retry() async throws {
        while true {
            // After a silence it is rung for.
            let due = isSilent ? nil : core?.nextRetry
            try await retryWanted.wait(atMost: due.map { max($0 - now, .milliseconds(50)) } ?? .seconds(3600))
            if core?.isAnyFailing ?? false { pump() }
        }
    }

    /// Compares with the catalog: at times, and often while an agent fails.
    private func watchConsul() async throws {
        while true {
            try await compare()
            let pause = core?.isAnyFailing ?? false ? min(plan.reconcile, .seconds(3)) : plan.reconcile
            try await waitForLook(atMost: pause)
        }
    }

    private func waitForLook(atMost limit: Duration) async throws {
        let began = ContinuousClock.now
        try await lookWanted.wait(atMost: limit)
        // A look for each of many failures would be too many.
        let early = began + .milliseconds(500) - .now
        if early > .zero { try await Task.sleep(for: min(early, limit)) }
    }

    private func compare() async throws {
        master = nil
        await keepMaster()
        let term = term
        guard mayWrite(term) else { return }
        do {
            let nodes = try await consul.nodeServices()
            guard mayWrite(term) else { return }
            core?.take(nodes)
            await correctMasters(nodes, term)
        } catch {
            try Task.checkCancellation()
            guard mayWrite(term) else { return }
            context.logger.debug("the catalog can't be read, each agent is asked: \(error)")
            core?.forgetKnown()
        }
        guard mayWrite(term) else { return }
        pump()
        for (node, service) in core?.removals(now) ?? [] {
            guard mayWrite(term) else { return }
            do throws(ClusterError) {
                try await consul.deregisterFromCatalog(node: node, serviceID: service)
                context.logger.info("node \(node) is silent: took \(service) out of the catalog")
            } catch {
                context.logger.debug("\(service) of node \(node) can't be taken out of the catalog: \(error)")
            }
        }
    }

    /// A master whose bridge was ended may still be called the leader.
    private func correctMasters(_ nodes: [NodeServices], _ term: Int) async {
        let leading = DesiredServices.master(plan.master, isLeader: true, rules: plan.rules)
        for node in nodes {
            guard let told = node.services[plan.rules.masterID], told.tags == leading.tags, told.address != plan.master.host else {
                continue
            }
            let standby = DesiredServices.master(HostPort(host: told.address, port: told.port), isLeader: false, rules: plan.rules)
            guard mayWrite(term) else { return }
            do throws(ClusterError) {
                try await client(node.address).register(standby, timeout: plan.agentTimeout)
                context.logger.info("node \(node.name) was still registered as the leading Mesos master; corrected")
            } catch {
                guard !node.isAlive, mayWrite(term) else { continue }
                try? await consul.deregisterFromCatalog(node: node.name, serviceID: told.id)
            }
        }
    }
}

extension OperatorEvent {
    fileprivate var isUpdate: Bool { if case .taskUpdated = self { true } else { false } }
}
