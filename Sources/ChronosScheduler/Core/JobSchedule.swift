import Chronos
import ClusterCore

/// The targets of a scheduled job: the n-th is the first one's date plus n periods, in the schedule's time zone.
///
/// Every target is reckoned from the first, not from the one before, so that a job of the 31st runs on the 28th of February and
/// on the 31st of March, and a job of 02:30 is back at 02:30 on the day after the clock was changed.
struct JobSchedule: Sendable {
    /// Fields of the first target, as a clock in `zone` shows them.
    let first: CivilDateTime
    /// The zone's name in the tz database, or an offset such as `Z` or `+02:00`.
    let zoneName: String
    let zone: TimeZoneRules
    let period: Period
    /// How many targets there are; nil = no end.
    let repetitions: Int?
    /// How many of them were taken, run or skipped.
    private(set) var taken: Int
    /// The next target; nil where all are taken (or none is left before the year 10000).
    private(set) var next: Timestamp?

    init(first: CivilDateTime, zoneName: String, zone: TimeZoneRules, period: Period, repetitions: Int?, taken: Int = 0) {
        self.first = first
        self.zoneName = zoneName
        self.zone = zone
        self.period = period
        self.repetitions = repetitions
        self.taken = taken
        next = nil
        next = target(taken)
    }

    /// - Parameters:
    ///   - timeZone: replaces the zone that the start is written with and keeps its fields; "" = none.
    ///   - now: the start of a schedule without one.
    ///   - zones: finds a zone of the tz database by its name.
    init(
        _ interval: RepeatingInterval, timeZone: String, now: Timestamp, zones: (String) throws(ClusterError) -> TimeZoneRules
    ) throws(ClusterError) {
        var zoneName = timeZone
        let zone: TimeZoneRules
        if timeZone.isEmpty {
            let offset = interval.start?.offsetSeconds ?? 0
            zone = TimeZoneRules(fixedOffset: offset)
            zoneName = zone.local(at: now).offsetText
        } else {
            zone = try Self.rules(timeZone, zones: zones)
        }
        self.init(
            first: interval.start?.local ?? zone.local(at: now).local, zoneName: zoneName, zone: zone, period: interval.period,
            repetitions: interval.repetitions)
    }

    /// The rules of a zone by its name in the tz database or its offset.
    static func rules(_ name: String, zones: (String) throws(ClusterError) -> TimeZoneRules) throws(ClusterError) -> TimeZoneRules {
        if let offset = ZonedDateTime.offset(name) { return TimeZoneRules(fixedOffset: offset) }
        return try zones(name)
    }

    /// How many targets are left; nil = no end.
    var remaining: Int? { repetitions.map { max(0, $0 - taken) } }

    /// The targets that are left, as a schedule to be shown.
    var interval: RepeatingInterval {
        RepeatingInterval(
            repetitions: remaining, start: zone.local(at: next ?? reckon(taken) ?? zone.time(of: first)), period: period)
    }

    /// Takes the next target.
    mutating func take() {
        taken += 1
        next = target(taken)
    }

    /// Takes all targets before a time.
    /// - Returns: how many.
    mutating func skip(before limit: Timestamp) -> Int {
        guard let next, next < limit else { return 0 }
        // Targets ascend: double the step until one is late enough, then halve the gap.
        var low = taken
        var step = 1
        while let target = target(low + step), target < limit {
            low += step
            step *= 2
        }
        var high = low + step
        while high - low > 1 {
            let middle = (low + high) / 2
            if let target = target(middle), target < limit { low = middle } else { high = middle }
        }
        defer {
            taken = high
            self.next = target(high)
        }
        return high - taken
    }

    /// The target of that number; nil where there is none.
    private func target(_ index: Int) -> Timestamp? {
        if let repetitions, index >= repetitions { return nil }
        return reckon(index)
    }

    /// When it would be, were there no end; nil from the year 10000 on.
    private func reckon(_ index: Int) -> Timestamp? {
        let (months, overflowsMonths) = period.months.multipliedReportingOverflow(by: index)
        let (days, overflowsDays) = period.days.multipliedReportingOverflow(by: index)
        let (exact, overflowsExact) = period.milliseconds.multipliedReportingOverflow(by: Int64(index))
        guard !overflowsMonths, !overflowsDays, !overflowsExact else { return nil }
        guard months < 120_000, days < 3_650_000, exact < 315_360_000_000_000 else { return nil }
        let date = first.adding(months: months)
        let shifted = CivilDateTime(millisecondsAsUTC: date.millisecondsAsUTC + Int64(days) * 86_400_000)
        let time = Timestamp(milliseconds: zone.time(of: shifted).milliseconds + exact)
        return CivilDateTime(millisecondsAsUTC: time.milliseconds).year < 10_000 ? time : nil
    }
}
