public import ClusterCore
public import JSON

/// Resources of one agent, offered to one framework (v1 `Offer`).
public struct Offer: Sendable, Hashable {
    /// Its id.
    public var id: String
    /// The framework.
    public var frameworkID: String
    /// The agent.
    public var agentID: String
    /// The agent's host name.
    public var hostname: String
    /// Where the agent serves HTTP.
    public var agentAddress: HostPort?
    /// What is offered.
    public var resources: Resources
    /// The agent's attributes.
    public var attributes: [Attribute]
    /// The role that it is offered to.
    public var role: String?
    /// All further members (`executor_ids`, `unavailability`, `domain` …), as they came.
    public var further: JSONObject = JSONObject()

    /// Makes an offer.
    public init(
        id: String, frameworkID: String, agentID: String, hostname: String, agentAddress: HostPort? = nil, resources: Resources,
        attributes: [Attribute] = [], role: String? = nil
    ) {
        self.id = id
        self.frameworkID = frameworkID
        self.agentID = agentID
        self.hostname = hostname
        self.agentAddress = agentAddress
        self.resources = resources
        self.attributes = attributes
        self.role = role
    }

    /// Reads the v1 JSON.
    /// - Throws: `ClusterError` `.invalid`.
    public init(json: JSON) throws(ClusterError) {
        let what = "Offer"
        let object = try json.requireObject(what)
        id = try json.requireID("id", of: what)
        frameworkID = try json.requireID("framework_id", of: what)
        agentID = try json.requireID("agent_id", of: what)
        hostname = try json.requireText("hostname", of: what)
        if let address = json.field("url")?.field("address"), let port = address["port"]?.int {
            agentAddress = HostPort(host: address["ip"]?.string ?? address["hostname"]?.string ?? hostname, port: port)
        }
        resources = try Resources(json: try json.list("resources", of: what))
        attributes = try json.messages("attributes", of: what, Attribute.init(json:))
        role = try json.field("allocation_info")?.text("role", of: what)
        further = object.without([
            "id", "framework_id", "agent_id", "hostname", "url", "resources", "attributes", "allocation_info",
        ])
    }

    /// The v1 JSON.
    public var json: JSON {
        let url: JSON? = agentAddress.map {
            [
                "scheme": "http", "address": ["hostname": .string(hostname), "ip": .string($0.host), "port": .number($0.port)],
                "path": "/slave(1)",
            ]
        }
        let known: JSON = .members([
            "id": .id(id), "framework_id": .id(frameworkID), "agent_id": .id(agentID), "hostname": .string(hostname), "url": url,
            "resources": resources.json(), "attributes": .unlessEmpty(attributes.map(\.json)),
            "allocation_info": role.map { ["role": .string($0)] },
        ])
        return .object((known.object ?? JSONObject()).adding(further))
    }
}
