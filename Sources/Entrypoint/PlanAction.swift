public import ClusterCore
public import Logging

/// A named step.
public struct PlanAction: Sendable {
    /// What it does, in the imperative: `remove 10.0.0.100/24 from eth0 where a killed keepalived left it`.
    public let description: String
    /// Does it.
    public let run: @Sendable (Logger) async throws(ClusterError) -> Void

    /// Names a step.
    public init(_ description: String, run: @escaping @Sendable (Logger) async throws(ClusterError) -> Void) {
        self.description = description
        self.run = run
    }
}

/// A child that has exited.
public struct ExitedChild: Sendable, Hashable {
    /// Its process id.
    public let pid: Int32
    /// Its exit code, or 128 + the signal that ended it.
    public let exitCode: Int32
    /// True where the wrap had been asked to stop.
    public let isStopping: Bool
    /// Processes that it left behind and that could not be ended: they may still do its work.
    public let left: [Int32]

    /// Describes an exit.
    public init(pid: Int32, exitCode: Int32, isStopping: Bool, left: [Int32] = []) {
        self.pid = pid
        self.exitCode = exitCode
        self.isStopping = isStopping
        self.left = left
    }
}

/// A named step done just before each start of the child, such as seeing what is there that can't be its own. Where it fails, or is not
/// done in time, that is logged and the child is started all the same.
public struct SpawnAction: Sendable {
    /// What it does, in the imperative.
    public let description: String
    /// How long it may take, 10 ms – 10 s; it is abandoned then.
    public let timeout: Duration
    /// Does it.
    public let run: @Sendable (Logger) async throws(ClusterError) -> Void

    /// Names a step.
    public init(
        _ description: String, timeout: Duration = .seconds(2), run: @escaping @Sendable (Logger) async throws(ClusterError) -> Void
    ) {
        self.description = description
        self.timeout = timeout
        self.run = run
    }
}

/// A named step done after each exit of the child, such as deleting its own election node.
public struct ExitAction: Sendable {
    /// What it does, in the imperative.
    public let description: String
    /// How long it may take, 10 ms – 10 s; it is abandoned then.
    public let timeout: Duration
    /// Does it.
    public let run: @Sendable (ExitedChild, Logger) async throws(ClusterError) -> Void

    /// Names a step.
    public init(
        _ description: String, timeout: Duration = .seconds(2),
        run: @escaping @Sendable (ExitedChild, Logger) async throws(ClusterError) -> Void
    ) {
        self.description = description
        self.timeout = timeout
        self.run = run
    }
}
