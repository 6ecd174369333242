import ClusterCore

/// Decides when to look again for a prerequisite, what to log, and when to give up. Pure: times come in as arguments, counted from
/// the start of the wait.
struct PrerequisiteWait: Sendable, Hashable {
    /// What to do after a look.
    enum Action: Sendable, Hashable {
        /// Write a line.
        case log(String)
        /// Look again after this pause.
        case look(after: Duration)
        /// It holds.
        case met(String)
        /// It won't come; why.
        case fail(String)
    }

    /// First pause; each next one is half as long again.
    static let firstPause = Duration.milliseconds(100)
    /// The longest pause within the first half minute …
    static let longestPause = Duration.seconds(1)
    /// … and after it.
    static let longestLatePause = Duration.seconds(3)
    /// How often an unchanged reason is written again.
    static let reminder = Duration.seconds(30)

    /// When to give up.
    let deadline: Duration
    /// What was missing at the last look.
    private(set) var reason: String?
    private var logged: Duration?
    private var pause = firstPause

    init(deadline: Duration) { self.deadline = deadline }

    /// - Parameter chance: 0 ..< 1; spreads the pause over 75 to 125 %.
    mutating func saw(_ state: Prerequisite.State, at now: Duration, chance: Double) -> [Action] {
        switch state {
        case .met(let what): return [.met(what)]
        case .impossible(let why): return [.fail(why)]
        case .missing(let what):
            var actions: [Action] = []
            if what != reason || logged.map({ now - $0 >= Self.reminder }) ?? true {
                logged = now
                actions.append(.log(what))
            }
            reason = what
            guard now < deadline else { return actions + [.fail("\(what); it did not come within \(deadline.mesosText)")] }
            let longest = now < .seconds(30) ? Self.longestPause : Self.longestLatePause
            let chosen = min(pause * (0.75 + 0.5 * chance), deadline - now)
            pause = min(pause * 1.5, longest)
            return actions + [.look(after: chosen)]
        }
    }
}
