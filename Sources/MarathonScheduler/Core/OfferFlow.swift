import Marathon

/// Whether the master sends offers: none are asked for while nothing wants tasks, and all filters are lifted as soon as something new does.
struct OfferFlow: Sendable, Hashable {
    enum Call: Hashable { case revive, suppress }
    private var revivedFor: Set<PathID> = []
    private var isSuppressed = false
    private var lastRevive: Timestamp?
    /// When a revive that came too soon after the last one is due.
    private(set) var reviveAt: Timestamp?

    /// A new subscription gets offers, whatever was said before.
    mutating func reset() { self = OfferFlow() }

    /// What to tell the master, given the apps that could launch now.
    mutating func update(_ wanting: Set<PathID>, minimumInterval: Double, now: Timestamp) -> Call? {
        defer { revivedFor.formIntersection(wanting) }
        guard !wanting.isEmpty else {
            reviveAt = nil
            guard !isSuppressed else { return nil }
            isSuppressed = true
            return .suppress
        }
        guard isSuppressed || !wanting.isSubset(of: revivedFor) else { return nil }
        if let lastRevive, now.seconds(since: lastRevive) < minimumInterval {
            reviveAt = lastRevive.adding(seconds: minimumInterval)
            return nil
        }
        lastRevive = now
        reviveAt = nil
        isSuppressed = false
        revivedFor = wanting
        return .revive
    }
}
