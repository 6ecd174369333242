import Chronos
import ClusterCore
import Mesos

extension SchedulerCore {
    /// Takes note of what became of a task.
    mutating func apply(_ status: TaskStatus, now: Timestamp) {
        guard let id = TaskID(status.taskID) else { return }
        guard var run = runs[id.key], adopt(&run, attempt: id.attempt, state: status.state) else {
            // A task that no run has: of a deleted job, or an attempt that was given up after its agent was away for too long.
            switch status.state {
            case .staging, .starting, .running: killOrphan(status.taskID, agent: status.agentID)
            default: break
            }
            return
        }
        let agent = status.agentID ?? run.agent ?? ""
        switch status.state {
        case .staging:
            guard run.unreachableSince != nil else { return }
            returned(&run, status)
            store(run)
        case .starting, .running, .killing:
            guard !isRunning(run) || run.unreachableSince != nil else { return }
            returned(&run, status)
            if isRunning(run) { return store(run) }
            run.phase = .running(agent: agent, since: now)
            store(run)
        case .finished:
            remember(run, now: now)
            end(run) { core in core.succeed(run.key.job, now: now) }
        case .unreachable where !run.isKilled:
            // It may run on behind a partition: another attempt now could make two of it.
            guard run.isLaunched, run.unreachableSince == nil else { return }
            run.unreachableSince = now
            store(run)
            note(
                "job '\(run.key.job)': the agent of \(status.taskID) does not answer; it is waited for, at most "
                    + configuration.unreachableLimit.mesosText)
        case .failed, .error, .unreachable, .gone, .goneByOperator: retryOrFail(run, status, now: now)
        case .killed:
            remember(run, now: now)
            retryOrFail(run, status, now: now)
        case .dropped, .lost, .unknown:
            // Only a task that no agent has confirmed can be launched again under its own id.
            guard case .launched = run.phase, run.unreachableSince == nil, status.state != .lost || wasNeverLaunched(status) else {
                retryOrFail(run, status, now: now)
                return
            }
            if run.isKilled {
                retryOrFail(run, status, now: now)
            } else {
                run.phase = .queued
                store(run)
                note("job '\(run.key.job)': the launch of \(status.taskID) did not arrive (\(status.describedReason)); it is queued again")
            }
        }
    }

    /// Runs with a task whose fate has to be asked for, after a new leader has connected.
    var unsettled: [(task: String, agent: String?)] {
        runs.values.filter(\.isLaunched).sorted { $0.key < $1.key }.map { ($0.taskID, $0.agent) }
    }

    /// True while Mesos may have a task.
    var hasUnsettled: Bool { runs.values.contains(where: \.isLaunched) }

    private func isRunning(_ run: Run) -> Bool {
        if case .running = run.phase { true } else { false }
    }

    private mutating func returned(_ run: inout Run, _ status: TaskStatus) {
        guard run.unreachableSince != nil else { return }
        run.unreachableSince = nil
        note("job '\(run.key.job)': the agent of \(status.taskID) is back")
    }

    /// Upstream answers LOST where it would say DROPPED or UNKNOWN to a framework that knows partitions.
    private func wasNeverLaunched(_ status: TaskStatus) -> Bool {
        switch status.reason {
        case "REASON_INVALID_OFFERS", "REASON_MASTER_DISCONNECTED", "REASON_RECONCILIATION", "REASON_SLAVE_DISCONNECTED": true
        default: false
        }
    }

    /// True where the status is about the run's present attempt. An attempt that was given up because its agent was lost comes back
    /// to life with its agent, as long as the next one has not been launched.
    private mutating func adopt(_ run: inout Run, attempt: Int, state: TaskState) -> Bool {
        if run.attempt == attempt { return run.isLaunched || state == .finished || state == .running || state == .starting }
        guard run.attempt == attempt + 1, !run.isLaunched else { return false }
        switch state {
        case .running, .starting, .finished: break
        default: return false
        }
        run.attempt = attempt
        note("job '\(run.key.job)': attempt \(attempt + 1) is back with its agent")
        return true
    }

    private mutating func retryOrFail(_ run: Run, _ status: TaskStatus, now: Timestamp) {
        giveUp(run, status.describedReason, now: now)
    }

    /// An attempt has failed: there is another, or the run has failed.
    mutating func giveUp(_ run: Run, _ reason: String, now: Timestamp) {
        let name = run.key.job
        let retries = jobs[name]?.job.retries ?? 0
        let what = "job '\(name)': attempt \(run.attempt + 1) of the run of \(run.key.due) ended as \(reason)"
        guard run.attempt < retries, !run.isKilled else {
            note("\(what); \(run.isKilled ? "it was killed on request" : "no retry is left")")
            end(run) { core in core.fail(name, now: now) }
            return
        }
        note("\(what); retried in \(configuration.failureRetry.mesosText)")
        var next = run
        next.attempt += 1
        next.unreachableSince = nil
        next.phase = .waiting(until: now + configuration.failureRetry)
        store(next)
    }

    private mutating func end(_ run: Run, _ count: (inout SchedulerCore) -> Void) {
        removeRun(run.key)
        count(&self)
    }

    private mutating func remember(_ run: Run, now: Timestamp) {
        guard case .running(_, let since) = run.phase else { return }
        let seconds = Double(now.milliseconds - since.milliseconds) / 1000
        count { counters in
            counters.durations[run.key.job, default: []].append(seconds)
            if counters.durations[run.key.job, default: []].count > 1000 { counters.durations[run.key.job]?.removeFirst() }
        }
    }
}

extension TaskStatus {
    /// `TASK_FAILED: Command exited with status 3`
    fileprivate var describedReason: String { state.rawValue + (message.map { ": \($0)" } ?? reason.map { ": \($0)" } ?? "") }
}
