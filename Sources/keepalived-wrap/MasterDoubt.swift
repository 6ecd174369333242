import ClusterCore

/// Decides whether this node's keepalived still does its duty while the node holds virtual addresses. Pure.
///
/// A master hears no adverts: the others are silent while it sends. Where one speaks up, keepalived settles it within an advert or two. A
/// VRRP process that is stopped (SIGSTOP, a debugger) or hangs does not, and the kernel would answer for the addresses for ever.
struct MasterDoubt: Sendable, Hashable {
    let routerID: Int
    let priority: Int
    private var since: ContinuousClock.Instant?

    /// How long a running keepalived may hear adverts of a higher priority and still hold addresses.
    static let patience = Duration.milliseconds(500)

    init(routerID: Int, priority: Int) {
        self.routerID = routerID
        self.priority = priority
    }

    /// The addresses have left, or come.
    mutating func settled() { since = nil }

    /// Takes an advert that was heard while addresses are held.
    /// - Parameter isStopped: whether the VRRP process can't run.
    /// - Returns: why keepalived must be ended; nil where it need not.
    mutating func hear(_ advert: VRRPAdvert, isStopped: Bool, at now: ContinuousClock.Instant) -> String? {
        guard advert.routerID == routerID, advert.priority > 0 else { return nil }
        if isStopped { return "\(advert.source) has taken over, and this node's keepalived is stopped" }
        guard advert.priority > priority else { return nil }
        guard let since else {
            self.since = now
            return nil
        }
        return now - since > Self.patience ? "\(advert.source) goes before this node, and this node's keepalived does not give way" : nil
    }
}
