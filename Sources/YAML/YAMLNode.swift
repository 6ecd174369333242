/// A node of a YAML document: aliases are replaced by what they stand for, merge keys are merged, and every node knows its place.
public struct YAMLNode: Sendable, Hashable {
    /// What a node holds.
    public indirect enum Content: Sendable, Hashable {
        /// A scalar.
        case scalar(YAMLScalar)
        /// A list.
        case sequence([YAMLNode])
        /// Pairs in their order; no two have the same key.
        case mapping([YAMLPair])
    }

    /// What it holds.
    public let content: Content
    /// Where it begins; for the content of an alias the place of its anchor.
    public let mark: YAMLMark
    /// The text's name, for error texts.
    public let source: String

    /// Makes a node.
    public init(_ content: Content, mark: YAMLMark, source: String) {
        self.content = content
        self.mark = mark
        self.source = source
    }

    /// The value of a mapping's key; nil where this is no mapping or has no such key.
    public subscript(key: String) -> YAMLNode? {
        if case .mapping(let pairs) = content { pairs.first { $0.key == key }?.value } else { nil }
    }

    /// What it is, for error texts: `a mapping`, `a sequence`, `null`, `true or false`, `a number`, `text`.
    public var kind: String {
        switch content {
        case .mapping: "a mapping"
        case .sequence: "a sequence"
        case .scalar(let scalar): scalar.value.kind
        }
    }
}

/// A key with its value.
public struct YAMLPair: Sendable, Hashable {
    /// The key's text.
    public let key: String
    /// Where the key stands.
    public let mark: YAMLMark
    /// The value.
    public let value: YAMLNode

    /// Makes a pair.
    public init(key: String, mark: YAMLMark, value: YAMLNode) {
        self.key = key
        self.mark = mark
        self.value = value
    }
}

/// A scalar: its text as written, and the value that the core schema gives it.
public struct YAMLScalar: Sendable, Hashable {
    /// The text, unquoted and unescaped: `1.10` stays `1.10`.
    public let text: String
    /// The value by tag or, for a plain scalar, by the YAML 1.2 core schema: `no` is text.
    public let value: Value

    /// A value of the core schema.
    public enum Value: Sendable, Hashable {
        /// `null`, `~` or nothing.
        case null
        /// `true` or `false`.
        case bool(Bool)
        /// A whole number of 64 bits, decimal, octal (`0o17`) or hexadecimal (`0x1F`).
        case int(Int64)
        /// Any other number, `.inf` and `.nan` included.
        case double(Double)
        /// Text.
        case string(String)

        var kind: String {
            switch self {
            case .null: "null"
            case .bool: "true or false"
            case .int, .double: "a number"
            case .string: "text"
            }
        }
    }

    /// Makes a scalar.
    public init(text: String, value: Value) {
        self.text = text
        self.value = value
    }
}
