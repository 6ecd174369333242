/// A free text that a label wants in HAProxy's configuration, taken apart. Lines that say what other labels say, too, are understood as
/// those: so is all of the head that INDIGO's Orchestrator sends for HTTPS (`MarathonServiceImpl`). The others are free lines.
struct ServiceHead: Hashable {
    enum Place: String { case backend, frontend }

    var mode: ServiceLabels.Mode?
    var balance: ServiceOptions.Balance?
    /// True for a line that tells the server that the client came by HTTPS.
    var claimsHTTPS = false
    /// What only HAProxy itself understands.
    private(set) var lines: [String] = []
    /// Why it can't be used.
    private(set) var problem: String?

    init(_ text: String, place: Place) {
        for line in text.split(whereSeparator: \.isNewline) {
            let words = line.split(whereSeparator: { $0 == " " || $0 == "\t" })
            guard let first = words.first, !first.hasPrefix("#") else { continue }
            take(Self.trimmed(line), words.map(String.init), String(first), place)
            if problem != nil { return }
        }
    }

    private mutating func take(_ line: String, _ words: [String], _ first: String, _ place: Place) {
        let rest = Array(words.dropFirst())
        // HAProxy takes these away before it compares: what remained would be a word that was never looked at.
        guard !first.utf8.contains(where: Self.hiding.contains) else {
            problem = "\(LabelText.shown(first)) is no keyword: quotes, '\\' and '$' have no place there"
            return
        }
        switch (first, rest) {
        case (place.rawValue, _) where rest.count <= 1: return
        case ("mode", ["{mode}"]), ("balance", ["{balance}"]): return
        case ("mode", ["http"]): mode = .http
        case ("mode", ["tcp"]): mode = .tcp
        case ("balance", _) where rest.count == 1 && ServiceOptions.Balance(rawValue: rest[0]) != nil:
            balance = ServiceOptions.Balance(rawValue: rest[0])
        case ("http-request", ["add-header", "X-Forwarded-Proto", "https"]),
            ("http-request", ["set-header", "X-Forwarded-Proto", "https"]):
            claimsHTTPS = true
        case _ where Self.refused.contains(first) || first.hasPrefix("."):
            problem = "\(LabelText.shown(first)) has no place in a head"
        default:
            guard line.utf8.allSatisfy({ (32..<127).contains($0) }) else {
                problem = "it holds characters that are not printable ASCII"
                return
            }
            guard !words.contains(where: Self.isPlaceholder) else {
                problem = "it holds a placeholder that is not known here"
                return
            }
            lines.append(line)
        }
    }

    private static func trimmed(_ line: Substring) -> String {
        let isBlank = { (character: Character) in character == " " || character == "\t" }
        guard let last = line.lastIndex(where: { !isBlank($0) }) else { return "" }
        return String(line[...last].drop(while: isBlank)).split(separator: "\t", omittingEmptySubsequences: false).joined(separator: " ")
    }

    /// `{servicePort}` and the like; `{` alone begins a condition.
    private static func isPlaceholder(_ word: String) -> Bool {
        word.count > 2 && word.hasPrefix("{") && word.hasSuffix("}")
    }

    private static let hiding = Set("\"'\\$".utf8)

    /// What would begin another section, or lead to or from something that is not the service's own.
    private static let refused: Set<String> = [
        "global", "defaults", "frontend", "backend", "listen", "peers", "resolvers", "mailers", "userlist", "program", "http-errors",
        "ring",
        "cache", "fcgi-app", "log-forward", "traces", "crt-store", "log-profile", "acme", "server", "server-template", "use-server",
        "use_backend", "default_backend", "bind", "dispatch", "id", "stats", "mode", "balance", "hash-type", "cookie",
        "dynamic-cookie-key", "stick-table", "monitor-uri", "disabled", "enabled", "from", "guid",
    ]
}

/// Texts of labels, fit for a log line.
enum LabelText {
    /// Quoted, of bounded length, without control characters.
    static func shown(_ text: String) -> String {
        let safe = text.prefix(80).unicodeScalars.map { $0.value < 32 || $0.value == 127 ? "?" : String($0) }.joined()
        return "'\(safe)'"
    }

    /// The comma-separated parts, without blanks around them.
    static func words(_ text: String) -> [String] {
        text.split(separator: ",").map { part in
            var word = part.drop { $0 == " " || $0 == "\t" }
            while let last = word.last, last == " " || last == "\t" { word.removeLast() }
            return String(word)
        }.filter { !$0.isEmpty }
    }

    static func bool(_ text: String) -> Bool? {
        switch text.lowercased() {
        case "true", "1", "yes", "on": true
        case "false", "0", "no", "off": false
        default: nil
        }
    }
}
