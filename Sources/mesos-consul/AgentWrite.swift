import ClusterCore
import Consul

/// The calls to one agent.
struct AgentWrite: Sendable {
    let job: AgentJob
    let client: ConsulClient
    let rules: ServiceRules
    /// For each call: a dead agent takes this long and no longer.
    let timeout: Duration
    /// Whether what the job wants may still be written; asked before each write.
    var isAllowed: @Sendable () async -> Bool = { true }

    /// Calls to one agent at the same time.
    private static let width = 8

    /// How many were registered and deregistered, and what the agent has now.
    struct Outcome: Sendable {
        let registered: Int
        let deregistered: Int
        let has: [String: ServiceRegistration]
    }

    func run() async -> Result<Outcome, ClusterError> {
        do throws(ClusterError) {
            var has: [String: ServiceRegistration]
            if let known = job.known { has = known } else { has = try await client.agentServices(timeout: timeout) }
            let diff = ServiceDiff(has: has, wants: job.wants, rules: rules) { job.keeper.keeps(rules.slave(of: $0)) }
            // First what is new, so that a name never points nowhere in between.
            try await each(diff.registrations) { service throws(ClusterError) in
                try await mustBeAllowed()
                try await client.register(service, timeout: timeout)
            }
            try await each(diff.deregistrations) { id throws(ClusterError) in
                try await mustBeAllowed()
                try await client.deregister(serviceID: id, timeout: timeout)
            }
            for service in diff.registrations { has[service.id] = service }
            for id in diff.deregistrations { has[id] = nil }
            return .success(
                Outcome(
                    registered: diff.registrations.count, deregistered: diff.deregistrations.count,
                    has: has.filter { rules.owns($0.key) }))
        } catch {
            return .failure(error)
        }
    }

    private func mustBeAllowed() async throws(ClusterError) {
        guard await isAllowed() else { throw ClusterError(.unavailable, "Mesos is silent, or another master leads: not written") }
    }

    /// A few at a time; the first failure ends it.
    private func each<Element: Sendable>(
        _ elements: [Element], _ call: @escaping @Sendable (Element) async throws(ClusterError) -> Void
    ) async throws(ClusterError) {
        if elements.count == 1 { return try await call(elements[0]) }
        let failure = await withTaskGroup(of: ClusterError?.self) { group -> ClusterError? in
            var rest = elements[...]
            func add() {
                guard let element = rest.popFirst() else { return }
                group.addTask {
                    do throws(ClusterError) {
                        try await call(element)
                        return nil
                    } catch {
                        return error
                    }
                }
            }
            for _ in 0..<Self.width { add() }
            for await failure in group {
                if let failure { return failure }
                add()
            }
            return nil
        }
        if let failure { throw failure }
    }
}
