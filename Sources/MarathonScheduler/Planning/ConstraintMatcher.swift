import Marathon

/// Whether an agent may take one more task of an app, given where the others are (Marathon documentation, "Constraints").
enum ConstraintMatcher {
    /// What an agent says of itself: its host name under `hostname`, its text attributes under their names.
    struct Place: Sendable, Hashable {
        let host: String
        let attributes: [String: String]
        func value(of field: String) -> String? { field == "hostname" || field == "@hostname" ? host : attributes[field] }
    }

    /// The first constraint that the place does not meet; nil where it meets all.
    static func unmet(_ constraints: [Constraint], at place: Place, others: [Instance]) -> Constraint? {
        constraints.first { !isMet($0, at: place, others: others) }
    }

    private static func isMet(_ constraint: Constraint, at place: Place, others: [Instance]) -> Bool {
        guard let value = place.value(of: constraint.field) else {
            // An agent without the attribute is surely unlike the value.
            return constraint.operation == .unlike
        }
        func count(_ wanted: String) -> Int { others.count { $0.value(of: constraint.field) == wanted } }
        switch constraint.operation {
        case .unique: return count(value) == 0
        case .cluster:
            if let wanted = constraint.value, !wanted.isEmpty { return value == wanted }
            return others.allSatisfy { $0.value(of: constraint.field) == value }
        case .maxPer: return count(value) < (constraint.value.flatMap { Int($0) } ?? 1)
        case .groupBy:
            // Groups without a task are not known, so as many as were promised are assumed to be there, empty.
            var counts: [String: Int] = [:]
            for other in others { if let seen = other.value(of: constraint.field) { counts[seen, default: 0] += 1 } }
            let promised = constraint.value.flatMap { Int($0) } ?? 1
            let here = counts[value] ?? 0
            let least = counts.count < promised || counts.isEmpty ? 0 : counts.values.min() ?? 0
            return here == 0 || here <= least
        case .like: return matches(value, constraint.value)
        case .unlike: return !matches(value, constraint.value)
        }
    }

    private static func matches(_ value: String, _ pattern: String?) -> Bool {
        guard let pattern, let regex = try? Regex(pattern) else { return false }
        return (try? regex.wholeMatch(in: value)) != nil
    }
}
