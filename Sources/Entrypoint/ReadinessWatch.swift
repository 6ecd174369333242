import ClusterCore

/// What a long poll of `/ready` asks: `/ready?wait=5s&known=ready`. It is answered once the component's readiness differs from what the
/// asker knows, else after the wait; the readiness is found out anew at each change of the child's phase, each second and at
/// the end.
struct ReadinessWatch: Sendable, Hashable {
    /// The longest wait.
    static let longest = Duration.seconds(25)

    let wait: Duration
    /// What the asker believes; nil where it does not say, which is answered at once.
    let known: Bool?

    /// Nil where the query asks for no wait.
    init?(query: String) {
        var wait: Duration?
        var known: Bool?
        for pair in query.split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2 else { continue }
            switch parts[0] {
            case "wait": wait = Duration(text: String(parts[1]))
            case "known": known = parts[1] == "ready" ? true : parts[1] == "not-ready" ? false : nil
            default: break
            }
        }
        guard let wait, wait > .zero else { return nil }
        self.wait = min(wait, Self.longest)
        self.known = known
    }
}
