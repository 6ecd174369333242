import ClusterCore
import Consul

/// What one agent is to be told. Pure data; `AgentWrite` does it.
struct AgentJob: Sendable {
    /// The agent's address: that of its node.
    let address: String
    let wants: [String: ServiceRegistration]
    /// What it is known to have; nil where it has to be asked.
    let known: [String: ServiceRegistration]?
    /// Slaves whose services stay, though nothing is known of them yet.
    let keeper: ServiceKeeper
}

/// Which services stay after a take-over, until their slave has registered with the new master. Pure.
struct ServiceKeeper: Sendable, Hashable {
    /// Slaves that the master still waits for; nil where it doesn't tell.
    var recovered: Set<String>?
    /// Slaves that this master has removed.
    var removed: Set<String> = []
    /// Slaves that are registered.
    var registered: Set<String> = []
    /// True once every slave that lives has had its time to register again.
    var isGraceOver = false
    /// True where the address is that of a registered slave: what is not this program's writing there is of no slave that is awaited.
    var isKnownAddress = false

    func at(knownAddress: Bool) -> ServiceKeeper {
        var keeper = self
        keeper.isKnownAddress = knownAddress
        return keeper
    }

    func keeps(_ slave: String?) -> Bool {
        guard let slave else { return !isGraceOver && !isKnownAddress }
        if registered.contains(slave) || removed.contains(slave) { return false }
        return recovered?.contains(slave) ?? !isGraceOver
    }
}

/// The decisions: what Mesos says and what Consul has → what to tell which agent, and when. All times are since the bridge began. Pure.
struct BridgeCore: Sendable {
    /// The bounds.
    struct Limits: Sendable, Hashable {
        /// After this, what a silent agent ought not to have is taken out of the catalog.
        var deadAfter = Duration.seconds(10)
        /// How long a slave of before a take-over may take to register, where the master doesn't tell which it awaits (Mesos'
        /// `agent_reregister_timeout`).
        var grace = Duration.seconds(600)
        /// After this without a word of Mesos nothing is written: another master may lead. Two heartbeats (15 s each), and a little.
        var silence = Duration.seconds(35)
        /// The delays between attempts on an agent that fails.
        var firstRetry = Duration.seconds(1)
        var longestRetry = Duration.seconds(8)
    }

    private struct Agent {
        var slaves: Set<String> = []
        var wants: [String: ServiceRegistration] = [:]
        var known: [String: ServiceRegistration]?
        /// What the catalog said last: only for those that no slave has, and for those that fail.
        var listed: [String: ServiceRegistration] = [:]
        var node: String?
        /// False where nothing has happened since it was found to have what it ought to have.
        var needsLook = true
        var isBusy = false
        var failures = 0
        var failingSince: Duration?
        var retryAt: Duration?
        var problem: String?
    }

    let rules: ServiceRules
    let limits: Limits
    private(set) var view = MesosView()
    private var agents: [String: Agent] = [:]
    private var addressOfSlave: [String: String] = [:]
    private var servicesOfSlave: [String: [String: ServiceRegistration]] = [:]
    private var problemsOfSlave: [String: [String]] = [:]
    private var since: Duration
    /// When Mesos was last heard of.
    private var lastHeard: Duration?
    /// True from the moment what told of Mesos has failed.
    private var isLost = false

    /// A bridge that has become active.
    init(rules: ServiceRules, limits: Limits = Limits(), now: Duration) {
        self.rules = rules
        self.limits = limits
        since = now
    }

    // MARK: Mesos

    /// True where what is believed may be out of date: nothing is to be written. That this master leads is a word of Mesos, too.
    func isSilent(_ now: Duration) -> Bool { isLost || now - (lastHeard ?? since) > limits.silence }

    /// Mesos was heard of. After a silence others may have written: each agent is asked.
    /// - Returns: true where there was a silence.
    mutating func heard(_ now: Duration) -> Bool {
        defer { (lastHeard, isLost) = (now, false) }
        guard isSilent(now) else { return false }
        forgetKnown()
        return true
    }

    /// What told of Mesos has failed.
    mutating func lost() { isLost = lastHeard != nil }

    /// Takes in what Mesos tells.
    mutating func take(_ event: OperatorEvent) {
        for slave in view.take(event) { refresh(slave) }
    }

    private mutating func refresh(_ id: String) {
        let (address, before) = (view.slaves[id]?.address, addressOfSlave[id])
        addressOfSlave[id] = address
        let desired = view.slaves[id].map { DesiredServices($0, view, rules: rules) }
        problemsOfSlave[id] = desired.flatMap { $0.problems.isEmpty ? nil : $0.problems }
        let old = servicesOfSlave.updateValue(desired?.services ?? [:], forKey: id) ?? [:]
        if let before {
            for service in old.keys { agents[before]?.wants[service] = nil }
            agents[before]?.needsLook = true
            if before != address { agents[before]?.slaves.remove(id) }
        }
        guard let address, let desired else {
            servicesOfSlave[id] = nil
            return
        }
        agents[address, default: Agent()].slaves.insert(id)
        agents[address]?.wants.merge(desired.services) { $1 }
        agents[address]?.needsLook = true
    }

