import ClusterCore
import JSON

/// Reading of Mesos' v1 JSON (protobuf messages written as JSON): every error names the message and the field.
extension JSON {
    /// The member of that name; `null` counts as absent, as in protobuf's JSON form.
    func field(_ key: String) -> JSON? {
        guard let value = self[key], !value.isNull else { return nil }
        return value
    }

    func requireObject(_ what: String) throws(ClusterError) -> JSONObject {
        guard let object else { throw ClusterError(.invalid, "\(what) must be an object, not a \(kind)") }
        return object
    }

    func require(_ key: String, of what: String) throws(ClusterError) -> JSON {
        guard let value = field(key) else { throw ClusterError(.invalid, "\(what): missing required field '\(key)'") }
        return value
    }

    func text(_ key: String, of what: String) throws(ClusterError) -> String? {
        guard let value = field(key) else { return nil }
        guard let text = value.string else { throw ClusterError(.invalid, "\(what): '\(key)' must be a string, not a \(value.kind)") }
        return text
    }

    func requireText(_ key: String, of what: String) throws(ClusterError) -> String {
        guard let text = try text(key, of: what) else { throw ClusterError(.invalid, "\(what): missing required field '\(key)'") }
        return text
    }

    func number(_ key: String, of what: String) throws(ClusterError) -> Double? {
        guard let value = field(key) else { return nil }
        guard let number = value.double else { throw ClusterError(.invalid, "\(what): '\(key)' must be a number, not a \(value.kind)") }
        return number
    }

    func whole(_ key: String, of what: String) throws(ClusterError) -> Int? {
        guard let value = field(key) else { return nil }
        guard let number = value.int else { throw ClusterError(.invalid, "\(what): '\(key)' must be a whole number") }
        return number
    }

    func flag(_ key: String, of what: String) throws(ClusterError) -> Bool? {
        guard let value = field(key) else { return nil }
        guard let flag = value.bool else { throw ClusterError(.invalid, "\(what): '\(key)' must be true or false") }
        return flag
    }

    func list(_ key: String, of what: String) throws(ClusterError) -> [JSON] {
        guard let value = field(key) else { return [] }
        guard let list = value.array else { throw ClusterError(.invalid, "\(what): '\(key)' must be an array, not a \(value.kind)") }
        return list
    }

    func texts(_ key: String, of what: String) throws(ClusterError) -> [String] {
        var texts: [String] = []
        for element in try list(key, of: what) {
            guard let text = element.string else { throw ClusterError(.invalid, "\(what): '\(key)' must hold strings only") }
            texts.append(text)
        }
        return texts
    }

    /// The text of an id message: `{"value":"…"}`.
    func id(_ key: String, of what: String) throws(ClusterError) -> String? {
        guard let value = field(key) else { return nil }
        guard let text = value["value"]?.string else { throw ClusterError(.invalid, "\(what): '\(key)' must be {\"value\": \"…\"}") }
        return text
    }

    func requireID(_ key: String, of what: String) throws(ClusterError) -> String {
        guard let id = try id(key, of: what) else { throw ClusterError(.invalid, "\(what): missing required field '\(key)'") }
        return id
    }

    /// The elements of a list, each read.
    func messages<Message>(
        _ key: String, of what: String, _ read: (JSON) throws(ClusterError) -> Message
    ) throws(ClusterError) -> [Message] {
        var messages: [Message] = []
        for element in try list(key, of: what) { messages.append(try read(element)) }
        return messages
    }

    /// A nested message.
    func message<Message>(_ key: String, _ read: (JSON) throws(ClusterError) -> Message) throws(ClusterError) -> Message? {
        guard let value = field(key) else { return nil }
        return try read(value)
    }

    /// An id message: `{"value":"…"}`.
    static func id(_ text: String) -> JSON { ["value": .string(text)] }

    /// An array, or nil where it is empty: protobuf's JSON form leaves empty repeated fields out.
    static func unlessEmpty(_ elements: [JSON]) -> JSON? { elements.isEmpty ? nil : .array(elements) }
}

extension JSONObject {
    /// The members whose names are not among those.
    func without(_ known: Set<String>) -> JSONObject {
        JSONObject(lazy.filter { !known.contains($0.key) }.map { ($0.key, $0.value) })
    }

    /// This object followed by the members of another.
    func adding(_ other: JSONObject) -> JSONObject {
        var sum = self
        for (key, value) in other { sum[key] = value }
        return sum
    }
}
