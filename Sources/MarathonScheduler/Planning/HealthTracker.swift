import JSON
import Marathon

/// What the checks of one task have found. Failures do not count within the grace period, unless the task was healthy before.
struct HealthTracker: Sendable, Hashable {
    /// What one check has found.
    struct Record: Sendable, Hashable {
        var alive = false
        var consecutiveFailures = 0
        var firstSuccess: Timestamp?
        var lastSuccess: Timestamp?
        var lastFailure: Timestamp?
        var lastFailureCause: String?
    }

    /// What has to be done after a result.
    struct Verdict: Sendable, Hashable {
        /// The check says otherwise than before.
        var hasChanged = false
        /// The check failed, outside the grace period.
        var hasFailed = false
        /// It failed too often in a row: the task has to be killed.
        var mustKill = false
    }

    /// Records by the check's index in the app.
    private(set) var records: [Int: Record] = [:]

    /// Takes a result in.
    /// - Parameter failure: nil for success, else why.
    mutating func take(_ failure: String?, of check: HealthCheck, at index: Int, startedAt: Timestamp, now: Timestamp) -> Verdict {
        var record = records[index] ?? Record()
        var verdict = Verdict()
        defer { records[index] = record }
        guard let failure else {
            verdict.hasChanged = !record.alive
            record.alive = true
            record.consecutiveFailures = 0
            record.firstSuccess = record.firstSuccess ?? now
            record.lastSuccess = now
            return verdict
        }
        let isInGrace = record.firstSuccess == nil && now.seconds(since: startedAt) < Double(check.gracePeriodSeconds)
        guard !isInGrace else { return verdict }
        record.lastFailure = now
        record.lastFailureCause = failure
        record.consecutiveFailures += 1
        verdict.hasFailed = true
        verdict.hasChanged = record.alive
        record.alive = false
        verdict.mustKill =
            check.maxConsecutiveFailures > 0 && record.consecutiveFailures >= check.maxConsecutiveFailures
            && !check.checkProtocol.isByExecutor
        return verdict
    }

    /// True where each of so many checks says that the task is alive.
    func isHealthy(checks: Int) -> Bool { checks > 0 && (0..<checks).allSatisfy { records[$0]?.alive ?? false } }
    /// True where any check has failed and not succeeded since.
    func isUnhealthy(checks: Int) -> Bool { (0..<checks).contains { records[$0].map { !$0.alive && $0.lastFailure != nil } ?? false } }

    /// `healthCheckResults`, in the order of the checks.
    func json(_ instance: Instance) -> JSON {
        .array(
            records.sorted { $0.key < $1.key }.map { _, record in
                .members([
                    "alive": .bool(record.alive), "consecutiveFailures": .number(record.consecutiveFailures),
                    "firstSuccess": record.firstSuccess.map { .string($0.description) },
                    "lastFailure": record.lastFailure.map { .string($0.description) },
                    "lastSuccess": record.lastSuccess.map { .string($0.description) },
                    "lastFailureCause": record.lastFailureCause.map { .string($0) },
                    "instanceId": .string(instance.instanceID),
                ])
            })
    }
}
