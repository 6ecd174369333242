import ClusterCore
import EngineSupport

/// Who answers requests now: this process as the leader, another leader, or nobody yet.
actor RoleGate {
    enum Role: Sendable {
        case undecided
        case standby(leader: HostPort)
        case leader(EngineRouter)
    }

    private var role = Role.undecided
    private var waiters: [Int: CheckedContinuation<Role, Never>] = [:]
    private var nextWaiter = 0

    func set(_ role: Role) {
        self.role = role
        if case .undecided = role { return }
        for waiter in waiters.values { waiter.resume(returning: role) }
        waiters = [:]
    }

    /// The role, as soon as it is decided; undecided after the time-out.
    func decided(within timeout: Duration) async -> Role {
        if case .undecided = role {} else { return role }
        nextWaiter += 1
        let key = nextWaiter
        let timer = Task {
            try? await Task.sleep(for: timeout, clock: .continuous)
            self.expire(key)
        }
        defer { timer.cancel() }
        return await withCheckedContinuation { waiters[key] = $0 }
    }

    private func expire(_ key: Int) { waiters.removeValue(forKey: key)?.resume(returning: role) }
}
