public import ClusterCore
public import JSON

/// Labels of a task, framework or port (v1 `Labels`); keys may repeat.
public struct Labels: Sendable, Hashable {
    /// One label.
    public struct Label: Sendable, Hashable {
        /// The key.
        public var key: String
        /// The value; nil where there is none.
        public var value: String?
        /// Makes a label.
        public init(_ key: String, _ value: String?) {
            self.key = key
            self.value = value
        }
    }

    /// The labels in their order.
    public var items: [Label]

    /// Makes labels.
    public init(_ items: [Label] = []) { self.items = items }

    /// Makes labels of pairs.
    public init(_ pairs: some Sequence<(key: String, value: String)>) { items = pairs.map { Label($0.key, $0.value) } }

    /// True where there are none.
    public var isEmpty: Bool { items.isEmpty }

    /// The value of the first label of that key.
    public subscript(key: String) -> String? { items.first { $0.key == key }?.value }

    /// Values by key; of a repeated key the last.
    public var dictionary: [String: String] {
        Dictionary(items.map { ($0.key, $0.value ?? "") }, uniquingKeysWith: { _, last in last })
    }

    /// Reads `{"labels":[{"key":…,"value":…}]}`.
    public init(json: JSON) throws(ClusterError) {
        items = try json.messages("labels", of: "Labels") { (label) throws(ClusterError) in
            Label(try label.requireText("key", of: "Label"), try label.text("value", of: "Label"))
        }
    }

    /// `{"labels":[{"key":…,"value":…}]}`
    public var json: JSON { ["labels": listJSON] }

    /// `[{"key":…,"value":…}]`, the form of the state endpoints.
    public var listJSON: JSON {
        .array(items.map { .members(["key": .string($0.key), "value": $0.value.map(JSON.string)]) })
    }
}
