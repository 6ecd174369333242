import ClusterCore

/// What the supervisor does about an entrypoint that has ended by itself. Pure.
struct RestartDecision {
    /// How often it has ended in a row, each time within a minute of its start.
    private(set) var failures = 0

    enum Answer: Hashable {
        /// Start it again after this delay.
        case restart(after: Duration)
        /// It ended for a reason that a restart can't mend: wrong arguments or settings.
        case giveUp
    }

    mutating func ended(exitCode: Int32, after lifetime: Duration) -> Answer {
        failures = lifetime > .seconds(60) ? 1 : failures + 1
        if exitCode == ExitStatus.usage.rawValue || exitCode == ExitStatus.settings.rawValue { return .giveUp }
        return .restart(after: .seconds(min(30, 1 << min(failures - 1, 5))))
    }
}
