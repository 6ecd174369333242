import Mesos

/// Decides who is offered what: dominant resource fairness over frameworks (Ghodsi et al., NSDI 2011), with filters.
struct Allocator: Sendable, Hashable {
    /// A framework in one of its roles.
    struct Candidate: Sendable, Hashable {
        let frameworkID: String
        let role: String
        /// What it uses and is offered, over all agents.
        let allocated: Resources
        /// Larger weights get larger shares. > 0.
        let weight: Double
        /// False where it cannot take resources that have GPUs.
        let takesGPUs: Bool
    }

    /// An agent and what is free on it.
    struct Supply: Sendable, Hashable {
        let agentID: String
        let available: Resources
    }

    /// What is offered to whom.
    struct Grant: Sendable, Hashable {
        let agentID: String
        let frameworkID: String
        let role: String
        let resources: Resources
    }

    private struct FilterKey: Sendable, Hashable {
        let frameworkID: String
        let role: String
        let agentID: String
    }
    private struct Filter: Sendable, Hashable {
        let resources: Resources
        let expiry: Double
    }
    private var filters: [FilterKey: [Filter]] = [:]
    /// How many filters hold, for the metrics.
    var filterCount: Int { filters.values.reduce(0) { $0 + $1.count } }

    /// The framework refused these resources; they are not offered to it again until `expiry`, unless there are more of them.
    mutating func refuse(_ resources: Resources, frameworkID: String, role: String, agentID: String, until expiry: Double) {
        let key = FilterKey(frameworkID: frameworkID, role: role, agentID: agentID)
        filters[key, default: []].append(Filter(resources: resources.allocated(to: nil), expiry: expiry))
    }

    /// Forgets what a framework refused, in some roles (nil: in all).
    mutating func forgetFilters(frameworkID: String, roles: Set<String>? = nil) {
        for key in filters.keys where key.frameworkID == frameworkID && roles?.contains(key.role) ?? true { filters[key] = nil }
    }

    /// Forgets what was refused of an agent.
    mutating func forgetFilters(agentID: String) {
        for key in filters.keys where key.agentID == agentID { filters[key] = nil }
    }

    /// When the next filter ends.
    var nextExpiry: Double? { filters.values.lazy.flatMap { $0.lazy.map(\.expiry) }.min() }

    /// Ends filters whose time has come; true where there was one.
    mutating func expireFilters(_ now: Double) -> Bool {
        var expired = false
        for (key, list) in filters {
            let rest = list.filter { $0.expiry > now }
            guard rest.count != list.count else { continue }
            expired = true
            filters[key] = rest.isEmpty ? nil : rest
        }
        return expired
    }

    private func isFiltered(_ candidate: Candidate, _ agentID: String, _ resources: Resources) -> Bool {
        let key = FilterKey(frameworkID: candidate.frameworkID, role: candidate.role, agentID: agentID)
        return filters[key]?.contains { $0.resources.contains(resources) } ?? false
    }

    /// Gives each agent's free resources to the candidate whose dominant share is the smallest and who has not refused them.
    /// - Parameter total: the resources of all agents, of which shares are counted.
    func allocate(_ supplies: [Supply], to candidates: [Candidate], total: Resources) -> [Grant] {
        var grants: [Grant] = []
        var allocated = Dictionary(candidates.map { ($0, $0.allocated) }, uniquingKeysWith: { first, _ in first })
        // The agent with the most free CPUs first, so that load spreads.
        for supply in supplies.sorted(by: { ($1.available.cpus, $0.agentID) < ($0.available.cpus, $1.agentID) }) {
            var free = supply.available
            let order = candidates.sorted { left, right in
                let (a, b) = (share(allocated[left], total, left.weight), share(allocated[right], total, right.weight))
                return a == b ? (left.frameworkID, left.role) < (right.frameworkID, right.role) : a < b
            }
            for candidate in order {
                let usable = Resources(free.filter { $0.role == "*" || $0.role == candidate.role })
                guard Self.isAllocatable(usable), candidate.takesGPUs || usable.gpus == 0 else { continue }
                guard !isFiltered(candidate, supply.agentID, usable) else { continue }
                grants.append(
                    Grant(agentID: supply.agentID, frameworkID: candidate.frameworkID, role: candidate.role, resources: usable))
                allocated[candidate, default: Resources([])] += usable.allocated(to: candidate.role)
                free -= usable
            }
        }
        return grants
    }

    /// Worth an offer: at least 0.01 CPU or 32 MB (Mesos' `--min_allocatable_resources`).
    private static func isAllocatable(_ resources: Resources) -> Bool { resources.cpus >= 0.01 || resources.mem >= 32 }

    private func share(_ resources: Resources?, _ total: Resources, _ weight: Double) -> Double {
        guard let resources else { return 0 }
        let shares = ["cpus", "mem", "disk", "gpus"].map { name in
            let whole = total.scalar(name)
            return whole > 0 ? resources.scalar(name) / whole : 0
        }
        return (shares.max() ?? 0) / weight
    }
}
