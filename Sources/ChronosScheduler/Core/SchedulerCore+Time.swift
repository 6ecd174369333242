import Chronos
import ClusterCore

extension SchedulerCore {
    /// Takes the targets that are due, queues the retries whose time has come, and gives up tasks that were unreachable for too long.
    mutating func advance(to now: Timestamp) {
        for (key, run) in runs {
            if let since = run.unreachableSince, since + configuration.unreachableLimit <= now {
                giveUp(run, "unreachable for \(configuration.unreachableLimit.mesosText)", now: now)
            }
            if case .waiting(let until) = run.phase, until <= now {
                var run = run
                run.phase = .queued
                store(run)
                note("job '\(key.job)': attempt \(run.attempt + 1) is queued")
            }
        }
        let due = jobs.values.filter { $0.nextTarget.map { $0 <= now } ?? false }.map(\.job.name).sorted()
        for name in due { takeTargets(of: name, now: now) }
    }

    private mutating func takeTargets(of name: String, now: Timestamp) {
        guard var record = jobs[name], var schedule = record.schedule else { return }
        let epsilon = epsilon(of: record.job)
        let late = schedule.skip(before: Timestamp(milliseconds: now.milliseconds - epsilon.milliseconds))
        if late > 0 {
            count { $0.late += late }
            note("job '\(name)': \(late) target(s) skipped, more than \(epsilon.mesosText) late")
        }
        var overlapping = 0
        // Targets and their runs are stored in one request, so not too many at a time; the rest is due still.
        var left = 200
        while let target = schedule.next, target <= now, left > 0 {
            schedule.take()
            record.schedule = schedule
            store(record)
            if !record.job.isConcurrent {
                guard endWaitingRetry(of: name, now: now) else {
                    overlapping += 1
                    continue
                }
                // The failure of the earlier run may have disabled the job.
                record = jobs[name] ?? record
                if record.job.isDisabled { break }
            }
            enqueue(name, due: target)
            left -= 1
        }
        if overlapping > 0 {
            count { $0.overlapping += overlapping }
            note("job '\(name)': \(overlapping) target(s) skipped, its earlier run has not ended")
        }
        record.schedule = schedule
        store(record)
        disableWhereSpent(name)
    }

    /// A run that waits for its retry makes place for the next target: it has failed.
    /// - Returns: false where a run of the job is queued or has a task.
    private mutating func endWaitingRetry(of name: String, now: Timestamp) -> Bool {
        let active = runs(of: name).filter { !$0.isOfReplacedJob }
        var waiting: [Run] = []
        for run in active {
            guard case .waiting = run.phase else { return false }
            waiting.append(run)
        }
        for run in waiting {
            note("job '\(name)': the run of \(run.key.due) is given up, the next target is due")
            removeRun(run.key)
            fail(name, now: now)
        }
        return true
    }

    /// A job whose targets are used up stays, disabled (3.0.2), once nothing of it runs any more.
    mutating func disableWhereSpent(_ name: String) {
        guard var record = jobs[name], let schedule = record.schedule, schedule.next == nil, !record.job.isDisabled else { return }
        guard runs(of: name).isEmpty else { return }
        record.job.isDisabled = true
        store(record)
    }
}
