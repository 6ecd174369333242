extension JSON {
    /// The JSON text in one line, or indented by two spaces a level.
    /// A double without a fraction is written with one (`2.0`), so that it is read again as a double.
    public func text(pretty: Bool = false) -> String {
        var out = ""
        write(to: &out, indent: pretty ? 0 : nil)
        return out
    }

    /// The UTF-8 bytes of `text`.
    public func bytes(pretty: Bool = false) -> [UInt8] { Array(text(pretty: pretty).utf8) }

    private func write(to out: inout String, indent: Int?) {
        switch self {
        case .null: out += "null"
        case .bool(let value): out += value ? "true" : "false"
        case .int(let value): out += String(value)
        case .double(let value): out += Self.text(of: value)
        case .string(let value): Self.write(value, to: &out)
        case .array(let elements):
            Self.writeList(elements.count, "[", "]", to: &out, indent: indent) { out, index, inner in
                elements[index].write(to: &out, indent: inner)
            }
        case .object(let object):
            let keys = object.keys
            Self.writeList(keys.count, "{", "}", to: &out, indent: indent) { out, index, inner in
                Self.write(keys[index], to: &out)
                out += inner == nil ? ":" : ": "
                (object[keys[index]] ?? .null).write(to: &out, indent: inner)
            }
        }
    }

    private static func writeList(
        _ count: Int, _ open: String, _ close: String, to out: inout String, indent: Int?,
        element: (inout String, Int, Int?) -> Void
    ) {
        out += open
        let inner = indent.map { $0 + 1 }
        for index in 0..<count {
            if index > 0 { out += "," }
            if let inner { out += "\n" + String(repeating: "  ", count: inner) }
            element(&out, index, inner)
        }
        if let indent, count > 0 { out += "\n" + String(repeating: "  ", count: indent) }
        out += close
    }

    private static func text(of value: Double) -> String {
        guard value.isFinite else { return "null" }
        if value == value.rounded(), abs(value) < 1e15 { return "\(Int64(value)).0" }
        return value.description
    }

    private static func write(_ text: String, to out: inout String) {
        out += "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": out += "\\\""
            case "\\": out += "\\\\"
            case "\n": out += "\\n"
            case "\r": out += "\\r"
            case "\t": out += "\\t"
            case let control where control.value < 0x20:
                let hexadecimal = String(control.value, radix: 16)
                out += "\\u" + String(repeating: "0", count: 4 - hexadecimal.count) + hexadecimal
            default: out.unicodeScalars.append(scalar)
            }
        }
        out += "\""
    }
}
