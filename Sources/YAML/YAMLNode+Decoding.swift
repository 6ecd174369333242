public import JSON

extension YAMLNode {
    /// An error at this node's place.
    public func error(_ reason: String) -> YAMLError { YAMLError(source: source, mark: mark, reason: reason) }

    private func wrongType(_ expected: String) -> YAMLError { error("expected \(expected), found \(kind)") }

    /// The text of a scalar that is text; a number or boolean is refused, so that `version: 1.10` is noticed.
    public func string() throws(YAMLError) -> String {
        guard case .scalar(let scalar) = content, case .string(let value) = scalar.value else { throw wrongType("text") }
        return value
    }

    /// The text of any scalar but null, as written: `1.10` stays `1.10`.
    public func scalarText() throws(YAMLError) -> String {
        guard case .scalar(let scalar) = content, scalar.value != .null else { throw wrongType("a single value") }
        return scalar.text
    }

    /// A whole number within a range.
    public func int(in range: ClosedRange<Int> = Int.min...Int.max) throws(YAMLError) -> Int {
        guard case .scalar(let scalar) = content, case .int(let value) = scalar.value, let whole = Int(exactly: value) else {
            throw wrongType("a whole number")
        }
        guard range.contains(whole) else { throw error("expected a number from \(range.lowerBound) to \(range.upperBound)") }
        return whole
    }

    /// A finite number.
    public func double() throws(YAMLError) -> Double {
        guard case .scalar(let scalar) = content else { throw wrongType("a number") }
        switch scalar.value {
        case .int(let value): return Double(value)
        case .double(let value) where value.isFinite: return value
        default: throw wrongType("a finite number")
        }
    }

    /// `true` or `false`.
    public func bool() throws(YAMLError) -> Bool {
        guard case .scalar(let scalar) = content, case .bool(let value) = scalar.value else { throw wrongType("true or false") }
        return value
    }

    /// The elements of a sequence.
    public func sequence() throws(YAMLError) -> [YAMLNode] {
        guard case .sequence(let elements) = content else { throw wrongType("a sequence") }
        return elements
    }

    /// The pairs of a mapping. Where `known` is given, any other key is refused.
    public func mapping(known: Set<String>? = nil) throws(YAMLError) -> [YAMLPair] {
        guard case .mapping(let pairs) = content else { throw wrongType("a mapping") }
        if let known, let stranger = pairs.first(where: { !known.contains($0.key) }) {
            throw YAMLError(
                source: source, mark: stranger.mark,
                reason: "unknown key '\(stranger.key)'; known are \(known.sorted().joined(separator: ", "))")
        }
        return pairs
    }

    /// The value of a key that must be there.
    public func required(_ key: String) throws(YAMLError) -> YAMLNode {
        guard case .mapping = content else { throw wrongType("a mapping") }
        guard let value = self[key] else { throw error("the key '\(key)' is missing") }
        return value
    }

    /// True for null: `key:` without a value, `~` or `null`.
    public var isNull: Bool { if case .scalar(let scalar) = content { scalar.value == .null } else { false } }

    /// The same as JSON.
    /// - Throws: `YAMLError` where a number is infinite or no number, which JSON has no form for.
    public func json() throws(YAMLError) -> JSON {
        switch content {
        case .scalar(let scalar):
            switch scalar.value {
            case .null: return .null
            case .bool(let value): return .bool(value)
            case .int(let value): return .int(value)
            case .double(let value):
                guard value.isFinite else { throw error("JSON has no number '\(scalar.text)'") }
                return .double(value)
            case .string(let value): return .string(value)
            }
        case .sequence(let elements):
            var array: [JSON] = []
            for element in elements { array.append(try element.json()) }
            return .array(array)
        case .mapping(let pairs):
            var object = JSONObject()
            for pair in pairs { object[pair.key] = try pair.value.json() }
            return .object(object)
        }
    }
}
