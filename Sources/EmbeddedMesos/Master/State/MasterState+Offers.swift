import ClusterCore
import Mesos

extension MasterState {
    /// Offers what is free.
    mutating func allocate(_ now: MasterTime) {
        allocationDeadline = nil
        counters["allocation_runs"] += 1
        let supplies = agents.values.filter(\.isConnected).map { Allocator.Supply(agentID: $0.id, available: $0.available) }
        var offered: [String: Resources] = [:]
        for offer in offers.values { offered[offer.offer.frameworkID, default: Resources([])] += offer.offer.resources }
        let candidates = frameworks.values.filter { $0.isConnected }.flatMap { framework in
            let allocated = framework.used + (offered[framework.id] ?? Resources([]))
            return framework.roles.filter { !framework.suppressedRoles.contains($0) }.map { role in
                Allocator.Candidate(
                    frameworkID: framework.id, role: role, allocated: allocated, weight: limits.weights[role] ?? 1,
                    takesGPUs: framework.info.capabilities.contains("GPU_RESOURCES"))
            }
        }
        let total = agents.values.reduce(Resources([])) { $0 + $1.info.resources }
        var fresh: [String: [MasterOffer]] = [:]
        for grant in allocator.allocate(supplies, to: candidates, total: total) {
            guard var agent = agents[grant.agentID] else { continue }
            let number = makeOfferNumber()
            let resources = grant.resources.allocated(to: grant.role)
            let offer = Offer(
                id: "\(master.id)-O\(number)", frameworkID: grant.frameworkID, agentID: agent.id, hostname: agent.info.hostname,
                agentAddress: HostPort(host: agent.ip, port: agent.info.port), resources: resources, attributes: agent.info.attributes,
                role: grant.role)
            agent.offered += resources
            agents[agent.id] = agent
            let out = MasterOffer(offer: offer, deadline: limits.offerTimeout.map { now.steady + $0 }, number: number)
            offers[offer.id] = out
            fresh[grant.frameworkID, default: []].append(out)
        }
        for (id, list) in fresh {
            guard let framework = frameworks[id] else { continue }
            tell(framework, .offers(list.map(\.offer)))
        }
    }

    /// Takes an offer off the list and gives its resources back; says nothing to the framework.
    mutating func removeOffer(_ id: String, _ now: MasterTime) {
        guard let offer = offers.removeValue(forKey: id)?.offer else { return }
        agents[offer.agentID]?.offered -= offer.resources
        scheduleAllocation(now)
    }

    /// Takes an offer back.
    mutating func rescind(_ id: String, _ now: MasterTime) {
        guard let offer = offers[id]?.offer else { return }
        removeOffer(id, now)
        if let framework = frameworks[offer.frameworkID] { tell(framework, .rescind(offerID: id)) }
    }

    /// The framework doesn't want these offers.
    mutating func decline(_ framework: MasterFramework, _ offerIDs: [String], _ filters: SchedulerCall.Filters, _ now: MasterTime) {
        counters["messages_decline_offers"] += 1
        for id in offerIDs {
            guard let offer = offers[id]?.offer, offer.frameworkID == framework.id else { continue }
            removeOffer(id, now)
            refuse(offer.resources, of: offer, filters, now)
        }
    }

    private mutating func refuse(_ rest: Resources, of offer: Offer, _ filters: SchedulerCall.Filters, _ now: MasterTime) {
        guard filters.refuseSeconds > 0, !rest.isEmpty else { return }
        // A year is as good as for ever, and what upstream caps it at.
        let seconds = min(filters.refuseSeconds, 365 * 86400)
        allocator.refuse(
            rest, frameworkID: offer.frameworkID, role: offer.role ?? "*", agentID: offer.agentID, until: now.steady + seconds)
    }

    /// The framework uses offers, which must all be of one agent: starts tasks, gives the rest back.
    mutating func accept(
        _ framework: MasterFramework, _ offerIDs: [String], _ operations: [SchedulerCall.Operation], _ filters: SchedulerCall.Filters,
        _ now: MasterTime
    ) {
        counters["messages_launch_tasks"] += 1
        let tasks = operations.flatMap { operation -> [TaskInfo] in
            if case .launch(let tasks) = operation { tasks } else { [] }
        }
        let problem = problem(with: offerIDs, framework)
        let used = offerIDs.compactMap { offers[$0]?.offer }.filter { $0.frameworkID == framework.id }
        for offer in used { removeOffer(offer.id, now) }
        guard problem == nil, let first = used.first else {
            for task in tasks {
                drop(
                    task, of: framework, message: "Task launched with invalid offers: \(problem ?? "No offers specified")",
                    reason: "REASON_INVALID_OFFERS", now)
            }
            return
        }
        guard agents[first.agentID]?.isConnected ?? false else {
            for task in tasks {
                drop(task, of: framework, message: "Agent disconnected", reason: "REASON_SLAVE_DISCONNECTED", now)
            }
            return
        }
        var rest = used.reduce(Resources([])) { $0 + $1.resources }
        for task in tasks {
            let wanted = task.resources.allocated(to: first.role)
            let current = frameworks[framework.id] ?? framework
            if let error = TaskValidation.problem(with: task, wanted: wanted, available: rest, agentID: first.agentID, framework: current) {
                refuse(task, of: framework, message: error, now)
                continue
            }
            rest -= wanted
            launch(task, of: framework.id, role: first.role ?? "*", now)
        }
        refuse(rest, of: first, filters, now)
    }

    private func problem(with offerIDs: [String], _ framework: MasterFramework) -> String? {
        guard !offerIDs.isEmpty else { return "No offers specified" }
        var seen: Set<String> = []
        var agentID: String?
        for id in offerIDs {
            guard seen.insert(id).inserted else { return "Duplicate offer \(id) in offer list" }
            guard let offer = offers[id]?.offer else { return "Offer \(id) is no longer valid" }
            guard offer.frameworkID == framework.id else {
                return "Offer \(id) has invalid framework \(offer.frameworkID) while framework \(framework.id) is expected"
            }
            if let agentID, agentID != offer.agentID {
                return "Aggregated offers must belong to one single agent. Offer \(id) uses agent \(offer.agentID) and agent \(agentID)"
            }
            agentID = offer.agentID
        }
        return nil
    }
}
