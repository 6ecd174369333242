import Chronos
import ClusterCore
import HTTPClient
import JSON

extension StoreChange {
    static let jobs = "jobs"
    static let runs = "runs"

    static func job(_ name: String, _ record: JobRecord?) -> StoreChange {
        StoreChange(path: "\(jobs)/\(PercentEncoding.component(name))", content: record?.stored.bytes())
    }

    static func run(_ key: Run.Key, _ run: Run?) -> StoreChange {
        StoreChange(path: "\(runs)/\(key.due.milliseconds).\(PercentEncoding.component(key.job))", content: run?.stored.bytes())
    }
}

extension SchedulerCore {
    /// What has to be stored of what is pending: each job in one group with its runs, so that a target is taken and its run queued
    /// at once.
    func changes(of pending: Pending) -> [[StoreChange]] {
        let runs = Dictionary(grouping: pending.runs, by: \.job)
        return pending.jobs.union(runs.keys).sorted().map { name in
            let job: [StoreChange] = pending.jobs.contains(name) ? [.job(name, jobs[name])] : []
            return job + (runs[name] ?? []).sorted().map { .run($0, self.runs[$0]) }
        }
    }
}

extension JobRecord {
    /// The node's content.
    var stored: JSON {
        .members([
            "format": 1, "job": job.json(),
            "schedule": schedule.map { schedule in
                .members([
                    "first": .string(ZonedDateTime(local: schedule.first, offsetSeconds: nil).description),
                    "zone": .string(schedule.zoneName), "period": .string(schedule.period.description),
                    "repetitions": schedule.repetitions.map(JSON.number), "taken": .number(schedule.taken),
                ])
            },
            "succeededParents": .array(succeededParents.sorted().map(JSON.string)),
        ])
    }

    init(stored json: JSON, zones: (String) throws(ClusterError) -> TimeZoneRules) throws(ClusterError) {
        guard json["format"]?.int == 1, let members = json["job"] else {
            throw ClusterError(.invalid, "a stored job has an unknown format; was it written by a newer version?")
        }
        var schedule: JobSchedule?
        if let stored = json["schedule"] {
            guard let first = stored["first"]?.string.flatMap({ ZonedDateTime($0) }), let zone = stored["zone"]?.string,
                let period = stored["period"]?.string.flatMap({ Period($0) }), let taken = stored["taken"]?.int
            else { throw ClusterError(.invalid, "the stored schedule of job '\(members["name"]?.string ?? "")' can't be read") }
            schedule = JobSchedule(
                first: first.local, zoneName: zone, zone: try JobSchedule.rules(zone, zones: zones), period: period,
                repetitions: stored["repetitions"]?.int, taken: taken)
        }
        self.init(
            job: try ChronosJob(json: members), schedule: schedule,
            succeededParents: Set((json["succeededParents"]?.array ?? []).compactMap(\.string)))
    }
}

extension Run {
    /// The node's content.
    var stored: JSON {
        let (state, agent, at): (String, String?, Timestamp?) =
            switch phase {
            case .queued: ("queued", nil, nil)
            case .waiting(let until): ("waiting", nil, until)
            case .launched(let agent): ("launched", agent, nil)
            case .running(let agent, let since): ("running", agent, since)
            }
        return .members([
            "format": 1, "job": .string(key.job), "due": .int(key.due.milliseconds), "attempt": .number(attempt), "task": .string(taskID),
            "state": .string(state), "agent": agent.map(JSON.string), "at": at.map { .int($0.milliseconds) },
            "arguments": arguments.isEmpty ? nil : .array(arguments.map(JSON.string)), "killed": isKilled ? true : nil,
            "replaced": isOfReplacedJob ? true : nil, "unreachable": unreachableSince.map { .int($0.milliseconds) },
        ])
    }

    init(stored json: JSON) throws(ClusterError) {
        func time(_ key: String) -> Timestamp? { json[key]?.int.map { Timestamp(milliseconds: Int64($0)) } }
        guard json["format"]?.int == 1, let job = json["job"]?.string, let due = time("due"), let attempt = json["attempt"]?.int else {
            throw ClusterError(.invalid, "a stored run has an unknown format; was it written by a newer version?")
        }
        let at = time("at") ?? due
        let agent = json["agent"]?.string ?? ""
        self.init(key: Key(due: due, job: job), arguments: (json["arguments"]?.array ?? []).compactMap(\.string))
        self.attempt = attempt
        switch json["state"]?.string {
        case "queued": phase = .queued
        case "waiting": phase = .waiting(until: at)
        case "launched": phase = .launched(agent: agent)
        case "running": phase = .running(agent: agent, since: at)
        default: throw ClusterError(.invalid, "the stored run \(taskID) has an unknown state")
        }
        unreachableSince = time("unreachable")
        isKilled = json["killed"]?.bool ?? false
        isOfReplacedJob = json["replaced"]?.bool ?? false
    }
}
