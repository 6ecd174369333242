/// A zone's offsets from UTC, past and future.
public struct TimeZoneRules: Sendable, Hashable {
    /// When the offset changes, in seconds since 1970, ascending.
    let transitions: [Int64]
    /// The offset from each transition on, in seconds east of UTC; as many as transitions.
    let offsets: [Int]
    /// The offset before the first transition.
    let firstOffset: Int
    /// The rule for all time after the last transition; nil = the last offset stays.
    let future: YearlyRule?

    /// Coordinated Universal Time.
    public static let utc = TimeZoneRules(fixedOffset: 0)

    /// A zone that never changes its offset (seconds east of UTC).
    public init(fixedOffset: Int) {
        self.init(transitions: [], offsets: [], firstOffset: fixedOffset, future: nil)
    }

    init(transitions: [Int64], offsets: [Int], firstOffset: Int, future: YearlyRule?) {
        self.transitions = transitions
        self.offsets = offsets
        self.firstOffset = firstOffset
        self.future = future
    }

    /// Seconds east of UTC at that time.
    public func offset(at time: Timestamp) -> Int {
        let seconds = time.milliseconds >= 0 ? time.milliseconds / 1000 : (time.milliseconds - 999) / 1000
        guard let first = transitions.first else { return future?.offset(atSecond: seconds) ?? firstOffset }
        guard seconds >= first else { return firstOffset }
        var low = 0
        var high = transitions.count
        while high - low > 1 {
            let middle = (low + high) / 2
            if transitions[middle] <= seconds { low = middle } else { high = middle }
        }
        if low == transitions.count - 1, let future { return future.offset(atSecond: seconds) }
        return offsets[low]
    }

    /// The time at which a clock of this zone shows these fields. Shown twice (the clock goes back): the first of the two.
    /// Never shown (the clock goes forward): as much later as the clock jumps, so 02:30 becomes 03:30.
    public func time(of local: CivilDateTime) -> Timestamp {
        let shown = local.millisecondsAsUTC
        let day = CivilDateTime.millisecondsPerDay
        let candidates = [shown - day, shown, shown + day].map { offset(at: Timestamp(milliseconds: $0)) }
        var earliest: Int64?
        for candidate in candidates {
            let time = shown - Int64(candidate) * 1000
            guard offset(at: Timestamp(milliseconds: time)) == candidate else { continue }
            earliest = min(earliest ?? time, time)
        }
        return Timestamp(milliseconds: earliest ?? shown - Int64(candidates.min() ?? 0) * 1000)
    }

    /// What a clock of this zone shows then.
    public func local(at time: Timestamp) -> ZonedDateTime {
        let offset = offset(at: time)
        return ZonedDateTime(
            local: CivilDateTime(millisecondsAsUTC: time.milliseconds + Int64(offset) * 1000), offsetSeconds: offset)
    }
}
