import Chronos
import Mesos

extension SchedulerCore {
    /// True where a run waits for an offer.
    var wantsOffers: Bool { runs.values.contains { $0.phase == .queued && !isBlocked($0) } }

    /// Puts queued runs on offers, those of high priority and then the longest due first, and marks them as launched. The shell
    /// accepts the offers once that is stored, so that a new leader knows of every task that may exist.
    mutating func use(_ offers: [Offer], builder: TaskBuilder) -> OfferPlanner.Plan {
        var planner = OfferPlanner(offers: offers)
        let queued = runs.values.filter { $0.phase == .queued }.sorted { left, right in
            let leftPriority = jobs[left.key.job]?.job.isHighPriority ?? false
            let rightPriority = jobs[right.key.job]?.job.isHighPriority ?? false
            return leftPriority == rightPriority ? left.key < right.key : leftPriority
        }
        for var run in queued {
            guard let job = jobs[run.key.job]?.job, !isBlocked(run) else { continue }
            let agent = planner.place(builder.demand(of: job), constraints: job.constraints) { offer, resources in
                builder.task(run, of: job, on: offer, resources: resources)
            }
            guard let agent else { continue }
            run.phase = .launched(agent: agent)
            store(run)
        }
        return planner.plan
    }

    /// The master did not get an ACCEPT, for certain: the runs are queued again.
    mutating func takeBack(_ tasks: [TaskInfo]) {
        for task in tasks {
            guard let id = TaskID(task.taskID), var run = runs[id.key], run.attempt == id.attempt, case .launched = run.phase else {
                continue
            }
            run.phase = .queued
            store(run)
        }
    }

    /// True where another run of the same job has a task.
    private func isBlocked(_ run: Run) -> Bool {
        guard let job = jobs[run.key.job]?.job, !job.isConcurrent else { return false }
        return runs(of: run.key.job).contains(where: \.isLaunched)
    }
}
