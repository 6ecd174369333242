/// Finds the name that was probably meant.
enum NearestName {
    /// The candidate with the fewest insertions, deletions, replacements and swaps of neighbours; nil where none is near.
    /// Of equally near ones the first by name.
    static func of(_ name: String, among candidates: some Sequence<String>) -> String? {
        let word = Array(name.utf8)
        var best: (distance: Int, name: String)?
        for candidate in candidates {
            let other = Array(candidate.utf8)
            let limit = max(2, min(word.count, other.count) / 3)
            guard abs(word.count - other.count) <= limit else { continue }
            let found = distance(word, other)
            guard found <= limit else { continue }
            if let best, (best.distance, best.name) <= (found, candidate) { continue }
            best = (found, candidate)
        }
        return best?.name
    }

    /// The distance of optimal string alignment.
    private static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var before: [Int] = []
        var previous = Array(0...right.count)
        for i in left.indices {
            var current = [i + 1]
            for j in right.indices {
                var cost = min(previous[j + 1] + 1, current[j] + 1, previous[j] + (left[i] == right[j] ? 0 : 1))
                if i > 0, j > 0, left[i] == right[j - 1], left[i - 1] == right[j] { cost = min(cost, before[j - 1] + 1) }
                current.append(cost)
            }
            before = previous
            previous = current
        }
        return previous[right.count]
    }
}
