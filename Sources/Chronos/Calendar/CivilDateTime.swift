/// Date and time of day in the proleptic Gregorian calendar, without a zone.
public struct CivilDateTime: Sendable, Hashable {
    /// Year, 1 = 1 AD.
    public var year: Int
    /// 1–12.
    public var month: Int
    /// 1–31.
    public var day: Int
    /// Milliseconds since midnight, 0–86,399,999.
    public var millisecondOfDay: Int

    static let millisecondsPerDay: Int64 = 86_400_000

    /// Makes a date and time; nil where the calendar has no such day or the day no such time.
    public init?(year: Int, month: Int, day: Int, hour: Int = 0, minute: Int = 0, second: Int = 0, millisecond: Int = 0) {
        guard (1...9999).contains(year), (1...12).contains(month), day >= 1, day <= Self.days(inMonth: month, of: year) else { return nil }
        guard (0..<24).contains(hour), (0..<60).contains(minute), (0..<60).contains(second), (0..<1000).contains(millisecond) else {
            return nil
        }
        self.year = year
        self.month = month
        self.day = day
        millisecondOfDay = ((hour * 60 + minute) * 60 + second) * 1000 + millisecond
    }

    /// The date and time that a clock in UTC shows then.
    public init(millisecondsAsUTC: Int64) {
        var days = millisecondsAsUTC / Self.millisecondsPerDay
        var rest = millisecondsAsUTC % Self.millisecondsPerDay
        if rest < 0 {
            rest += Self.millisecondsPerDay
            days -= 1
        }
        millisecondOfDay = Int(rest)
        (year, month, day) = Self.date(fromDays: Int(days))
    }

    /// Milliseconds since 1970-01-01T00:00:00Z if this were UTC.
    public var millisecondsAsUTC: Int64 {
        Int64(Self.days(year: year, month: month, day: day)) * Self.millisecondsPerDay + Int64(millisecondOfDay)
    }

    /// The same time of day that many months (12 a year) later; a day that the month has not becomes its last day.
    public func adding(months: Int) -> CivilDateTime {
        var result = self
        let total = year * 12 + (month - 1) + months
        result.year = total / 12
        result.month = total % 12 + 1
        result.day = min(day, Self.days(inMonth: result.month, of: result.year))
        return result
    }

    /// Length of a month, 28–31.
    public static func days(inMonth month: Int, of year: Int) -> Int {
        switch month {
        case 2: isLeap(year) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// True for years with a 29 February.
    public static func isLeap(_ year: Int) -> Bool { year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) }

    /// Days since 1970-01-01. Counts in eras of 400 years that begin on 1 March, so that the leap day comes last.
    static func days(year: Int, month: Int, day: Int) -> Int {
        let shifted = month <= 2 ? year - 1 : year
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }

    static func date(fromDays days: Int) -> (year: Int, month: Int, day: Int) {
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
    }
}
