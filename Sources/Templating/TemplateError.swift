/// Why a template can't be parsed or rendered, and where.
public struct TemplateError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The template's name or file.
    public let template: String
    /// Line, from 1.
    public let line: Int
    /// Column in characters, from 1.
    public let column: Int
    /// What is wrong.
    public let reason: String

    /// Makes an error.
    public init(template: String, line: Int, column: Int, reason: String) {
        self.template = template
        self.line = line
        self.column = column
        self.reason = reason
    }

    /// `template:line:column: reason`
    public var description: String { "\(template):\(line):\(column): \(reason)" }
}
