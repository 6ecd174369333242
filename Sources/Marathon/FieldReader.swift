import JSON

/// What is wrong with one field of a document, as Marathon reports it under `details`.
public struct FieldProblem: Sendable, Hashable {
    /// Where: `/healthChecks(0)/portIndex`; `/` for the document as a whole.
    public let path: String
    /// What is wrong.
    public let message: String

    /// Names a problem.
    public init(_ path: String, _ message: String) {
        self.path = path
        self.message = message
    }
}

/// A document that was refused, with every problem found.
public struct InvalidDocument: Error, Sendable, Hashable, CustomStringConvertible {
    /// The problems, in the order of the document. Never empty.
    public let problems: [FieldProblem]
    /// Refuses for these reasons.
    public init(_ problems: [FieldProblem]) { self.problems = problems }
    /// One line.
    public var description: String { problems.map { "\($0.path): \($0.message)" }.joined(separator: "; ") }
}

/// Collects problems while a document is read, so that all of them are reported at once.
final class Problems {
    private(set) var found: [FieldProblem] = []
    func add(_ path: String, _ message: String) { found.append(FieldProblem(path, message)) }
}

/// Reads the members of one object. A member that is absent or null counts as not given; one of another type is a problem, and its
/// default is returned so that reading goes on. `refuseRest` then refuses what nobody asked for.
struct FieldReader {
    let object: JSONObject
    let path: String
    let problems: Problems
    /// The members that were asked for. A class, so that asking does not make a `mutating` of every look.
    private let asked = Names()
    private final class Names { var all: Set<String> = [] }

    init(_ object: JSONObject, at path: String, _ problems: Problems) {
        self.object = object
        self.path = path
        self.problems = problems
    }

    func value(_ key: String) -> JSON? {
        asked.all.insert(key)
        guard let value = object[key], !value.isNull else { return nil }
        return value
    }

    func has(_ key: String) -> Bool { value(key) != nil }
    func pathOf(_ key: String) -> String { path == "/" ? "/\(key)" : "\(path)/\(key)" }

    private func typed<T>(_ key: String, _ expected: String, _ convert: (JSON) -> T?) -> T? {
        guard let value = value(key) else { return nil }
        guard let converted = convert(value) else {
            problems.add(pathOf(key), "error.expected.\(expected)")
            return nil
        }
        return converted
    }

    func string(_ key: String, minimumLength: Int = 0) -> String? {
        guard let text = typed(key, "jsstring", \.string) else { return nil }
        guard text.utf8.count >= minimumLength else {
            problems.add(pathOf(key), "error.minLength")
            return nil
        }
        return text
    }

    func requiredString(_ key: String) -> String {
        guard has(key) else {
            problems.add(pathOf(key), "error.path.missing")
            return ""
        }
        return string(key, minimumLength: 1) ?? ""
    }

    func bool(_ key: String) -> Bool? { typed(key, "jsboolean", \.bool) }
    func integer(_ key: String, in range: ClosedRange<Int>) -> Int? {
        guard let number = typed(key, "jsnumber", \.int) else { return nil }
        guard range.contains(number) else {
            problems.add(pathOf(key), number < range.lowerBound ? "error.min" : "error.max")
            return nil
        }
        return number
    }

    func number(_ key: String, minimum: Double, maximum: Double = .greatestFiniteMagnitude) -> Double? {
        guard let number = typed(key, "jsnumber", \.double) else { return nil }
        guard number >= minimum, number <= maximum else {
            problems.add(pathOf(key), number < minimum ? "error.min" : "error.max")
            return nil
        }
        return number
    }

    func word<Word: RawRepresentable & CaseIterable>(_ key: String, _ type: Word.Type) -> Word? where Word.RawValue == String {
        guard let text = string(key) else { return nil }
        guard let word = Word(rawValue: text) else {
            let known = Word.allCases.map(\.rawValue).joined(separator: ", ")
            problems.add(pathOf(key), "error.unknown.enum.literal: '\(text)' is none of \(known)")
            return nil
        }
        return word
    }

    func strings(_ key: String) -> [String]? {
        guard let elements = typed(key, "jsarray", \.array) else { return nil }
        return elements.enumerated().compactMap { index, element in
            if let text = element.string { return text }
            problems.add("\(pathOf(key))(\(index))", "error.expected.jsstring")
            return nil
        }
    }

    func stringMap(_ key: String) -> [String: String]? {
        guard let members = typed(key, "jsobject", \.object) else { return nil }
        var map: [String: String] = [:]
        for (name, value) in members {
            if let text = value.string { map[name] = text } else { problems.add("\(pathOf(key))/\(name)", "error.expected.jsstring") }
        }
        return map
    }

    func reader(_ key: String) -> FieldReader? {
        typed(key, "jsobject", \.object).map { FieldReader($0, at: pathOf(key), problems) }
    }

    func readers(_ key: String) -> [FieldReader]? {
        guard let elements = typed(key, "jsarray", \.array) else { return nil }
        return elements.enumerated().compactMap { index, element in
            let path = "\(pathOf(key))(\(index))"
            if let object = element.object { return FieldReader(object, at: path, problems) }
            problems.add(path, "error.expected.jsobject")
            return nil
        }
    }

    /// Refuses members that this Marathon knows but does not support, rather than drop them.
    func refuse(_ keys: [String], _ why: String = "is not supported by this Marathon") {
        for key in keys {
            guard let value = value(key), value != .array([]), value != .object([:]), value != .bool(false) else { continue }
            problems.add(pathOf(key), "'\(key)' \(why)")
        }
    }

    /// Refuses every member that was not asked for, rather than drop what its author meant by it. Called last.
    /// - Parameter ignoring: members that Marathon itself writes and takes back without a meaning.
    func refuseRest(ignoring: Set<String> = []) {
        for (key, value) in object where !value.isNull && !asked.all.contains(key) && !ignoring.contains(key) {
            problems.add(
                pathOf(key),
                "'\(key)' is not a field that this Marathon knows here: correct its name, or leave it out (known are: "
                    + "\(asked.all.sorted().joined(separator: ", ")))")
        }
    }
}

extension JSON {
    /// A number as Marathon writes it: without a fraction where it has none.
    static func short(_ value: Double) -> JSON {
        if let whole = Int64(exactly: value) { .int(whole) } else { .double(value) }
    }
    static func map(_ map: [String: String]) -> JSON {
        .object(JSONObject(map.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) }))
    }
    static func strings(_ texts: [String]) -> JSON { .array(texts.map { .string($0) }) }
}
