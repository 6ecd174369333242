import ClusterCore

/// Decides whether and when an ended child is started again. Pure: time and chance come in as arguments.
public struct RestartPolicy: Sendable, Hashable {
    /// Its constants.
    public struct Limits: Sendable, Hashable {
        /// False: a child is never started again.
        public var isEnabled = true
        /// Pause before the first restart; it doubles with each further one.
        public var firstPause = Duration.seconds(1)
        /// The longest pause.
        public var longestPause = Duration.seconds(30)
        /// So many exits …
        public var exits = 5
        /// … within this time end the attempts.
        public var window = Duration.seconds(60)
        /// A run as long as this lets the pauses begin anew.
        public var healthyRun = Duration.seconds(60)

        /// Restarts after 1 to 30 s; gives up after 5 exits within 60 s.
        public init() {}
        /// Never restarts.
        public static var never: Limits {
            var limits = Limits()
            limits.isEnabled = false
            return limits
        }
    }

    /// What to do now.
    public enum Decision: Sendable, Hashable {
        /// Start it again after this pause.
        case restart(after: Duration)
        /// Leave it ended; why.
        case giveUp(String)
    }

    /// Its constants.
    public let limits: Limits
    private var recentExits: [Duration] = []
    private var pause: Duration

    /// A policy without history.
    public init(_ limits: Limits = Limits()) {
        self.limits = limits
        pause = limits.firstPause
    }

    /// A child has ended by itself.
    /// - Parameters:
    ///   - now: a monotonic time.
    ///   - ran: how long it ran.
    ///   - chance: 0 ..< 1; spreads the pause over 75 to 125 %, so that the members of an ensemble don't restart in step.
    public mutating func ended(at now: Duration, ran: Duration, chance: Double) -> Decision {
        guard limits.isEnabled else { return .giveUp("restarts are off") }
        recentExits.removeAll { $0 <= now - limits.window }
        recentExits.append(now)
        guard recentExits.count < limits.exits else {
            return .giveUp("it ended \(recentExits.count) times within \(limits.window.mesosText)")
        }
        if ran >= limits.healthyRun { pause = limits.firstPause }
        let chosen = min(max(pause * (0.75 + 0.5 * chance), limits.firstPause), limits.longestPause)
        pause = min(pause * 2, limits.longestPause)
        return .restart(after: chosen)
    }
}
