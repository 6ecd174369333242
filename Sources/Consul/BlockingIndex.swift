/// The rules for `X-Consul-Index` (Consul documentation, "Blocking queries"): what to send next, and whether the answer is news.
struct BlockingIndex: Sendable, Hashable {
    /// What to send; nil asks for an answer at once.
    private(set) var next: UInt64?

    init() {}

    /// Takes the index of an answer.
    mutating func receive(_ index: UInt64?) {
        // 0 is a defect of Consul's, and would make a busy loop.
        let index = max(index ?? 1, 1)
        // Backwards: the servers were restored or replaced, so nothing is known; the next answer comes at once.
        if let next, index < next {
            self.next = nil
        } else {
            next = index
        }
    }

    /// Forgets what was seen, after an error.
    mutating func reset() { next = nil }
}

/// How long to wait before the next attempt: doubles from `first` to `limit`, each between half and all of it.
struct RetryDelay: Sendable {
    private let first: Duration
    private let limit: Duration
    private(set) var failures = 0

    init(first: Duration, limit: Duration) {
        self.first = first
        self.limit = limit
    }

    /// The next wait; `jitter` is 0–1.
    mutating func next(jitter: Double) -> Duration {
        let delay = min(first * Double(1 << min(failures, 16)), limit)
        failures += 1
        return delay / 2 + delay / 2 * jitter
    }

    mutating func succeeded() { failures = 0 }
}
