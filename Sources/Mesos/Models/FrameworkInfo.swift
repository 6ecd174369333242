public import ClusterCore
public import JSON

/// A framework as it describes itself (v1 `FrameworkInfo`).
public struct FrameworkInfo: Sendable, Hashable {
    /// The user that tasks run as; "" lets the master's side decide (upstream: the user of the scheduler's process).
    public var user: String
    /// Its name: `marathon`.
    public var name: String
    /// Its id; nil at the first subscription.
    public var id: String?
    /// How long its tasks live on while it is away, seconds ≥ 0.
    public var failoverTimeout: Double
    /// True where agents shall keep its tasks over their own restart.
    public var checkpoint: Bool
    /// Its role where it has not the capability MULTI_ROLE.
    public var role: String?
    /// Its roles where it has.
    public var roles: [String]
    /// Its scheduler's host name.
    public var hostname: String?
    /// Who it authenticates as.
    public var principal: String?
    /// Its page.
    public var webuiURL: String?
    /// Names of its capabilities: `PARTITION_AWARE`, `TASK_KILLING_STATE`, `MULTI_ROLE` …
    public var capabilities: [String]
    /// Its labels.
    public var labels: Labels
    /// All further members, as they came.
    public var further: JSONObject = JSONObject()

    /// Describes a framework.
    public init(
        user: String, name: String, id: String? = nil, failoverTimeout: Double = 0, checkpoint: Bool = true, role: String? = nil,
        roles: [String] = [], hostname: String? = nil, principal: String? = nil, webuiURL: String? = nil,
        capabilities: [String] = [], labels: Labels = Labels()
    ) {
        self.user = user
        self.name = name
        self.id = id
        self.failoverTimeout = failoverTimeout
        self.checkpoint = checkpoint
        self.role = role
        self.roles = roles
        self.hostname = hostname
        self.principal = principal
        self.webuiURL = webuiURL
        self.capabilities = capabilities
        self.labels = labels
    }

    /// The roles that it gets offers for, whichever way it names them.
    public var effectiveRoles: [String] { capabilities.contains("MULTI_ROLE") ? roles : [role ?? "*"] }

    /// Reads the v1 JSON.
    /// - Throws: `ClusterError` `.invalid`.
    public init(json: JSON) throws(ClusterError) {
        let what = "FrameworkInfo"
        let object = try json.requireObject(what)
        user = try json.requireText("user", of: what)
        name = try json.requireText("name", of: what)
        id = try json.id("id", of: what)
        failoverTimeout = try json.number("failover_timeout", of: what) ?? 0
        checkpoint = try json.flag("checkpoint", of: what) ?? false
        role = try json.text("role", of: what)
        roles = try json.texts("roles", of: what)
        hostname = try json.text("hostname", of: what)
        principal = try json.text("principal", of: what)
        webuiURL = try json.text("webui_url", of: what)
        capabilities = try json.list("capabilities", of: what).compactMap { $0["type"]?.string }
        labels = try json.message("labels", Labels.init(json:)) ?? Labels()
        further = object.without([
            "user", "name", "id", "failover_timeout", "checkpoint", "role", "roles", "hostname", "principal", "webui_url",
            "capabilities", "labels",
        ])
    }

    /// The v1 JSON.
    public var json: JSON {
        let known: JSON = .members([
            "user": .string(user), "name": .string(name), "id": id.map(JSON.id), "failover_timeout": .double(failoverTimeout),
            "checkpoint": .bool(checkpoint), "role": role.map(JSON.string), "hostname": hostname.map(JSON.string),
            "principal": principal.map(JSON.string), "webui_url": webuiURL.map(JSON.string),
            "capabilities": .unlessEmpty(capabilities.map { ["type": .string($0)] }),
            "labels": labels.isEmpty ? nil : labels.json, "roles": .unlessEmpty(roles.map { .string($0) }),
        ])
        return .object((known.object ?? JSONObject()).adding(further))
    }
}
