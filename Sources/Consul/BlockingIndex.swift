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
