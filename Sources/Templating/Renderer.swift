import JSON

/// Writes nodes with a stack of contexts.
struct Renderer {
    let partials: [String: Template]
    let options: Template.Options
    var out = ""
    /// Partials parsed anew with their indentation.
    private var indented: [Key: Template] = [:]

    private struct Key: Hashable {
        let name: String
        let indentation: [UInt8]
    }

    init(partials: [String: Template], options: Template.Options) {
        self.partials = partials
        self.options = options
    }

    mutating func render(_ template: Template, stack: [JSON], depth: Int) throws(TemplateError) {
        var stack = stack
        try render(template.nodes, of: template, &stack, depth)
    }

    private mutating func render(_ nodes: [Node], of template: Template, _ stack: inout [JSON], _ depth: Int) throws(TemplateError) {
        for node in nodes {
            switch node {
            case .text(let text): out += text
            case .variable(let name, let isEscaped): try write(try value(name, stack, template), name, isEscaped, template)
            case .section(let name, let isInverted, let children):
                let value = try value(name, stack, template)
                if isInverted {
                    if Self.isFalse(value) { try render(children, of: template, &stack, depth) }
                } else if case .array(let elements) = value {
                    for element in elements { try render(children, of: template, pushing: element, &stack, depth) }
                } else if let value, !Self.isFalse(value) {
                    try render(children, of: template, pushing: value, &stack, depth)
                }
            case .partial(let name, let indentation, let place):
                try renderPartial(name, indentation, place, of: template, stack, depth)
            }
        }
    }

    private mutating func render(
        _ nodes: [Node], of template: Template, pushing value: JSON, _ stack: inout [JSON], _ depth: Int
    ) throws(TemplateError) {
        stack.append(value)
        defer { stack.removeLast() }
        try render(nodes, of: template, &stack, depth)
    }

    private mutating func renderPartial(
        _ name: String, _ indentation: [UInt8], _ place: Node.Place, of template: Template, _ stack: [JSON], _ depth: Int
    ) throws(TemplateError) {
        guard let partial = partials[name] else {
            if options.isStrict { throw error(template, place, "there is no partial '\(name)'") }
            return
        }
        guard depth < options.partialDepth else { throw error(template, place, "partials nested deeper than \(options.partialDepth)") }
        guard !indentation.isEmpty else { return try render(partial, stack: stack, depth: depth + 1) }
        let key = Key(name: name, indentation: indentation)
        let parsed: Template
        if let known = indented[key] {
            parsed = known
        } else {
            parsed = try Template(partial.text, name: partial.name, indentation: indentation)
            indented[key] = parsed
        }
        try render(parsed, stack: stack, depth: depth + 1)
    }

    /// The first part is looked for from the innermost context outwards, the others only inside of what was found.
    private func value(_ name: Node.Name, _ stack: [JSON], _ template: Template) throws(TemplateError) -> JSON? {
        guard let first = name.parts.first else { return stack.last }
        var index = stack.count - 1
        while index >= 0 {
            if var found = stack[index][first] {
                for part in name.parts.dropFirst() {
                    guard let inner = found[part] else { return try unknown(name, template) }
                    found = inner
                }
                return found
            }
            index -= 1
        }
        return try unknown(name, template)
    }

    private func unknown(_ name: Node.Name, _ template: Template) throws(TemplateError) -> JSON? {
        if options.isStrict { throw error(template, name.place, "the name '\(name.text)' is not known here") }
        return nil
    }

    private static func isFalse(_ value: JSON?) -> Bool {
        switch value {
        case nil, .null, .bool(false): true
        case .array(let elements): elements.isEmpty
        default: false
        }
    }

    private mutating func write(_ value: JSON?, _ name: Node.Name, _ isEscaped: Bool, _ template: Template) throws(TemplateError) {
        switch value {
        case nil, .null: break
        case .string(let text):
            if isEscaped && options.escapesHTML { escape(text) } else { out += text }
        case .int(let number): out += String(number)
        case .some(.array), .some(.object):
            throw error(template, name.place, "'\(name.text)' is \(value?.kind ?? "") and can't be written as a text")
        case .some(let scalar): out += scalar.text()
        }
    }

    private mutating func escape(_ text: String) {
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": out += "&amp;"
            case "\"": out += "&quot;"
            case "<": out += "&lt;"
            case ">": out += "&gt;"
            default: out.unicodeScalars.append(scalar)
            }
        }
    }

    private func error(_ template: Template, _ place: Node.Place, _ reason: String) -> TemplateError {
        TemplateError(template: template.name, line: place.line, column: place.column, reason: reason)
    }
}
