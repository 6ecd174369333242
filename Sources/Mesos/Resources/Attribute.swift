public import ClusterCore
public import JSON

/// An attribute of an agent (v1 `Attribute`), which constraints compare with.
public struct Attribute: Sendable, Hashable {
    /// What it holds.
    public enum Value: Sendable, Hashable {
        /// A number.
        case scalar(Scalar)
        /// Text.
        case text(String)
        /// Ranges of whole numbers.
        case ranges(ValueRanges)
        /// A set of names.
        case set([String])
    }

    /// Its name; a name may occur several times.
    public var name: String
    /// Its value.
    public var value: Value

    /// Makes an attribute.
    public init(_ name: String, _ value: Value) {
        self.name = name
        self.value = value
    }

    /// The value as text, as constraints see it: `r1`, `2.5`, `[1-3]`.
    public var text: String {
        switch value {
        case .scalar(let number): number.description
        case .text(let text): text
        case .ranges(let ranges): ranges.description
        case .set(let names): "{\(names.joined(separator: ", "))}"
        }
    }

    /// Reads the text form of the agent's `--attributes`: `rack:r1;zone:z;level:2`. A value in brackets is a list of ranges, a
    /// number is a scalar, all else is text.
    /// - Throws: `ClusterError` `.invalid`, naming the part that is wrong.
    public static func list(text: String) throws(ClusterError) -> [Attribute] {
        var attributes: [Attribute] = []
        for part in text.split(separator: ";") where !part.allSatisfy(\.isWhitespace) {
            guard let colon = part.firstIndex(of: ":") else {
                throw ClusterError(.invalid, "'\(part)' is not an attribute name:value")
            }
            let name = String(part[..<colon]).trimmed
            let value = String(part[part.index(after: colon)...]).trimmed
            guard !name.isEmpty, !value.isEmpty else { throw ClusterError(.invalid, "'\(part)' is not an attribute name:value") }
            if value.hasPrefix("[") {
                attributes.append(Attribute(name, .ranges(try ValueRanges(text: value))))
            } else if let number = Double(value), number.isFinite {
                attributes.append(Attribute(name, .scalar(Scalar(number))))
            } else {
                attributes.append(Attribute(name, .text(value)))
            }
        }
        return attributes
    }

    /// Reads a v1 `Attribute`.
    public init(json: JSON) throws(ClusterError) {
        name = try json.requireText("name", of: "Attribute")
        switch try json.requireText("type", of: "Attribute") {
        case "SCALAR":
            value = .scalar(Scalar(try json.require("scalar", of: "Attribute").number("value", of: "Attribute") ?? 0))
        case "TEXT": value = .text(try json.require("text", of: "Attribute").requireText("value", of: "Attribute"))
        case "RANGES": value = .ranges(try ValueRanges(json: try json.require("ranges", of: "Attribute")))
        case "SET": value = .set(try json.require("set", of: "Attribute").texts("item", of: "Attribute"))
        case let type: throw ClusterError(.invalid, "Attribute '\(name)': unknown type '\(type)'")
        }
    }

    /// The v1 JSON.
    public var json: JSON {
        switch value {
        case .scalar(let number): ["name": .string(name), "type": "SCALAR", "scalar": ["value": .double(number.double)]]
        case .text(let text): ["name": .string(name), "type": "TEXT", "text": ["value": .string(text)]]
        case .ranges(let ranges): ["name": .string(name), "type": "RANGES", "ranges": ranges.json]
        case .set(let names):
            ["name": .string(name), "type": "SET", "set": ["item": .array(names.map { .string($0) })]]
        }
    }
}
