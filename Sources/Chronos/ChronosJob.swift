/// A job of Chronos: run by a schedule, or after its parents. The fields are those of Chronos 2.4.0 and 3.0.2 that this
/// project supports, plus `gpus` of INDIGO's build.
public struct ChronosJob: Sendable, Hashable {
    /// When it runs.
    public enum Trigger: Sendable, Hashable {
        /// By time.
        case schedule(RepeatingInterval, timeZone: String)
        /// After all of these jobs; never empty, no name twice.
        case parents([String])
    }

    /// Unique name.
    public var name: String
    /// Shell text, or the program where `isShell` is false.
    public var command: String
    /// True: `command` is given to `/bin/sh -c`. False: `command` and `arguments` are the argument vector.
    public var isShell = true
    /// How late a target may start; nil = the scheduler's `--task_epsilon`.
    public var epsilon: Period?
    /// Attempts after the first of each run, 0 or more.
    public var retries = 2
    /// Comma-separated mail addresses.
    public var owner = ""
    /// The owner's name.
    public var ownerName = ""
    /// Free text.
    public var description = ""
    /// What its runs have come to.
    public var statistics = Statistics()
    /// CPUs; 0 = the scheduler's default.
    public var cpus = 0.0
    /// Disk in MB; 0 = the scheduler's default.
    public var disk = 0.0
    /// Memory in MB; 0 = the scheduler's default.
    public var mem = 0.0
    /// GPUs, a whole number.
    public var gpus = 0.0
    /// True: it is not run, but on request.
    public var isDisabled = false
    /// True: its children run after its failure too.
    public var hasSoftError = false
    /// Files fetched into the sandbox.
    public var fetch: [Fetch] = []
    /// Files fetched into the sandbox and unpacked where they are archives (the older form).
    public var uris: [String] = []
    /// Environment of the task.
    public var environment: [EnvironmentVariable] = []
    /// Appended to a shell command, or the argument vector's rest.
    public var arguments: [String] = []
    /// True: its runs are launched before those of others.
    public var isHighPriority = false
    /// The user that it runs under; "" = the scheduler's `--user`.
    public var runAsUser = ""
    /// True: a target is run although an earlier one still runs.
    public var isConcurrent = false
    /// The container that it runs in.
    public var container: ChronosContainer?
    /// Which agents it may run on.
    public var constraints: [Constraint] = []
    /// When it runs.
    public var trigger: Trigger

    /// A job with defaults for all else.
    public init(name: String, command: String, trigger: Trigger) {
        self.name = name
        self.command = command
        self.trigger = trigger
    }

    /// The jobs that it waits for; empty for a scheduled one.
    public var parents: [String] {
        if case .parents(let parents) = trigger { parents } else { [] }
    }

    /// Counters and times that the scheduler keeps of a job.
    public struct Statistics: Sendable, Hashable {
        /// Runs that ended well.
        public var successCount = 0
        /// Runs that failed with all their retries.
        public var errorCount = 0
        /// Failed runs since the last that ended well.
        public var errorsSinceLastSuccess = 0
        /// When a run last ended well.
        public var lastSuccess: Timestamp?
        /// When a run last failed.
        public var lastError: Timestamp?
        /// Nothing has run yet.
        public init() {}
    }

    /// A file to fetch (Mesos' `CommandInfo.URI`).
    public struct Fetch: Sendable, Hashable {
        /// Where it is.
        public var uri: String
        /// Made executable (and not unpacked).
        public var isExecutable = false
        /// Kept in the agent's cache.
        public var isCached = false
        /// Unpacked where it is an archive.
        public var isExtracted = true
        /// Its name in the sandbox.
        public var outputFile: String?
        /// A file fetched under its own name, and unpacked where it is an archive.
        public init(uri: String) { self.uri = uri }
    }

    /// One variable.
    public struct EnvironmentVariable: Sendable, Hashable {
        /// Its name.
        public var name: String
        /// Its value.
        public var value: String
        /// Makes one.
        public init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    /// What an agent's attribute must be.
    public struct Constraint: Sendable, Hashable {
        /// How the value is compared.
        public enum Operator: String, Sendable, Hashable, CaseIterable {
            /// The attribute is the value.
            case equals = "EQUALS"
            /// The whole attribute matches the regular expression.
            case like = "LIKE"
            /// The attribute is absent or does not match.
            case unlike = "UNLIKE"
            /// What INDIGO's Orchestrator sends to pin a job to a host; a run is a single task, so it means `EQUALS`.
            case cluster = "CLUSTER"
        }
        /// The attribute's name; `hostname` is the agent's host name.
        public var attribute: String
        /// How the value is compared.
        public var comparison: Operator
        /// A value, or a regular expression.
        public var value: String
        /// Makes one.
        public init(attribute: String, comparison: Operator, value: String) {
            self.attribute = attribute
            self.comparison = comparison
            self.value = value
        }
    }
}
