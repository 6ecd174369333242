import ClusterCore
import JSON

/// Takes the members of a JSON object one by one, and refuses what nobody took.
struct JobFields {
    private var members: JSONObject
    private let path: String

    init(_ members: JSONObject, path: String = "") {
        self.members = members
        self.path = path
    }

    mutating func take(_ key: String) -> JSON? {
        defer { members[key] = nil }
        guard let value = members[key], !value.isNull else { return nil }
        return value
    }

    func unsupported(_ key: String) -> ClusterError {
        ClusterError(.invalid, "the field '\(path)\(key)' is not supported by this Chronos; leave it out")
    }

    func refuseRest() throws(ClusterError) {
        guard let key = members.keys.first else { return }
        throw unsupported(key)
    }

    private func wrong(_ key: String, _ value: JSON, _ expected: String) -> ClusterError {
        let found =
            switch value {
            case .string, .int, .double, .bool: "\(value.kind) \(value.text())"
            default: value.kind
            }
        return ClusterError(.invalid, "the field '\(path)\(key)' must be \(expected), not \(found)")
    }

    mutating func string(_ key: String) throws(ClusterError) -> String? {
        guard let value = take(key) else { return nil }
        guard let string = value.string else { throw wrong(key, value, "a string") }
        guard !string.utf8.contains(0) else { throw ClusterError(.invalid, "the field '\(path)\(key)' contains a zero byte") }
        return string
    }

    mutating func required(_ key: String) throws(ClusterError) -> String {
        guard let value = try string(key), !value.isEmpty else { throw ClusterError(.invalid, "the field '\(path)\(key)' is missing") }
        return value
    }

    mutating func bool(_ key: String) throws(ClusterError) -> Bool? {
        guard let value = take(key) else { return nil }
        guard let bool = value.bool else { throw wrong(key, value, "true or false") }
        return bool
    }

    mutating func count(_ key: String) throws(ClusterError) -> Int? {
        guard let value = take(key) else { return nil }
        guard let number = value.int, (0...1_000_000_000).contains(number) else { throw wrong(key, value, "a whole number, 0 or more") }
        return number
    }

    mutating func amount(_ key: String) throws(ClusterError) -> Double? {
        guard let value = take(key) else { return nil }
        guard let number = value.double, number >= 0, number <= 1e12 else { throw wrong(key, value, "a number, 0 or more") }
        return number
    }

    mutating func time(_ key: String) throws(ClusterError) -> Timestamp? {
        guard let text = try string(key), !text.isEmpty else { return nil }
        guard let time = Timestamp(text) else {
            throw ClusterError(.invalid, "the field '\(path)\(key)' must be a time such as 2030-01-31T02:30:00.000Z, not '\(text)'")
        }
        return time
    }

    mutating func array(_ key: String) throws(ClusterError) -> [JSON]? {
        guard let value = take(key) else { return nil }
        guard let array = value.array else { throw wrong(key, value, "an array") }
        return array
    }

    mutating func strings(_ key: String) throws(ClusterError) -> [String]? {
        guard let elements = try array(key) else { return nil }
        var strings: [String] = []
        for element in elements {
            guard let string = element.string, !string.utf8.contains(0) else { throw wrong(key, element, "an array of strings") }
            strings.append(string)
        }
        return strings
    }

    mutating func object(_ key: String) throws(ClusterError) -> JobFields? {
        guard let value = take(key) else { return nil }
        guard let object = value.object else { throw wrong(key, value, "an object") }
        return JobFields(object, path: "\(path)\(key).")
    }

    mutating func list<Element>(
        _ key: String, _ read: (inout JobFields) throws(ClusterError) -> Element
    ) throws(ClusterError) -> [Element] {
        var result: [Element] = []
        for value in try array(key) ?? [] {
            guard let object = value.object else { throw wrong(key, value, "an array of objects") }
            var entry = JobFields(object, path: "\(path)\(key)[].")
            result.append(try read(&entry))
            try entry.refuseRest()
        }
        return result
    }

    mutating func constraints() throws(ClusterError) -> [ChronosJob.Constraint] {
        var result: [ChronosJob.Constraint] = []
        for entry in try array("constraints") ?? [] {
            let words = (entry.array ?? []).compactMap(\.string)
            guard words.count == 3, entry.array?.count == 3 else {
                throw ClusterError(.invalid, "a constraint must be [attribute, operator, value], not \(entry.text())")
            }
            guard let comparison = ChronosJob.Constraint.Operator(rawValue: words[1].uppercased()) else {
                throw ClusterError(
                    .invalid, "the constraint operator '\(words[1])' is not supported; expected EQUALS, LIKE, UNLIKE or CLUSTER")
            }
            result.append(ChronosJob.Constraint(attribute: words[0], comparison: comparison, value: words[2]))
        }
        return result
    }

    mutating func trigger(_ form: ChronosJob.Form) throws(ClusterError) -> ChronosJob.Trigger {
        let schedule = try string("schedule")
        let timeZone = try string("scheduleTimeZone") ?? ""
        var parents: [String] = []
        for parent in try strings("parents") ?? [] where !parents.contains(parent) { parents.append(parent) }
        let isDependent: Bool
        switch form {
        case .iso8601: isDependent = false
        case .dependency: isDependent = true
        case .any: isDependent = !parents.isEmpty
        }
        guard isDependent else {
            guard parents.isEmpty else {
                throw ClusterError(.invalid, "a job has a schedule or parents, not both; post a job with parents to 'dependency'")
            }
            guard timeZone.isEmpty || TimeZoneRules.isName(timeZone) || ZonedDateTime.offset(timeZone) != nil else {
                throw ClusterError(.invalid, "'\(timeZone)' is not a time zone such as Europe/Rome")
            }
            return .schedule(try RepeatingInterval(schedule ?? "R1//PT24H"), timeZone: timeZone)
        }
        guard !parents.isEmpty else { throw ClusterError(.invalid, "a dependent job needs at least one parent in 'parents'") }
        guard schedule == nil, timeZone.isEmpty else { throw ClusterError(.invalid, "a job has a schedule or parents, not both") }
        return .parents(parents)
    }
}
