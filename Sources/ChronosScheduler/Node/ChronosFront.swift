import ClusterCore
import EngineSupport
import HTTPClient
import JSON

/// What every Chronos, leader or standby, answers with: the leader its API, a standby the leader's answer. `/ping` is each one's own.
actor ChronosFront {
    enum Role: Sendable {
        /// Nobody leads yet, or this one has just been elected.
        case undecided
        case standby(leader: HostPort)
        case leader(EngineRouter)
    }

    private let proxy: LeaderProxy
    private var role = Role.undecided
    private var waiters: [Int: CheckedContinuation<Role, Never>] = [:]
    private var lastWaiter = 0

    init(proxy: LeaderProxy) { self.proxy = proxy }

    func set(_ role: Role) {
        self.role = role
        if case .undecided = role { return }
        for waiter in waiters.values { waiter.resume(returning: role) }
        waiters = [:]
    }

    /// Answers a request; during an election as soon as it is decided, for at most 3 s.
    nonisolated func respond(to request: EngineRequest) async -> EngineResponse {
        if request.path == "/ping" { return .text("pong") }
        switch await decided(within: .seconds(3)) {
        case .undecided: return .json(["status": "503", "message": "no Chronos leads at the moment; ask again"], status: 503)
        case .standby(let leader): return await proxy.forward(request, to: leader)
        case .leader(let router): return await router.respond(to: request)
        }
    }

    private func decided(within timeout: Duration) async -> Role {
        if case .undecided = role {} else { return role }
        lastWaiter += 1
        let key = lastWaiter
        // Not a poll: bounds the wait for `set`, which resumes the waiter as soon as the election is decided.
        let timer = Task {
            try await Task.sleep(for: timeout, clock: .continuous)
            expire(key)
        }
        defer { timer.cancel() }
        return await withCheckedContinuation { waiters[key] = $0 }
    }

    private func expire(_ key: Int) { waiters.removeValue(forKey: key)?.resume(returning: role) }
}
