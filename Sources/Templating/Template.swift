public import ClusterCore
public import JSON

/// A parsed template of the Mustache language: variables, sections, inverted sections, comments, partials, changed delimiters,
/// dotted names and the implicit iterator. Lambdas, inheritance and dynamic names are refused by name.
public struct Template: Sendable {
    /// The name used in errors.
    public let name: String
    /// The text that was parsed.
    public let text: String
    let nodes: [Node]

    /// Parses a template.
    /// - Throws: `TemplateError` with the place: a tag or section without an end, a wrong section end, malformed delimiters.
    public init(_ text: String, name: String) throws(TemplateError) {
        try self.init(text, name: name, indentation: [])
    }

    init(_ text: String, name: String, indentation: [UInt8]) throws(TemplateError) {
        self.name = name
        self.text = text
        var parser = Parser(text: text, name: name, indentation: indentation)
        nodes = try parser.parse()
    }

    /// The template embedded in the program, or the file that replaces it.
    /// - Parameters:
    ///   - embedded: the text where no file is named.
    ///   - name: the embedded template's name.
    ///   - path: the file, at most 1 MiB.
    /// - Throws: `ClusterError` `.settings`: the file can't be read, or one of them does not parse.
    public init(embedded: String, name: String, overriddenBy path: String?) throws(ClusterError) {
        let text = if let path { try Files.text(path, limit: 1 << 20) } else { embedded }
        do throws(TemplateError) {
            try self.init(text, name: path ?? name)
        } catch {
            throw ClusterError(.settings, "\(error); correct the template", cause: nil)
        }
    }

    /// How a template is rendered.
    public struct Options: Sendable {
        /// True where `{{name}}` is escaped for HTML, as the Mustache specification has it.
        public var escapesHTML: Bool
        /// True where an unknown name or partial is an error instead of an empty text.
        public var isStrict: Bool
        /// Deepest nesting of partials; partials may include themselves.
        public var partialDepth = 64

        /// Sets both.
        public init(escapesHTML: Bool = true, isStrict: Bool = false) {
            self.escapesHTML = escapesHTML
            self.isStrict = isStrict
        }

        /// As the Mustache specification has it.
        public static let specification = Options()
        /// For configuration files: nothing is escaped, every name must be known.
        public static let configuration = Options(escapesHTML: false, isStrict: true)
    }

    /// Renders the template.
    /// - Parameters:
    ///   - context: the names and their values.
    ///   - partials: templates that this one, and they, may include.
    /// - Throws: `TemplateError` with the place: an unknown name (strict only), a list or an object where a text is needed.
    public func render(_ context: JSON, partials: [String: Template] = [:], options: Options = .configuration) throws(TemplateError)
        -> String
    {
        var renderer = Renderer(partials: partials, options: options)
        try renderer.render(self, stack: [context], depth: 0)
        return renderer.out
    }
}

/// A piece of a parsed template.
enum Node: Sendable {
    /// Where a tag begins, from 1.
    struct Place: Sendable {
        let line: Int
        let column: Int
    }
    /// A name: the parts between its dots; none for the implicit iterator.
    struct Name: Sendable {
        let parts: [String]
        let place: Place
        var text: String { parts.isEmpty ? "." : parts.joined(separator: ".") }
    }

    case text(String)
    case variable(Name, isEscaped: Bool)
    indirect case section(Name, isInverted: Bool, [Node])
    case partial(String, indentation: [UInt8], Place)
}
