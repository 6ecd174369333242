public import ClusterCore
public import JSON

/// How a task is found by others (v1 `DiscoveryInfo`).
public struct DiscoveryInfo: Sendable, Hashable {
    /// A named port (v1 `Port`).
    public struct Port: Sendable, Hashable {
        /// 1–65535.
        public var number: Int
        /// Its name.
        public var name: String?
        /// `tcp` or `udp`.
        public var transport: String?
        /// Its labels.
        public var labels: Labels
        /// Describes a port.
        public init(number: Int, name: String? = nil, transport: String? = nil, labels: Labels = Labels()) {
            self.number = number
            self.name = name
            self.transport = transport
            self.labels = labels
        }
    }

    /// `FRAMEWORK`, `CLUSTER` or `EXTERNAL`.
    public var visibility: String
    /// Its name.
    public var name: String?
    /// Its ports.
    public var ports: [Port]
    /// All further members, as they came.
    public var further: JSONObject = JSONObject()

    /// Describes how a task is found.
    public init(visibility: String = "FRAMEWORK", name: String?, ports: [Port] = []) {
        self.visibility = visibility
        self.name = name
        self.ports = ports
    }

    /// Reads the v1 JSON.
    /// - Throws: `ClusterError` `.invalid`.
    public init(json: JSON) throws(ClusterError) {
        let what = "DiscoveryInfo"
        let object = try json.requireObject(what)
        visibility = try json.text("visibility", of: what) ?? "FRAMEWORK"
        name = try json.text("name", of: what)
        ports = try (json.field("ports") ?? [:]).messages("ports", of: "Ports") { (item) throws(ClusterError) in
            guard let number = try item.whole("number", of: "Port") else {
                throw ClusterError(.invalid, "Port: missing required field 'number'")
            }
            return Port(
                number: number, name: try item.text("name", of: "Port"), transport: try item.text("protocol", of: "Port"),
                labels: try item.message("labels", Labels.init(json:)) ?? Labels())
        }
        further = object.without(["visibility", "name", "ports"])
    }

    /// The v1 JSON.
    public var json: JSON {
        let list: [JSON] = ports.map {
            .members([
                "number": .number($0.number), "name": $0.name.map(JSON.string), "protocol": $0.transport.map(JSON.string),
                "labels": $0.labels.isEmpty ? nil : $0.labels.json,
            ])
        }
        let known: JSON = .members([
            "visibility": .string(visibility), "name": name.map(JSON.string), "ports": ["ports": .array(list)],
        ])
        return .object((known.object ?? JSONObject()).adding(further))
    }
}
