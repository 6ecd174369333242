/// Where the leader keeps jobs and runs. Only one leader can write at a time.
protocol JobStore: Sendable {
    /// Everything that is stored.
    func load() async throws -> StoredState

    /// Stores changes, in their order. Those of one group are stored together or not at all.
    /// - Throws: where this is no longer the leader, or nobody knows whether it was stored. The state in memory is void then.
    func write(_ groups: [[StoreChange]]) async throws
}

/// One node of the store: written, or removed where the content is nil.
struct StoreChange: Sendable, Hashable {
    /// `jobs/<name>` or `runs/<due>.<name>`, each name percent-encoded.
    let path: String
    let content: [UInt8]?
}

/// All jobs and runs.
struct StoredState: Sendable {
    var jobs: [JobRecord] = []
    var runs: [Run] = []
}
