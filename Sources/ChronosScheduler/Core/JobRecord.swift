import Chronos
import ClusterCore

/// All that is kept of a job.
struct JobRecord: Sendable {
    /// As it was posted, with its statistics; the schedule in it is the posted one.
    var job: ChronosJob
    /// The targets; nil for a dependent job.
    var schedule: JobSchedule?
    /// Parents that succeeded since this dependent job was last started.
    var succeededParents: Set<String> = []

    init(_ job: ChronosJob, now: Timestamp, zones: (String) throws(ClusterError) -> TimeZoneRules) throws(ClusterError) {
        self.job = job
        if case .schedule(let interval, let timeZone) = job.trigger {
            schedule = try JobSchedule(interval, timeZone: timeZone, now: now, zones: zones)
        }
    }

    init(job: ChronosJob, schedule: JobSchedule?, succeededParents: Set<String>) {
        self.job = job
        self.schedule = schedule
        self.succeededParents = succeededParents
    }

    /// The job to be shown: with the targets that are left.
    var shown: ChronosJob {
        var shown = job
        if let schedule, case .schedule(_, let timeZone) = job.trigger {
            shown.trigger = .schedule(schedule.interval, timeZone: timeZone)
        }
        return shown
    }

    /// How its last run ended.
    var outcome: Outcome {
        switch (job.statistics.lastSuccess, job.statistics.lastError) {
        case (nil, nil): .fresh
        case (_?, nil): .success
        case (nil, _?): .failure
        case (let success?, let error?): success >= error ? .success : .failure
        }
    }

    enum Outcome: String { case fresh, success, failure }

    /// The time of its next target, where it is to be run.
    var nextTarget: Timestamp? { job.isDisabled ? nil : schedule?.next }
}
