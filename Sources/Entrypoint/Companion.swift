public import Checks
public import Logging

/// A service that runs beside the child: watches a source, writes a track file, re-renders a configuration.
public struct Companion: Sendable {
    /// Its name in logs.
    public let name: String
    /// Runs until it is cancelled. Where it throws, it is started again after a second and its check fails meanwhile.
    public let run: @Sendable (CompanionContext) async throws -> Void

    /// Names a companion.
    public init(_ name: String, run: @escaping @Sendable (CompanionContext) async throws -> Void) {
        self.name = name
        self.run = run
    }
}

/// What a companion may use.
public struct CompanionContext: Sendable {
    /// Sends a signal to the child's main process; false where no child runs.
    public let signalChild: @Sendable (Int32) async -> Bool
    /// The child's process id while it runs.
    public let childPID: @Sendable () async -> Int32?
    /// Numbers for `/metrics`.
    public let metrics: MetricsRegistry
    /// Where to log.
    public let logger: Logger

    /// Made by the entrypoint, and by tests.
    public init(
        signalChild: @escaping @Sendable (Int32) async -> Bool, childPID: @escaping @Sendable () async -> Int32?,
        metrics: MetricsRegistry, logger: Logger
    ) {
        self.signalChild = signalChild
        self.childPID = childPID
        self.metrics = metrics
        self.logger = logger
    }
}
