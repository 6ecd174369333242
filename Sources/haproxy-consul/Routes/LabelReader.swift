/// Reads the labels of one port, and says of each that can't be used why.
struct LabelReader {
    let meta: [String: String]
    /// `HAPROXY_0_`
    let prefix: String
    private(set) var problems: [String] = []
    private var known: Set<String> = []

    init(meta: [String: String], prefix: String) {
        self.meta = meta
        self.prefix = prefix
    }

    /// The label's text; nil where it is not given, or empty.
    mutating func take(_ name: String) -> String? {
        known.insert(name)
        guard let text = meta[prefix + name], text.contains(where: { !$0.isWhitespace }) else { return nil }
        return text
    }

    mutating func report(_ name: String, _ text: String) { problems.append("label \(prefix)\(name) \(text)") }

    mutating func words(_ name: String) -> [String] { take(name).map(LabelText.words) ?? [] }

    /// - Parameter expected: what is allowed, in words.
    mutating func value<Value>(_ name: String, _ expected: String, _ read: (String) -> Value?) -> Value? {
        guard let text = take(name) else { return nil }
        if let value = LabelText.words(text).first.flatMap(read), LabelText.words(text).count == 1 { return value }
        report(name, "is \(LabelText.shown(text)); expected \(expected)")
        return nil
    }

    mutating func bool(_ name: String) -> Bool? { value(name, "true or false", LabelText.bool) }

    mutating func number(_ name: String, _ range: ClosedRange<Int>) -> Int? {
        value(name, "a whole number from \(range.lowerBound) to \(range.upperBound)") { text in
            Int(text).flatMap { range.contains($0) ? $0 : nil }
        }
    }

    /// The port to publish on: the label's, else the Marathon app's.
    mutating func port() -> Int? {
        known.insert("PORT")
        for label in ["\(prefix)PORT", "service_port"] {
            guard let text = meta[label], text != "0" else { continue }
            if let number = Int(text), (1...65535).contains(number) { return number }
            problems.append("label \(label) is \(LabelText.shown(text)), which is no port from 1 to 65535")
            return nil
        }
        return nil
    }

    /// Labels of this port that nothing has asked for.
    mutating func reportUnknown() {
        let unknown = meta.keys.filter { $0.hasPrefix(prefix) && !known.contains(String($0.dropFirst(prefix.count))) }
        for key in unknown.sorted() { problems.append("label \(LabelText.shown(key)) is not supported and has no effect") }
    }
}

extension ServiceOptions.Balance {
    /// All of them, for a message.
    static var words: String { allCases.map(\.rawValue).joined(separator: ", ") }
}

/// Paths below a host name, as they may stand in a map.
enum RoutePath {
    /// With a slash before and none behind; empty for `/`. Nil where it is no plain path.
    static func normalized(_ text: String) -> String? {
        guard text.hasPrefix("/"), text.utf8.count <= 256, text.utf8.allSatisfy(isPlain) else { return nil }
        let segments = text.split(separator: "/")
        guard !segments.contains(".."), !segments.contains(".") else { return nil }
        return segments.map { "/\($0)" }.joined()
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        default: "/-._~:@!+=%".utf8.contains(byte)
        }
    }
}
