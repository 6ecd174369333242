public import ClusterCore
public import EngineSupport

/// Who answers requests now: this process as the leader, another leader, or nobody yet.
public actor RoleGate {
    /// What this process is.
    public enum Role: Sendable {
        /// Nobody leads yet, or this one has just been elected.
        case undecided
        /// Another leads.
        case standby(leader: HostPort)
        /// This one leads, and answers by these routes.
        case leader(EngineRouter)
    }

    private var role = Role.undecided
    private var waiters: [Int: CheckedContinuation<Role, Never>] = [:]
    private var nextWaiter = 0

    init() {}

    /// Lets those who wait know.
    public func set(_ role: Role) {
        self.role = role
        if case .undecided = role { return }
        for waiter in waiters.values { waiter.resume(returning: role) }
        waiters = [:]
    }

    /// The role, as soon as it is decided; undecided after the time-out.
    public func decided(within timeout: Duration) async -> Role {
        if case .undecided = role {} else { return role }
        nextWaiter += 1
        let key = nextWaiter
        let timer = Task {
            try await Task.sleep(for: timeout, clock: .continuous)
            expire(key)
        }
        defer { timer.cancel() }
        return await withCheckedContinuation { waiters[key] = $0 }
    }

    private func expire(_ key: Int) { waiters.removeValue(forKey: key)?.resume(returning: role) }
}
