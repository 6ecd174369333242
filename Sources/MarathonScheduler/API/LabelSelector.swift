/// A `label=` query of `GET /v2/apps`: `a==b`, `a!=b`, `a in (x, y)`, `a notin (x)`, `a` (present), all of them separated by commas.
struct LabelSelector: Sendable, Hashable {
    private enum Test: Hashable {
        case exists
        case isIn(Set<String>)
        case isNotIn(Set<String>)
    }
    private struct Rule: Hashable {
        let key: String
        let test: Test
    }
    private let rules: [Rule]

    /// nil where the text has another form.
    init?(_ text: String) {
        var rules: [Rule] = []
        for part in Self.split(text) {
            guard let rule = Self.rule(part) else { return nil }
            rules.append(rule)
        }
        self.rules = rules
    }

    func matches(_ labels: [String: String]) -> Bool {
        rules.allSatisfy { rule in
            switch rule.test {
            case .exists: labels[rule.key] != nil
            case .isIn(let values): labels[rule.key].map(values.contains) ?? false
            case .isNotIn(let values): !(labels[rule.key].map(values.contains) ?? false)
            }
        }
    }

    /// At the commas that are not in brackets.
    private static func split(_ text: String) -> [Substring] {
        var parts: [Substring] = []
        var depth = 0
        var start = text.startIndex
        for index in text.indices {
            switch text[index] {
            case "(": depth += 1
            case ")": depth -= 1
            case "," where depth == 0:
                parts.append(text[start..<index])
                start = text.index(after: index)
            default: continue
            }
        }
        return parts + [text[start...]]
    }

    private static func rule(_ text: Substring) -> Rule? {
        for (sign, isEqual) in [("==", true), ("!=", false)] {
            if let (left, right) = cut(text, at: sign) {
                let key = trim(left)
                guard isWord(key) else { return nil }
                return Rule(key: key, test: isEqual ? .isIn([trim(right)]) : .isNotIn([trim(right)]))
            }
        }
        let words = text.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: true)
        guard let key = words.first.map(trim), isWord(key) else { return nil }
        guard words.count == 2 else { return Rule(key: key, test: .exists) }
        var rest = Substring(trim(words[1]))
        let isIn = rest.hasPrefix("in")
        guard isIn || rest.hasPrefix("notin") else { return nil }
        rest = Substring(trim(rest.dropFirst(isIn ? 2 : 5)))
        guard rest.hasPrefix("("), rest.hasSuffix(")") else { return nil }
        let values = Set(rest.dropFirst().dropLast().split(separator: ",").map(trim))
        return Rule(key: key, test: isIn ? .isIn(values) : .isNotIn(values))
    }

    private static func cut(_ text: Substring, at sign: String) -> (Substring, Substring)? {
        var index = text.startIndex
        while index < text.endIndex {
            if text[index...].hasPrefix(sign) { return (text[..<index], text[index...].dropFirst(sign.count)) }
            index = text.index(after: index)
        }
        return nil
    }

    private static func trim(_ text: some StringProtocol) -> String {
        String(text.drop { $0.isWhitespace }.reversed().drop { $0.isWhitespace }.reversed())
    }

    private static func isWord(_ text: String) -> Bool { !text.isEmpty && !text.contains { $0.isWhitespace || "()=!,".contains($0) } }
}
