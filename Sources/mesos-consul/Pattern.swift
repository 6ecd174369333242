import Glibc
import Settings

/// A POSIX extended regular expression, as `regcomp` of the C library reads it, with `\d` for a digit. It matches anywhere in a text.
struct Pattern: SettingValue, Hashable {
    let text: String
    private let compiled: Compiled

    /// nil where it is no expression.
    init?(_ text: String) {
        guard !text.isEmpty, let compiled = Compiled(Self.translated(text)) else { return nil }
        self.text = text
        self.compiled = compiled
    }

    static var form: String { "an extended regular expression without commas" }
    static var ansibleType: String { "str" }
    init?(settingText: String) { self.init(settingText) }
    var settingText: String { text }

    static func == (left: Pattern, right: Pattern) -> Bool { left.text == right.text }
    func hash(into hasher: inout Hasher) { hasher.combine(text) }

    func matches(_ subject: String) -> Bool { compiled.match(subject) != nil }
    /// The text of the first group, where the expression matches and has one.
    func firstGroup(_ subject: String) -> String? { compiled.match(subject)?.group }

    private static func translated(_ text: String) -> String {
        var out = ""
        var isEscaped = false
        for character in text {
            switch (isEscaped, character) {
            case (true, "d"): out += "[0-9]"
            case (true, _): out += "\\\(character)"
            case (false, "\\"):
                isEscaped = true
                continue
            default: out.append(character)
            }
            isEscaped = false
        }
        return isEscaped ? out + "\\" : out
    }

    /// Unchecked: after `regcomp` the expression is only read, and `regexec` may be called by several threads (POSIX, regexec).
    private final class Compiled: @unchecked Sendable {
        private var expression = regex_t()

        init?(_ text: String) { guard regcomp(&expression, text, REG_EXTENDED) == 0 else { return nil } }

        deinit { regfree(&expression) }

        func match(_ subject: String) -> (Void, group: String?)? {
            var found = [regmatch_t](repeating: regmatch_t(), count: 2)
            guard regexec(&expression, subject, 2, &found, 0) == 0 else { return nil }
            guard expression.re_nsub > 0, found[1].rm_so >= 0 else { return ((), nil) }
            let bytes = Array(subject.utf8)
            return ((), String(decoding: bytes[Int(found[1].rm_so)..<Int(found[1].rm_eo)], as: UTF8.self))
        }
    }
}

/// `pattern:tag`: tasks whose names contain the pattern get the tag.
struct TaskTag: SettingValue, Hashable {
    let pattern: String
    let tag: String

    static var form: String { "pattern:tag" }
    static var ansibleType: String { "str" }
    init?(settingText: String) {
        let parts = settingText.split(separator: ":", maxSplits: 1)
        guard parts.count == 2 else { return nil }
        pattern = parts[0].lowercased()
        tag = String(parts[1])
    }
    var settingText: String { "\(pattern):\(tag)" }
}

/// Where a task's address is looked for.
enum AddressSource: String, SettingWord, Hashable {
    /// The network that its container is in.
    case netinfo
    /// What the Mesos containerizer, or Docker's, wrote into the status' labels (before Mesos 0.25).
    case mesos, docker
    /// The slave.
    case host
}
