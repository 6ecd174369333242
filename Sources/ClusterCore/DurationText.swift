extension Duration {
    /// Seconds as a floating-point number.
    public var seconds: Double {
        let (whole, atto) = components
        return Double(whole) + Double(atto) / 1e18
    }

    /// Whole milliseconds, rounded down.
    public var milliseconds: Int64 {
        let (whole, atto) = components
        return whole * 1000 + atto / 1_000_000_000_000_000
    }

    /// Reads a duration: a number and a unit, as Mesos writes it (`10secs`, `500ms`, `2mins`, `1hrs`, `7days`, `2weeks`) or in
    /// short (`10s`, `2m`, `1h`, `7d`, `1w`). A bare number has no unit and is refused.
    public init?(text: some StringProtocol) {
        let digits = text.prefix { $0.isNumber || $0 == "." }
        guard let number = Double(digits), number.isFinite, number >= 0 else { return nil }
        let nanoseconds: Double
        switch text[digits.endIndex...] {
        case "ns": nanoseconds = 1
        case "us": nanoseconds = 1e3
        case "ms": nanoseconds = 1e6
        case "s", "secs", "sec": nanoseconds = 1e9
        case "m", "mins", "min": nanoseconds = 60e9
        case "h", "hrs", "hr": nanoseconds = 3600e9
        case "d", "days", "day": nanoseconds = 86400e9
        case "w", "weeks", "week": nanoseconds = 604800e9
        default: return nil
        }
        let total = number * nanoseconds
        guard total < 9e18 else { return nil }
        self = .nanoseconds(Int64(total.rounded()))
    }

    /// The duration in its largest whole unit, as Mesos writes it: `30secs`, `1500ms`, `10mins`.
    public var mesosText: String {
        let nanoseconds = components.seconds * 1_000_000_000 + components.attoseconds / 1_000_000_000
        let units: [(Int64, String)] = [
            (604_800_000_000_000, "weeks"), (86_400_000_000_000, "days"), (3_600_000_000_000, "hrs"), (60_000_000_000, "mins"),
            (1_000_000_000, "secs"), (1_000_000, "ms"), (1_000, "us"),
        ]
        for (size, name) in units where nanoseconds != 0 && nanoseconds % size == 0 { return "\(nanoseconds / size)\(name)" }
        return "\(nanoseconds)ns"
    }
}
