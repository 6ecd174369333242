import Checks
import Entrypoint
import Logging
import Synchronization

/// A pid that a test changes.
final class Child: Sendable {
    let pid: Mutex<Int32?>
    let logger: Logger

    init(_ pid: Int32? = nil, logger: Logger = Logger(label: "test")) {
        self.pid = Mutex(pid)
        self.logger = logger
    }

    var context: CompanionContext {
        CompanionContext(
            signalChild: { _ in false }, childPID: { self.pid.withLock { $0 } }, metrics: MetricsRegistry(), logger: logger)
    }
}

/// Keeps what is logged at warning and above.
final class Warnings: Sendable {
    private let lines = Mutex<[String]>([])
    var all: [String] { lines.withLock { $0 } }

    var logger: Logger { Logger(label: "test") { _ in Handler(kept: self) } }

    private struct Handler: LogHandler {
        let kept: Warnings
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.warning

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) { kept.lines.withLock { $0.append("\(event.message)") } }
    }
}
