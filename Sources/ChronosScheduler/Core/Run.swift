import Chronos

/// One run of a job: of a target, after its parents, or on request. A failed attempt and its retries are the same run.
struct Run: Sendable, Hashable {
    /// What makes it unique: a target runs at most once.
    struct Key: Sendable, Hashable, Comparable {
        let due: Timestamp
        let job: String

        static func < (left: Key, right: Key) -> Bool { (left.due, left.job) < (right.due, right.job) }
    }

    /// Where it stands.
    enum Phase: Sendable, Hashable {
        /// Waits for resources.
        case queued
        /// A failed attempt waits for the next.
        case waiting(until: Timestamp)
        /// Is about to be launched on that agent, or was: whether the master took it is not known yet.
        case launched(agent: String)
        /// The agent has it.
        case running(agent: String, since: Timestamp)
    }

    let key: Key
    /// 0 for the first attempt.
    var attempt = 0
    /// The job's when it was queued, and behind them those given with a request.
    let arguments: [String]
    var phase = Phase.queued
    /// Since when its agent does not answer; nil while it does. The task may run on, so nothing else of the run is started.
    var unreachableSince: Timestamp?
    /// True: it was asked to end, so it isn't retried.
    var isKilled = false
    /// True: its job was posted again while it had a task. It ends as it began, and keeps no target of the new job from its run.
    var isOfReplacedJob = false

    init(key: Key, arguments: [String] = []) {
        self.key = key
        self.arguments = arguments
    }

    /// True while Mesos may have a task of it.
    var isLaunched: Bool {
        switch phase {
        case .launched, .running: true
        case .queued, .waiting: false
        }
    }

    /// The id of its present task.
    var taskID: String { TaskID.text(key: key, attempt: attempt, arguments: arguments) }

    /// The agent that its task is on.
    var agent: String? {
        switch phase {
        case .launched(let agent), .running(let agent, _): agent
        case .queued, .waiting: nil
        }
    }
}

/// The id of a run's task: `ct:<due milliseconds>:<attempt>:<job>:<arguments>` (Chronos' `TaskUtils`).
struct TaskID: Sendable, Hashable {
    let key: Run.Key
    let attempt: Int

    /// Mesos takes no slash, backslash or control character in an id and at most 255 bytes; the arguments are for the reader only.
    static func text(key: Run.Key, attempt: Int, arguments: [String]) -> String {
        var text = "ct:\(key.due.milliseconds):\(attempt):\(key.job):"
        for character in arguments.joined(separator: " ").unicodeScalars {
            let isAllowed = character.value >= 0x20 && character.value < 0x7F && character != "/" && character != "\\"
            guard text.utf8.count < 255 else { break }
            text.unicodeScalars.append(isAllowed ? character : "_")
        }
        return text
    }

    /// Reads an id; nil where it is none of ours.
    init?(_ text: String) {
        let parts = text.split(separator: ":", maxSplits: 4, omittingEmptySubsequences: false)
        guard parts.count == 5, parts[0] == "ct", let due = Int64(parts[1]), let attempt = Int(parts[2]), !parts[3].isEmpty else {
            return nil
        }
        key = Run.Key(due: Timestamp(milliseconds: due), job: String(parts[3]))
        self.attempt = attempt
    }
}
