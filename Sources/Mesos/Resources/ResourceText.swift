public import ClusterCore
import JSON

extension Resources {
    /// Reads the text form of the agent's `--resources`: `cpus:2;mem:1024;ports:[31000-32000]`, with an optional role in parentheses
    /// behind a name (`cpus(prod):2`), or the JSON form, an array of v1 `Resource` (Mesos documentation, "Attributes and Resources").
    /// - Throws: `ClusterError` `.invalid`, naming the part that is wrong.
    public init(text: String) throws(ClusterError) {
        let text = text.trimmed
        if text.hasPrefix("[") {
            do {
                self = try Resources(json: try JSON(parsing: text).array ?? [])
            } catch {
                throw ClusterError(.invalid, "the resources are not a JSON array of Mesos resources", cause: error)
            }
            return
        }
        self.init()
        for part in text.split(separator: ";") where !part.allSatisfy(\.isWhitespace) {
            guard let colon = part.firstIndex(of: ":") else {
                throw ClusterError(.invalid, "'\(part)' is not a resource name:value")
            }
            var name = String(part[..<colon]).trimmed
            let value = String(part[part.index(after: colon)...]).trimmed
            var role = "*"
            if name.hasSuffix(")"), let open = name.firstIndex(of: "(") {
                role = String(name[name.index(after: open)...].dropLast()).trimmed
                name = String(name[..<open]).trimmed
            }
            guard !name.isEmpty, !role.isEmpty else { throw ClusterError(.invalid, "'\(part)' is not a resource name:value") }
            add(Resource(name, try Self.value(value, of: name), role: role))
        }
    }

    private static func value(_ text: String, of name: String) throws(ClusterError) -> Resource.Value {
        if text.hasPrefix("[") { return .ranges(try ValueRanges(text: text)) }
        if text.hasPrefix("{"), text.hasSuffix("}") {
            return .set(Set(text.dropFirst().dropLast().split(separator: ",").map { String($0).trimmed }))
        }
        guard let number = Double(text), number.isFinite, number >= 0 else {
            throw ClusterError(.invalid, "the value '\(text)' of resource '\(name)' is not a number ≥ 0, [a-b] or {a,b}")
        }
        return .scalar(Scalar(number))
    }

    /// The text that `init(text:)` reads.
    public var flagText: String {
        items.map { item in
            let name = item.role == "*" ? item.name : "\(item.name)(\(item.role))"
            switch item.value {
            case .scalar(let amount): return "\(name):\(amount)"
            case .ranges(let ranges): return "\(name):\(ranges)"
            case .set(let names): return "\(name):{\(names.sorted().joined(separator: ","))}"
            }
        }.joined(separator: ";")
    }
}

extension String {
    /// Without white space at both ends.
    var trimmed: String {
        String(String(drop(while: \.isWhitespace).reversed()).drop(while: \.isWhitespace).reversed())
    }
}
