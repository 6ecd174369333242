import JSON

/// A task status as the executor knows it; the slave adds agent and executor (mesos.proto `TaskStatus`).
struct StatusDraft: Sendable, Hashable {
    /// `TASK_RUNNING` …
    var state: String
    /// `REASON_…`
    var reason: String?
    /// In words.
    var message: String?
    /// Of its health check.
    var healthy: Bool?

    /// Drafts a status.
    init(state: String, reason: String? = nil, message: String? = nil, healthy: Bool? = nil) {
        self.state = state
        self.reason = reason
        self.message = message
        self.healthy = healthy
    }

    /// True where no other status can follow.
    var isTerminal: Bool { TaskEvent.terminalStates.contains(state) }
}

/// A status that has happened: one line of a task's `events` file, which is the truth of what became of it. The executor appends, the
/// slave reads; the slave counts in `acknowledged` how many of them a framework has taken.
struct TaskEvent: Sendable, Hashable {
    /// States that end a task.
    static let terminalStates: Set<String> = [
        "TASK_FINISHED", "TASK_FAILED", "TASK_KILLED", "TASK_ERROR", "TASK_LOST", "TASK_DROPPED", "TASK_GONE",
    ]

    /// 1, 2, 3 … within its task.
    let sequence: Int
    /// Identifies the status until it is acknowledged: base64 of 16 random bytes.
    let uuid: String
    /// Seconds since 1970.
    let timestamp: Double
    /// The task's process, once there is one.
    let pid: Int32?
    /// What happened.
    let status: StatusDraft

    /// As one line of JSON.
    var json: JSON {
        .members([
            "seq": .number(sequence), "uuid": .string(uuid), "timestamp": .double(timestamp), "pid": pid.map { .number(Int($0)) },
            "state": .string(status.state), "reason": status.reason.map { .string($0) }, "message": status.message.map { .string($0) },
            "healthy": status.healthy.map { .bool($0) },
        ])
    }

    /// Describes an event.
    init(sequence: Int, uuid: String, timestamp: Double, pid: Int32?, status: StatusDraft) {
        self.sequence = sequence
        self.uuid = uuid
        self.timestamp = timestamp
        self.pid = pid
        self.status = status
    }

    /// Reads what `json` wrote; nil for anything else, such as a line cut off by a crash.
    init?(json: JSON) {
        guard let sequence = json["seq"]?.int, let uuid = json["uuid"]?.string, let timestamp = json["timestamp"]?.double,
            let state = json["state"]?.string
        else { return nil }
        self.init(
            sequence: sequence, uuid: uuid, timestamp: timestamp, pid: (json["pid"]?.int).flatMap { Int32(exactly: $0) },
            status: StatusDraft(
                state: state, reason: json["reason"]?.string, message: json["message"]?.string, healthy: json["healthy"]?.bool))
    }
}
