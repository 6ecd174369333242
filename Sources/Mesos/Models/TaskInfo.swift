public import ClusterCore
public import JSON

/// A task to launch (v1 `TaskInfo`). It keeps its JSON as it came, so that passing it on loses nothing.
public struct TaskInfo: Sendable, Hashable {
    /// Its name.
    public let name: String
    /// Its id, unique among the framework's tasks.
    public let taskID: String
    /// The agent it is for.
    public let agentID: String
    /// What it takes.
    public let resources: Resources
    /// What it runs; nil where it has an executor of its own, or where the image says it.
    public let command: CommandInfo?
    /// Its container.
    public let container: ContainerInfo?
    /// Its health check.
    public let healthCheck: HealthCheck?
    /// How it is killed.
    public let killPolicy: KillPolicy?
    /// Its labels.
    public let labels: Labels
    /// How others find it.
    public let discovery: DiscoveryInfo?
    /// The v1 JSON.
    public let json: JSON

    /// Describes a command task.
    public init(
        name: String, taskID: String, agentID: String, resources: Resources, command: CommandInfo?, container: ContainerInfo? = nil,
        healthCheck: HealthCheck? = nil, killPolicy: KillPolicy? = nil, labels: Labels = Labels(), discovery: DiscoveryInfo? = nil
    ) {
        self.name = name
        self.taskID = taskID
        self.agentID = agentID
        self.resources = resources
        self.command = command
        self.container = container
        self.healthCheck = healthCheck
        self.killPolicy = killPolicy
        self.labels = labels
        self.discovery = discovery
        json = .members([
            "name": .string(name), "task_id": .id(taskID), "agent_id": .id(agentID), "resources": resources.json(),
            "command": command?.json, "container": container?.json, "health_check": healthCheck?.json,
            "kill_policy": killPolicy?.json, "labels": labels.isEmpty ? nil : labels.json, "discovery": discovery?.json,
        ])
    }

    /// Reads the v1 JSON.
    /// - Throws: `ClusterError` `.invalid`.
    public init(json: JSON) throws(ClusterError) {
        let what = "TaskInfo"
        self.json = .object(try json.requireObject(what))
        name = try json.requireText("name", of: what)
        taskID = try json.requireID("task_id", of: what)
        agentID = try json.requireID("agent_id", of: what)
        resources = try Resources(json: try json.list("resources", of: what))
        command = try json.message("command", CommandInfo.init(json:))
        container = try json.message("container", ContainerInfo.init(json:))
        healthCheck = try json.message("health_check", HealthCheck.init(json:))
        killPolicy = try json.message("kill_policy", KillPolicy.init(json:))
        labels = try json.message("labels", Labels.init(json:)) ?? Labels()
        discovery = try json.message("discovery", DiscoveryInfo.init(json:))
    }
}

/// How a task is killed (v1 `KillPolicy`).
public struct KillPolicy: Sendable, Hashable {
    /// Between TERM and KILL; nil: the executor's default.
    public var gracePeriod: Duration?

    /// Makes a policy.
    public init(gracePeriod: Duration?) { self.gracePeriod = gracePeriod }

    /// Reads `{"grace_period":{"nanoseconds":…}}`.
    public init(json: JSON) throws(ClusterError) {
        gracePeriod = try json.field("grace_period")?.whole("nanoseconds", of: "KillPolicy").map { .nanoseconds(Int64($0)) }
    }

    /// `{"grace_period":{"nanoseconds":…}}`
    public var json: JSON {
        guard let gracePeriod else { return [:] }
        let (seconds, attoseconds) = gracePeriod.components
        return ["grace_period": ["nanoseconds": .int(seconds * 1_000_000_000 + attoseconds / 1_000_000_000)]]
    }
}
