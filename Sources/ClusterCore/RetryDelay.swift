/// How long to wait before the next attempt: doubles from `first` to `limit`, each between half and all of it, so that those who lost
/// the same server do not return in step.
public struct RetryDelay: Sendable, Hashable {
    private let first: Duration
    private let limit: Duration
    /// Attempts that failed since the last success.
    public private(set) var failures = 0

    /// Describes the waits; `first` is at most `limit`.
    public init(first: Duration, limit: Duration) {
        self.first = first
        self.limit = limit
    }

    /// The next wait after one more failure.
    /// - Parameter jitter: 0–1.
    public mutating func next(jitter: Double = .random(in: 0...1)) -> Duration {
        let delay = min(first * Double(1 << min(failures, 16)), limit)
        failures += 1
        return delay / 2 + delay / 2 * jitter
    }

    /// The next wait is the first again.
    public mutating func succeeded() { failures = 0 }
}