    // MARK: Consul

    /// Takes in what the catalog has: what differs from what an agent is known to have makes it asked, and what is on nodes without a
    /// slave is looked after, too.
    mutating func take(_ nodes: [NodeServices]) {
        for node in nodes {
            let own = node.services.filter { rules.owns($0.key) }
            guard agents[node.address] != nil || !own.isEmpty else { continue }
            agents[node.address, default: Agent()].node = node.name
            agents[node.address]?.listed = own
            if let known = agents[node.address]?.known,
                !ServiceDiff(has: own, wants: known.filter { rules.owns($0.key) }, rules: rules).isEmpty
            {
                agents[node.address]?.known = nil
            }
        }
        // Time alone may have made something of another's slaves due.
        for address in agents.keys { agents[address]?.needsLook = true }
        let present = Set(nodes.map(\.address))
        for (address, agent) in agents where !agent.isBusy && agent.slaves.isEmpty {
            if !present.contains(address) || agent.listed.isEmpty { agents[address] = nil }
        }
    }

    /// Forgets what the agents are known to have, so that each is asked: where the catalog can't be read.
    mutating func forgetKnown() {
        for address in agents.keys {
            agents[address]?.known = nil
            agents[address]?.needsLook = true
        }
    }

    /// The agents that have to be told something, or asked, now. Each is busy until `finished`.
    mutating func jobs(_ now: Duration) -> [AgentJob] {
        guard view.isKnown, !isSilent(now) else { return [] }
        var jobs: [AgentJob] = []
        let common = keeper(now)
        for (address, agent) in agents where agent.needsLook && !agent.isBusy && (agent.retryAt ?? now) <= now {
            let keeper = common.at(knownAddress: !agent.slaves.isEmpty)
            if let known = agent.known,
                ServiceDiff(has: known, wants: agent.wants, rules: rules, keeps: { keeper.keeps(rules.slave(of: $0)) }).isEmpty
            {
                agents[address]?.needsLook = false
                continue
            }
            if agent.slaves.isEmpty, agent.known == nil, agent.listed.values.allSatisfy({ keeper.keeps(rules.slave(of: $0)) }) {
                agents[address]?.needsLook = false
                agents[address]?.retryAt = nil
                continue
            }
            agents[address]?.isBusy = true
            jobs.append(AgentJob(address: address, wants: agent.wants, known: agent.known, keeper: keeper))
        }
        return jobs.sorted { $0.address < $1.address }
    }

    private func keeper(_ now: Duration) -> ServiceKeeper {
        ServiceKeeper(
            recovered: view.recovered, removed: view.removed, registered: Set(view.slaves.keys), isGraceOver: now - since >= limits.grace)
    }

    /// Takes in how a job went.
    /// - Returns: true where an agent began or ceased to fail.
    @discardableResult
    mutating func finished(_ address: String, _ result: Result<[String: ServiceRegistration], ClusterError>, _ now: Duration) -> Bool {
        guard var agent = agents[address] else { return false }
        let before = agent.problem == nil
        agent.isBusy = false
        agent.needsLook = true
        switch result {
        case .success(let has):
            agent.known = has
            (agent.failures, agent.failingSince, agent.retryAt, agent.problem) = (0, nil, nil, nil)
        case .failure(let error):
            agent.known = nil
            agent.failingSince = agent.failingSince ?? now
            agent.retryAt = now + min(limits.firstRetry * Double(1 << min(agent.failures, 10)), limits.longestRetry)
            agent.failures += 1
            agent.problem = error.description
        }
        agents[address] = agent
        return before != (agent.problem == nil)
    }

    /// What to take out of the catalog, because its agent has been silent for too long to do it: node and service id, sorted.
    func removals(_ now: Duration) -> [(node: String, service: String)] {
        guard view.isKnown, !isSilent(now) else { return [] }
        var out: [(node: String, service: String)] = []
        let common = keeper(now)
        for agent in agents.values {
            guard let node = agent.node, let failing = agent.failingSince, now - failing >= limits.deadAfter else { continue }
            let keeper = common.at(knownAddress: !agent.slaves.isEmpty)
            for service in agent.listed.values where agent.wants[service.id] == nil && !keeper.keeps(rules.slave(of: service)) {
                out.append((node, service.id))
            }
        }
        return out.sorted { ($0.node, $0.service) < ($1.node, $1.service) }
    }

    // MARK: what is shown

    /// When the next attempt on a failing agent is due.
    var nextRetry: Duration? { agents.values.filter { !$0.isBusy }.compactMap(\.retryAt).min() }
    /// True while a job runs.
    var isBusy: Bool { agents.values.contains { $0.isBusy } }
    var isAnyFailing: Bool { agents.values.contains { $0.problem != nil } }
    var serviceCount: Int { agents.values.reduce(0) { $0 + $1.wants.count } }
    var agentProblems: [String: String] { agents.compactMapValues(\.problem) }
    var problems: [String] { problemsOfSlave.values.flatMap { $0 }.sorted() }
}
