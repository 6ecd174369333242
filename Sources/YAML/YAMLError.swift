/// A place in a YAML text.
public struct YAMLMark: Sendable, Hashable, CustomStringConvertible {
    /// Line, from 1.
    public let line: Int
    /// Column in characters, from 1.
    public let column: Int

    /// Names a place.
    public init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }

    /// `line:column`
    public var description: String { "\(line):\(column)" }
}

/// Why a text is not the YAML that was expected, and where.
public struct YAMLError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The text's name: a path, mostly.
    public let source: String
    /// The place.
    public let mark: YAMLMark
    /// What is wrong, without the value that was found where that could be a secret.
    public let reason: String

    /// Makes an error.
    public init(source: String, mark: YAMLMark, reason: String) {
        self.source = source
        self.mark = mark
        self.reason = reason
    }

    /// `source:line:column: reason`
    public var description: String { "\(source):\(mark): \(reason)" }
}
