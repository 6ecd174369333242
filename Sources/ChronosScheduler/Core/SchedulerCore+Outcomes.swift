import Chronos
import ClusterCore

extension SchedulerCore {
    /// A run ended well.
    mutating func succeed(_ name: String, now: Timestamp) {
        guard var record = jobs[name] else { return }
        record.job.statistics.successCount += 1
        record.job.statistics.errorsSinceLastSuccess = 0
        record.job.statistics.lastSuccess = now
        store(record)
        count { $0.successes[name, default: 0] += 1 }
        disableWhereSpent(name)
        tellChildren(of: name, now: now)
        startWhereReady(name, now: now)
    }

    /// A run failed for good.
    mutating func fail(_ name: String, now: Timestamp) {
        guard var record = jobs[name] else { return }
        record.job.statistics.errorCount += 1
        record.job.statistics.errorsSinceLastSuccess += 1
        record.job.statistics.lastError = now
        let limit = configuration.disableAfterFailures
        if limit > 0, record.job.statistics.errorsSinceLastSuccess >= limit, !record.job.isDisabled {
            record.job.isDisabled = true
            note(
                "job '\(name)' is disabled after \(record.job.statistics.errorsSinceLastSuccess) failed run(s); post it again to enable it")
        }
        store(record)
        count { $0.failures[name, default: 0] += 1 }
        disableWhereSpent(name)
        if record.job.hasSoftError { tellChildren(of: name, now: now) }
        startWhereReady(name, now: now)
    }

    private mutating func tellChildren(of name: String, now: Timestamp) {
        for child in graph.children(of: name) {
            guard var record = jobs[child] else { continue }
            record.succeededParents.insert(name)
            store(record)
            startWhereReady(child, now: now)
        }
    }

    /// Starts a dependent job whose parents have all succeeded since it was last started. While it runs it waits, unless it is
    /// concurrent.
    mutating func startWhereReady(_ name: String, now: Timestamp) {
        guard var record = jobs[name], !record.job.parents.isEmpty else { return }
        guard record.succeededParents.isSuperset(of: record.job.parents) else { return }
        guard record.job.isConcurrent || runs(of: name).isEmpty else { return }
        record.succeededParents = []
        store(record)
        guard !record.job.isDisabled else {
            note("job '\(name)' is disabled; it is not run after its parents")
            return
        }
        enqueue(name, due: now)
    }

    /// True where a job ran, well, and never will by itself again: a new child would wait for it in vain.
    func isFinishedForGood(_ name: String) -> Bool {
        guard let record = jobs[name], runs(of: name).isEmpty else { return false }
        let isEnough = record.outcome == .success || (record.outcome == .failure && record.job.hasSoftError)
        guard isEnough else { return false }
        if let schedule = record.schedule { return schedule.next == nil }
        return record.job.parents.allSatisfy(isFinishedForGood)
    }
}
