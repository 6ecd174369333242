public import ClusterCore

/// Chronos' schedule: `R[n]/[start]/period`, a repeating interval of ISO 8601.
public struct RepeatingInterval: Sendable, Hashable, CustomStringConvertible {
    /// How many times it runs; nil = for ever.
    public var repetitions: Int?
    /// The first time; nil = now.
    public var start: ZonedDateTime?
    /// From one time to the next. Never zero.
    public var period: Period

    /// Makes an interval.
    public init(repetitions: Int?, start: ZonedDateTime?, period: Period) {
        self.repetitions = repetitions
        self.start = start
        self.period = period
    }

    /// Reads `R5/2016-01-31T02:30:00Z/P1M`, `R//PT10S`, `R1/2016-01-31T02:30:00Z/PT24H`.
    /// - Throws: `ClusterError` `.invalid`, with the part that can't be read.
    public init(_ text: String) throws(ClusterError) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 3, let first = parts[0].first, first == "R" else {
            throw ClusterError(
                .invalid, "Cannot parse schedule '\(text)': expected R[n]/[start]/period, such as R5/2030-01-31T02:30:00Z/P1D")
        }
        let digits = parts[0].dropFirst()
        var repetitions: Int?
        if !digits.isEmpty {
            guard digits.allSatisfy({ ("0"..."9").contains($0) }), let number = Int(digits), number <= 1_000_000_000 else {
                throw ClusterError(.invalid, "Cannot parse schedule '\(text)': '\(parts[0])' is not R or R0 to R1000000000")
            }
            repetitions = number
        }
        var start: ZonedDateTime?
        if !parts[1].isEmpty {
            guard let parsed = ZonedDateTime(parts[1]) else {
                throw ClusterError(.invalid, "Cannot parse schedule '\(text)': '\(parts[1])' is not a time such as 2030-01-31T02:30:00Z")
            }
            guard parsed.local.year >= 1970 else {
                throw ClusterError(.invalid, "Scheduled start date \(parsed) is before 1970!")
            }
            start = parsed
        }
        guard let period = Period(parts[2]), !period.isZero else {
            throw ClusterError(
                .invalid, "Cannot parse schedule '\(text)': '\(parts[2])' is not a period longer than zero, such as PT10M, P1D or P1M")
        }
        self.init(repetitions: repetitions, start: start, period: period)
    }

    /// `R5/2016-01-31T02:30:00.000Z/P1M`
    public var description: String {
        "R\(repetitions.map(String.init) ?? "")/\(start?.description ?? "")/\(period)"
    }
}
