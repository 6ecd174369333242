import ClusterCore
import Glibc
public import Logging
import Synchronization

/// Writes each event as one line to standard error: time in UTC, level, label, message, metadata.
public struct LineLogHandler: LogHandler {
    /// The level of all handlers that have none of their own.
    static let commonLevel = Mutex(Logger.Level.info)

    private let label: String
    private var ownLevel: Logger.Level?
    /// Metadata of every line.
    public var metadata: Logger.Metadata = [:]

    /// Makes a handler.
    public init(label: String) { self.label = label }

    /// The least important level that is written.
    public var logLevel: Logger.Level {
        get { ownLevel ?? Self.commonLevel.withLock { $0 } }
        set { ownLevel = newValue }
    }

    /// Metadata of every line, by key.
    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    /// Writes a line.
    public func log(event: LogEvent) {
        var line = "\(Self.timestamp()) \(event.level.rawValue) \(label): \(Self.oneLine(event.message.description))"
        let all = metadata.merging(event.metadata ?? [:]) { _, own in own }
        for (key, value) in all.sorted(by: { $0.key < $1.key }) { line += " \(key)=\(Self.quoted(value.description))" }
        if let error = event.error { line += " error=\(Self.quoted("\(error)"))" }
        line += "\n"
        // One call, so that lines of several threads and of the child don't mix.
        line.withUTF8 { _ = write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }

    /// Makes this the handler of all loggers of the process. Call it once.
    static func install() { LoggingSystem.bootstrap { LineLogHandler(label: $0) } }

    private static func timestamp() -> String {
        let now = UnixTime(clock: CLOCK_REALTIME)
        var seconds = time_t(now.seconds)
        var fields = tm()
        gmtime_r(&seconds, &fields)
        let date = "\(fields.tm_year + 1900)-\(padded(fields.tm_mon + 1))-\(padded(fields.tm_mday))"
        let time = "\(padded(fields.tm_hour)):\(padded(fields.tm_min)):\(padded(fields.tm_sec))"
        return "\(date)T\(time).\(padded(Int32(now.nanoseconds / 1_000_000), 3))Z"
    }

    private static func padded(_ number: Int32, _ width: Int = 2) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }

    private static func quoted(_ text: String) -> String {
        let isPlain = !text.isEmpty && text.utf8.allSatisfy { $0 > 32 && $0 != UInt8(ascii: "\"") && $0 != 127 }
        guard !isPlain else { return text }
        return "\"" + oneLine(text).split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\\\"") + "\""
    }

    private static func oneLine(_ text: String) -> String {
        guard text.utf8.contains(where: { $0 < 32 }) else { return text }
        var out = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\n": out += "; "
            case _ where scalar.value < 32: out += " "
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out
    }
}
