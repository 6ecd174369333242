/// Where the scheduler's state is kept. Only the leader writes, and a store that has lost that right throws.
protocol StateStore: Sendable {
    /// All nodes by their path, empty ones left out.
    func load() async throws -> [String: [UInt8]]
    /// Keeps all of them, in order; once it returns they survive a change of the leader.
    func write(_ writes: [StateWrite]) async throws
}
