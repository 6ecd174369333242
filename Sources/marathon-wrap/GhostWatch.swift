/// Decides when Marathon has to be started anew: it leads, Mesos has a leader, and yet its framework has not been active there for so long that
/// it will not come back by itself (Marathon issue 2224 and its like).
struct GhostWatch: Sendable {
    typealias Instant = ContinuousClock.Instant

    /// What one look found.
    enum Sight: Sendable, Hashable {
        /// Its framework is active, or it is not its turn, or nothing can be known: no reason to act.
        case fine
        /// It leads and Mesos has a leader, but its framework is not active there.
        case ghost
    }

    /// How long a leader may be without an active framework.
    let patience: Duration
    private var since: Instant?

    init(patience: Duration = .seconds(90)) { self.patience = patience }

    /// True where it is to be started anew now; the time then begins afresh.
    mutating func look(_ sight: Sight, now: Instant) -> Bool {
        guard sight == .ghost else {
            since = nil
            return false
        }
        guard let since else {
            since = now
            return false
        }
        guard now - since >= patience else { return false }
        self.since = nil
        return true
    }
}
