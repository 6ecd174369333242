public import ClusterCore
public import JSON

/// One resource of an agent, offer or task (v1 `Resource`).
public struct Resource: Sendable, Hashable {
    /// An amount.
    public enum Value: Sendable, Hashable {
        /// `cpus`, `mem` (MB), `disk` (MB), `gpus`.
        case scalar(Scalar)
        /// `ports`.
        case ranges(ValueRanges)
        /// A set of names.
        case set(Set<String>)
    }

    /// `cpus`, `mem`, `disk`, `gpus`, `ports`, or the operator's own name.
    public var name: String
    /// How much of it.
    public var value: Value
    /// The role that it is statically reserved for; `*` where it is unreserved.
    public var role: String
    /// The role that it is allocated to in an offer; nil in an agent's totals.
    public var allocationRole: String?
    /// All further members (`reservations`, `disk`, `revocable`, `provider_id` …), kept as they came. A resource that has any is never
    /// mixed with one that has not.
    public var further: JSONObject

    /// Makes a resource.
    public init(_ name: String, _ value: Value, role: String = "*", allocationRole: String? = nil, further: JSONObject = JSONObject()) {
        self.name = name
        self.value = value
        self.role = role
        self.allocationRole = allocationRole
        self.further = further
    }

    /// Makes a scalar resource.
    public static func scalar(_ name: String, _ amount: Double, role: String = "*") -> Resource {
        Resource(name, .scalar(Scalar(amount)), role: role)
    }

    /// Makes `ports`.
    public static func ports(_ ranges: ValueRanges, role: String = "*") -> Resource { Resource("ports", .ranges(ranges), role: role) }

    /// True where it is neither reserved nor special: any framework of any role may use it.
    public var isPlain: Bool { role == "*" && further.isEmpty }

    /// True where nothing is left of it.
    public var isEmpty: Bool {
        switch value {
        case .scalar(let amount): amount <= .zero
        case .ranges(let ranges): ranges.isEmpty
        case .set(let names): names.isEmpty
        }
    }

    /// True where the amounts of both can be added.
    func isSameKind(as other: Resource) -> Bool {
        guard name == other.name, role == other.role, allocationRole == other.allocationRole, further == other.further else { return false }
        switch (value, other.value) {
        case (.scalar, .scalar), (.ranges, .ranges), (.set, .set): return true
        default: return false
        }
    }

    /// Reads a v1 `Resource`.
    /// - Throws: `ClusterError` `.invalid`.
    public init(json: JSON) throws(ClusterError) {
        let object = try json.requireObject("Resource")
        name = try json.requireText("name", of: "Resource")
        let type = try json.requireText("type", of: "Resource")
        switch type {
        case "SCALAR":
            let amount = try json.require("scalar", of: "Resource '\(name)'").number("value", of: "Resource '\(name)'")
            guard let amount, amount >= 0 else { throw ClusterError(.invalid, "Invalid scalar resource: value < 0") }
            value = .scalar(Scalar(amount))
        case "RANGES": value = .ranges(try ValueRanges(json: try json.require("ranges", of: "Resource '\(name)'")))
        case "SET":
            value = .set(Set(try json.require("set", of: "Resource '\(name)'").texts("item", of: "Resource '\(name)'")))
        default: throw ClusterError(.invalid, "Resource '\(name)': unsupported resource type '\(type)'")
        }
        role = try json.text("role", of: "Resource '\(name)'") ?? "*"
        allocationRole = try json.field("allocation_info")?.text("role", of: "Resource '\(name)'")
        further = object.without(["name", "type", "scalar", "ranges", "set", "role", "allocation_info"])
    }

    /// The v1 JSON.
    /// - Parameter withRole: false leaves `role` out where it is `*`, as the newer "reservation refinement" form does.
    public func json(withRole: Bool = true) -> JSON {
        var object: JSONObject = ["name": .string(name)]
        switch value {
        case .scalar(let amount):
            object["type"] = "SCALAR"
            object["scalar"] = ["value": .double(amount.double)]
        case .ranges(let ranges):
            object["type"] = "RANGES"
            object["ranges"] = ranges.json
        case .set(let names):
            object["type"] = "SET"
            object["set"] = ["item": .array(names.sorted().map { .string($0) })]
        }
        if withRole || role != "*" { object["role"] = .string(role) }
        if let allocationRole { object["allocation_info"] = ["role": .string(allocationRole)] }
        return .object(object.adding(further))
    }

    /// `cpus(allocated: *):1.9`, as Mesos prints it in messages.
    public var text: String {
        var text = name
        if let allocationRole { text += "(allocated: \(allocationRole))" }
        if role != "*" { text += "(reservations: [(STATIC,\(role))])" }
        switch value {
        case .scalar(let amount): return "\(text):\(amount)"
        case .ranges(let ranges): return "\(text):\(ranges)"
        case .set(let names): return "\(text):{\(names.sorted().joined(separator: ", "))}"
        }
    }
}
