import Mesos

/// Decides what a health check's results mean. Pure.
struct HealthState: Sendable, Hashable {
    /// What is to be done.
    enum Action: Sendable, Hashable {
        /// Send a status with `healthy`.
        case report(healthy: Bool)
        /// End the task: it has failed too often in a row.
        case endTask(reason: String)
    }

    private let grace: Duration
    private let limit: Int
    private var wasHealthy: Bool?
    private var failures = 0

    /// Starts with the health that was reported last, which another executor may have done; nil: none yet.
    init(_ check: HealthCheck, wasHealthy: Bool? = nil) {
        grace = .milliseconds(Int64(min(max(check.gracePeriodSeconds, 0), 1e9) * 1000))
        limit = check.consecutiveFailures
        self.wasHealthy = wasHealthy
    }

    /// Takes one result.
    /// - Parameters:
    ///   - problem: nil: it succeeded; else why it failed.
    ///   - age: time since the start of the task.
    mutating func result(_ problem: String?, age: Duration) -> [Action] {
        guard let problem else {
            failures = 0
            defer { wasHealthy = true }
            return wasHealthy == true ? [] : [.report(healthy: true)]
        }
        // Upstream ignores failures inside the grace period only until the task has been healthy once.
        if wasHealthy == nil && age < grace { return [] }
        failures += 1
        var actions: [Action] = wasHealthy == false ? [] : [.report(healthy: false)]
        wasHealthy = false
        if limit > 0 && failures >= limit {
            actions.append(.endTask(reason: "unhealthy: \(failures) failed health checks in a row, the last: \(problem)"))
        }
        return actions
    }
}
