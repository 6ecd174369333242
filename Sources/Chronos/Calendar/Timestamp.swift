import ClusterCore

/// A point in time: milliseconds since 1970-01-01T00:00:00Z, leap seconds not counted.
public struct Timestamp: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// Milliseconds since 1970-01-01T00:00:00Z.
    public let milliseconds: Int64

    /// Makes a point in time.
    public init(milliseconds: Int64) { self.milliseconds = milliseconds }

    /// Reads `2016-01-31T02:30:00.000Z` and the other forms that `ZonedDateTime` takes; without an offset it is UTC.
    public init?(_ text: some StringProtocol) {
        guard let parsed = ZonedDateTime(text) else { return nil }
        milliseconds = parsed.local.millisecondsAsUTC - Int64(parsed.offsetSeconds ?? 0) * 1000
    }

    /// Earlier or later.
    public static func < (left: Timestamp, right: Timestamp) -> Bool { left.milliseconds < right.milliseconds }
    /// That much later.
    public static func + (left: Timestamp, right: Duration) -> Timestamp {
        Timestamp(milliseconds: left.milliseconds + right.milliseconds)
    }
    /// The time from `right` to `left`; negative where `left` is earlier.
    public static func - (left: Timestamp, right: Timestamp) -> Duration { .milliseconds(left.milliseconds - right.milliseconds) }

    /// ISO 8601 in UTC with milliseconds, as Chronos writes it: `2016-01-31T02:30:00.000Z`.
    public var description: String { ZonedDateTime(local: CivilDateTime(millisecondsAsUTC: milliseconds), offsetSeconds: 0).description }
}
