import Chronos
import ClusterCore
import JSON

extension SchedulerCore {
    /// Adds a job or replaces the one of its name. Queued runs of the old one are dropped, running ones go on and count for the new.
    /// - Throws: `ClusterError` `.invalid`: an unknown time zone or parent, a cycle.
    mutating func put(_ job: ChronosJob, now: Timestamp) throws(ClusterError) {
        try graph.check(job.name, parents: job.parents)
        var record = try JobRecord(job, now: now, zones: configuration.zones)
        try checkLength(record.stored.bytes().count, of: "job '\(job.name)'")
        for var run in runs(of: job.name) {
            if run.isLaunched {
                run.isOfReplacedJob = true
                store(run)
            } else {
                removeRun(run.key)
            }
        }
        // A parent that has had its last run already would be waited for in vain.
        record.succeededParents = Set(job.parents.filter(isFinishedForGood))
        store(record)
        note(
            "job '\(job.name)' is stored: \(job.parents.isEmpty ? record.shown.scheduleText : "after \(job.parents.joined(separator: ", "))")"
        )
        startWhereReady(job.name, now: now)
        advance(to: now)
        disableWhereSpent(job.name)
    }

    /// Removes a job and kills its tasks. Its children become its parents' children, or take over its schedule.
    mutating func delete(_ name: String) throws(ClusterError) {
        let deleted = try record(name)
        for child in graph.children(of: name) {
            let parents = Set(graph.parents(of: child) + deleted.job.parents)
            try checkLength(parents.reduce(0) { $0 + $1.utf8.count }, of: "what job '\(child)' would then wait for")
        }
        for run in runs(of: name) {
            if run.isLaunched { kill(run) }
            removeRun(run.key)
        }
        for child in graph.children(of: name) {
            guard var record = jobs[child] else { continue }
            var parents = record.job.parents.filter { $0 != name }
            for parent in deleted.job.parents where !parents.contains(parent) { parents.append(parent) }
            record.succeededParents.formIntersection(parents)
            if parents.isEmpty {
                record.job.trigger = deleted.shown.trigger
                record.schedule = deleted.schedule
            } else {
                record.job.trigger = .parents(parents)
            }
            store(record)
            disableWhereSpent(child)
            note("job '\(child)' \(parents.isEmpty ? "takes over the schedule" : "becomes a child of the parents") of deleted '\(name)'")
        }
        removeJob(name)
        note("job '\(name)' is deleted")
    }

    /// Runs a job now, disabled or not. While it runs the new run waits, unless the job is concurrent.
    mutating func runNow(_ name: String, arguments: [String], now: Timestamp) throws(ClusterError) {
        let own = try record(name).job.arguments
        try checkLength((own + arguments).reduce(0) { $0 + $1.utf8.count }, of: "what job '\(name)' is to be run with")
        enqueue(name, due: now, arguments: arguments)
        note("job '\(name)' is run on request")
    }

    /// Counts a success that someone else has seen.
    mutating func markSuccess(_ name: String, now: Timestamp) throws(ClusterError) {
        _ = try record(name)
        succeed(name, now: now)
    }

    /// Kills all tasks of a job; a run that waits for its retry is given up.
    mutating func killTasks(of name: String, now: Timestamp) throws(ClusterError) {
        _ = try record(name)
        for var run in runs(of: name) {
            if case .waiting = run.phase {
                removeRun(run.key)
                fail(name, now: now)
            } else if run.isLaunched {
                run.isKilled = true
                store(run)
                kill(run)
                // Nobody can say that it ended; it is killed when its agent is back.
                if run.unreachableSince != nil { giveUp(run, "unreachable", now: now) }
            }
        }
    }

    /// Drops all runs that have no task (2.4.0's `DELETE task/all`).
    mutating func dropQueued() {
        for run in runs.values where !run.isLaunched { removeRun(run.key) }
    }
}

extension ChronosJob {
    /// The schedule as text; "" for a dependent job.
    var scheduleText: String {
        if case .schedule(let interval, _) = trigger { interval.description } else { "" }
    }
}
