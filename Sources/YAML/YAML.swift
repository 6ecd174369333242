/// Reads YAML with libyaml.
public enum YAML {
    /// What a text may cost: beyond it a document is refused, so that a few hundred bytes of aliases can't fill the memory.
    public struct Limits: Sendable {
        /// Longest text in bytes.
        public var bytes = 4 << 20
        /// Deepest nesting, aliases included.
        public var depth = 64
        /// Most nodes once every alias is replaced by what it stands for.
        public var nodes = 200_000

        /// The defaults: 4 MiB, 64 levels, 200,000 nodes.
        public init() {}
    }

    /// Reads a text that holds one document, or none.
    /// - Parameters:
    ///   - text: the text.
    ///   - source: its name in errors, such as the file's path.
    /// - Returns: the root; nil where there is nothing but comments.
    /// - Throws: `YAMLError` with the place: not YAML, a key given twice, an alias without an anchor, a second document,
    ///   a tag that is not of the core schema, beyond the limits.
    public static func parse(_ text: String, source: String, limits: Limits = Limits()) throws(YAMLError) -> YAMLNode? {
        try parse(bytes: Array(text.utf8), source: source, limits: limits)
    }

    /// Reads UTF-8 bytes that hold one document, or none.
    public static func parse(bytes: [UInt8], source: String, limits: Limits = Limits()) throws(YAMLError) -> YAMLNode? {
        guard bytes.count <= limits.bytes else {
            throw YAMLError(source: source, mark: YAMLMark(line: 1, column: 1), reason: "longer than \(limits.bytes) bytes")
        }
        let events = EventReader(bytes: bytes, source: source)
        var builder = TreeBuilder(events: events, source: source, limits: limits)
        return try builder.document()
    }
}
