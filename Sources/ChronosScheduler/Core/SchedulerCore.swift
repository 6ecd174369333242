import Chronos
import ClusterCore

/// Decides what runs when: state, changed by commands, time and status updates. No I/O and no clock.
///
/// What a change means for the outside is collected in `pending` and carried out by the shell in this order: first the
/// changed jobs and runs are stored, then the rest (acknowledgements, launches, kills, replies).
struct SchedulerCore: Sendable {
    struct Configuration: Sendable {
        /// How late a target may start where its job does not say it (`--task_epsilon`).
        var epsilon = Duration.seconds(60)
        /// From a failed attempt to the next (`--failure_retry`).
        var failureRetry = Duration.seconds(60)
        /// How long a task whose agent does not answer is waited for, before the attempt counts as failed. Longer than the ten minutes in
        /// which agents may come back to a new master.
        var unreachableLimit = Duration.seconds(900)
        /// The most bytes that a job, and the arguments of a run, may have as they are stored: both go into one request to ZooKeeper, which
        /// takes 1 MB.
        var storedLimit = 400_000
        /// Failed runs in a row after which a job is disabled; 0 = never (`--disable_after_failures`).
        var disableAfterFailures = 0
        /// Finds a zone of the tz database.
        var zones: @Sendable (String) throws(ClusterError) -> TimeZoneRules = { name throws(ClusterError) in
            throw ClusterError(.invalid, "the time zone '\(name)' is not known")
        }
    }

    /// What has to be carried out.
    struct Pending: Sendable {
        /// Jobs to be stored as they are now, or to be removed from the store where they are no more.
        var jobs: Set<String> = []
        /// Runs to be stored, or removed.
        var runs: Set<Run.Key> = []
        /// Tasks to be killed, with their agents where known.
        var kills: [(task: String, agent: String?)] = []
        /// What an operator may want to know, one line each.
        var notes: [String] = []
    }

    /// Numbers for `/metrics`.
    struct Counters: Sendable {
        /// Targets skipped because they were later than epsilon.
        var late = 0
        /// Targets skipped because an earlier run of the job had not ended.
        var overlapping = 0
        /// Runs that ended well, by job.
        var successes: [String: Int] = [:]
        /// Runs that failed, by job.
        var failures: [String: Int] = [:]
        /// How long tasks ran, by job: the newest 1000, in seconds.
        var durations: [String: [Double]] = [:]
    }

    let configuration: Configuration
    private(set) var jobs: [String: JobRecord] = [:]
    private(set) var runs: [Run.Key: Run] = [:]
    private(set) var graph = DependencyGraph()
    private(set) var counters = Counters()
    private var runsByJob: [String: Set<Run.Key>] = [:]
    private(set) var pending = Pending()

    /// - Parameters: jobs and runs as they were stored.
    init(configuration: Configuration, jobs: [JobRecord] = [], runs: [Run] = []) {
        self.configuration = configuration
        for record in jobs {
            self.jobs[record.job.name] = record
            graph.set(record.job.name, parents: record.job.parents)
        }
        for run in runs {
            self.runs[run.key] = run
            runsByJob[run.key.job, default: []].insert(run.key)
        }
    }

    /// Hands over what has to be carried out.
    mutating func takePending() -> Pending { takeOut(&pending, leaving: Pending()) }

    // MARK: Looking

    /// When `advance` must be called next; nil = not before something else happens.
    var nextWake: Timestamp? {
        var wake: Timestamp?
        for record in jobs.values {
            if let target = record.nextTarget { wake = min(wake ?? target, target) }
        }
        for run in runs.values {
            if case .waiting(let until) = run.phase { wake = min(wake ?? until, until) }
            if let end = run.unreachableSince.map({ $0 + configuration.unreachableLimit }) { wake = min(wake ?? end, end) }
        }
        return wake
    }

    /// The runs of a job in the order of their due times.
    func runs(of name: String) -> [Run] { runsByJob[name, default: []].sorted().compactMap { runs[$0] } }

    /// A job's state in `jobs/summary`: `idle`, `queued`, or `2 running`.
    func state(of name: String) -> String {
        let runs = runs(of: name)
        let running = runs.count(where: \.isLaunched)
        return running > 0 ? "\(running) running" : runs.isEmpty ? "idle" : "queued"
    }

    func record(_ name: String) throws(ClusterError) -> JobRecord {
        guard let record = jobs[name] else { throw ClusterError(.notFound, "Job '\(name)' not found") }
        return record
    }

    /// How late a job's targets may start.
    func epsilon(of job: ChronosJob) -> Duration {
        job.epsilon.map { .milliseconds($0.nominalMilliseconds) } ?? configuration.epsilon
    }

    // MARK: Changing

    mutating func note(_ text: String) { pending.notes.append(text) }

    mutating func count(_ change: (inout Counters) -> Void) { change(&counters) }

    mutating func store(_ record: JobRecord) {
        jobs[record.job.name] = record
        graph.set(record.job.name, parents: record.job.parents)
        pending.jobs.insert(record.job.name)
    }

    mutating func removeJob(_ name: String) {
        jobs[name] = nil
        graph.remove(name)
        counters.successes[name] = nil
        counters.failures[name] = nil
        counters.durations[name] = nil
        pending.jobs.insert(name)
    }

    mutating func store(_ run: Run) {
        runs[run.key] = run
        runsByJob[run.key.job, default: []].insert(run.key)
        pending.runs.insert(run.key)
    }

    mutating func removeRun(_ key: Run.Key) {
        runs[key] = nil
        runsByJob[key.job]?.remove(key)
        if runsByJob[key.job]?.isEmpty ?? false { runsByJob[key.job] = nil }
        pending.runs.insert(key)
    }

    mutating func kill(_ run: Run) {
        pending.kills.append((run.taskID, run.agent))
    }

    mutating func killOrphan(_ task: String, agent: String?) { pending.kills.append((task, agent)) }

    /// - Throws: `ClusterError` `.invalid` where it is more than can be stored.
    func checkLength(_ bytes: Int, of what: String) throws(ClusterError) {
        guard bytes <= configuration.storedLimit else {
            throw ClusterError(
                .invalid,
                "\(what) has \(bytes) bytes as it is stored, and at most \(configuration.storedLimit) can be; move large values to files "
                    + "that the task fetches ('fetch')")
        }
    }

    /// Queues a run; where there is one of that due time already, it becomes due one millisecond later.
    mutating func enqueue(_ name: String, due: Timestamp, arguments: [String] = []) {
        var key = Run.Key(due: due, job: name)
        while runs[key] != nil { key = Run.Key(due: key.due + .milliseconds(1), job: name) }
        store(Run(key: key, arguments: (jobs[name]?.job.arguments ?? []) + arguments))
    }
}
