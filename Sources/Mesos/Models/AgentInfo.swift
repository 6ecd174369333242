public import ClusterCore
public import JSON

/// An agent as it describes itself (v1 `AgentInfo`).
public struct AgentInfo: Sendable, Hashable {
    /// Its host name.
    public var hostname: String
    /// The port that it serves on, 1–65535.
    public var port: Int
    /// All its resources.
    public var resources: Resources
    /// Its attributes.
    public var attributes: [Attribute]
    /// Its id, once it has one.
    public var id: String?
    /// All further members, as they came.
    public var further: JSONObject = JSONObject()

    /// Describes an agent.
    public init(hostname: String, port: Int, resources: Resources, attributes: [Attribute] = [], id: String? = nil) {
        self.hostname = hostname
        self.port = port
        self.resources = resources
        self.attributes = attributes
        self.id = id
    }

    /// Reads the v1 JSON.
    /// - Throws: `ClusterError` `.invalid`.
    public init(json: JSON) throws(ClusterError) {
        let what = "AgentInfo"
        let object = try json.requireObject(what)
        hostname = try json.requireText("hostname", of: what)
        port = try json.whole("port", of: what) ?? 5051
        resources = try Resources(json: try json.list("resources", of: what))
        attributes = try json.messages("attributes", of: what, Attribute.init(json:))
        id = try json.id("id", of: what)
        further = object.without(["hostname", "port", "resources", "attributes", "id", "checkpoint"])
    }

    /// The v1 JSON.
    public var json: JSON {
        let known: JSON = .members([
            "hostname": .string(hostname), "port": .number(port), "resources": resources.json(withRole: false),
            "attributes": .unlessEmpty(attributes.map(\.json)), "id": id.map(JSON.id), "checkpoint": true,
        ])
        return .object((known.object ?? JSONObject()).adding(further))
    }
}
