public import ClusterCore
public import JSON

/// What became of a task (v1 `TaskStatus`).
public struct TaskStatus: Sendable, Hashable {
    /// The task.
    public var taskID: String
    /// Its state.
    public var state: TaskState
    /// More words.
    public var message: String?
    /// `SOURCE_MASTER`, `SOURCE_AGENT` or `SOURCE_EXECUTOR`.
    public var source: String?
    /// Why: `REASON_RECONCILIATION`, `REASON_TASK_INVALID` …
    public var reason: String?
    /// The agent.
    public var agentID: String?
    /// The executor; the task's id for a command task.
    public var executorID: String?
    /// Seconds since 1970.
    public var timestamp: Double?
    /// 16 bytes in base64. An update that has one must be acknowledged.
    public var uuid: String?
    /// What the health check says.
    public var healthy: Bool?
    /// Labels of the status.
    public var labels: Labels
    /// v1 `ContainerStatus`: network_infos, container_id, executor_pid.
    public var containerStatus: JSON?
    /// Since when it is unreachable, seconds since 1970.
    public var unreachableTime: Double?
    /// Bytes in base64.
    public var data: String?
    /// All further members (`check_status`, `limitation` …), as they came.
    public var further: JSONObject = JSONObject()

    /// Describes a status.
    public init(
        taskID: String, state: TaskState, message: String? = nil, source: String? = nil, reason: String? = nil, agentID: String? = nil,
        executorID: String? = nil, timestamp: Double? = nil, uuid: String? = nil, healthy: Bool? = nil, labels: Labels = Labels(),
        containerStatus: JSON? = nil, unreachableTime: Double? = nil, data: String? = nil
    ) {
        self.taskID = taskID
        self.state = state
        self.message = message
        self.source = source
        self.reason = reason
        self.agentID = agentID
        self.executorID = executorID
        self.timestamp = timestamp
        self.uuid = uuid
        self.healthy = healthy
        self.labels = labels
        self.containerStatus = containerStatus
        self.unreachableTime = unreachableTime
        self.data = data
    }

    /// The addresses of the task's container, where the status names any.
    public var ipAddresses: [String] {
        (containerStatus?["network_infos"]?.array ?? []).flatMap { $0["ip_addresses"]?.array ?? [] }.compactMap {
            $0["ip_address"]?.string
        }
    }

    /// Reads the v1 JSON.
    /// - Throws: `ClusterError` `.invalid`; also for a state that is not known.
    public init(json: JSON) throws(ClusterError) {
        let what = "TaskStatus"
        let object = try json.requireObject(what)
        taskID = try json.requireID("task_id", of: what)
        let name = try json.requireText("state", of: what)
        guard let state = TaskState(rawValue: name) else { throw ClusterError(.invalid, "TaskStatus: unknown state '\(name)'") }
        self.state = state
        message = try json.text("message", of: what)
        source = try json.text("source", of: what)
        reason = try json.text("reason", of: what)
        agentID = try json.id("agent_id", of: what)
        executorID = try json.id("executor_id", of: what)
        timestamp = try json.number("timestamp", of: what)
        uuid = try json.text("uuid", of: what)
        healthy = try json.flag("healthy", of: what)
        labels = try json.message("labels", Labels.init(json:)) ?? Labels()
        containerStatus = json.field("container_status")
        unreachableTime = try json.field("unreachable_time")?.whole("nanoseconds", of: what).map { Double($0) / 1e9 }
        data = try json.text("data", of: what)
        further = object.without([
            "task_id", "state", "message", "source", "reason", "agent_id", "executor_id", "timestamp", "uuid", "healthy", "labels",
            "container_status", "unreachable_time", "data",
        ])
    }

    /// The v1 JSON, its members in the order in which upstream writes them.
    public var json: JSON {
        let known: JSON = .members([
            "task_id": .id(taskID), "state": .string(state.rawValue), "data": data.map(JSON.string), "message": message.map(JSON.string),
            "source": source.map(JSON.string), "reason": reason.map(JSON.string), "agent_id": agentID.map(JSON.id),
            "executor_id": executorID.map(JSON.id), "timestamp": timestamp.map(JSON.double), "uuid": uuid.map(JSON.string),
            "healthy": healthy.map(JSON.bool), "labels": labels.isEmpty ? nil : labels.json, "container_status": containerStatus,
            "unreachable_time": unreachableTime.map { ["nanoseconds": .int(Int64($0 * 1e9))] },
        ])
        return .object((known.object ?? JSONObject()).adding(further))
    }
}
