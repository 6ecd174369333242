/// Standard and summer time by a yearly rule, as POSIX' `TZ` variable writes it: `CET-1CEST,M3.5.0,M10.5.0/3`
/// (IEEE Std 1003.1, "Environment Variables"; RFC 8536 section 3.3.1 lets the hours be -167 to 167).
struct YearlyRule: Sendable, Hashable {
    /// A day of the year and the local time at which the clock is changed.
    struct Change: Sendable, Hashable {
        enum Day: Sendable, Hashable {
            /// Day 1–365, 29 February never counted.
            case julian(Int)
            /// Day 0–365, 29 February counted.
            case zeroBased(Int)
            /// That weekday (0 = Sunday) of week 1–5 (5 = last) of month 1–12.
            case weekday(month: Int, week: Int, weekday: Int)
        }
        let day: Day
        let secondOfDay: Int

        /// Local time of the change in that year, as seconds since 1970 if the local time were UTC.
        func second(year: Int) -> Int64 {
            let dayNumber: Int
            switch day {
            case .julian(let number):
                dayNumber =
                    CivilDateTime.days(year: year, month: 1, day: 1) + number - 1 + (CivilDateTime.isLeap(year) && number > 59 ? 1 : 0)
            case .zeroBased(let number): dayNumber = CivilDateTime.days(year: year, month: 1, day: 1) + number
            case .weekday(let month, let week, let weekday):
                let first = CivilDateTime.days(year: year, month: month, day: 1)
                let firstWeekday = (first % 7 + 11) % 7  // 1970-01-01 was a Thursday (4).
                var day = 1 + (weekday - firstWeekday + 7) % 7 + (week - 1) * 7
                while day > CivilDateTime.days(inMonth: month, of: year) { day -= 7 }
                dayNumber = first + day - 1
            }
            return Int64(dayNumber) * 86_400 + Int64(secondOfDay)
        }
    }

    let standardOffset: Int
    let summerOffset: Int
    /// When summer time begins and ends; nil = always standard time.
    let changes: Changes?

    struct Changes: Sendable, Hashable {
        /// In standard time.
        let start: Change
        /// In summer time.
        let end: Change
    }

    func offset(atSecond second: Int64) -> Int {
        guard let changes else { return standardOffset }
        let local = CivilDateTime(millisecondsAsUTC: (second + Int64(standardOffset)) * 1000)
        let start = changes.start.second(year: local.year) - Int64(standardOffset)
        let end = changes.end.second(year: local.year) - Int64(summerOffset)
        let isSummer = start < end ? (start..<end).contains(second) : !(end..<start).contains(second)
        return isSummer ? summerOffset : standardOffset
    }
}

extension YearlyRule {
    /// Reads POSIX' form; nil where it is malformed.
    init?(posix text: String) {
        var reader = PosixReader(rest: text[...])
        guard reader.name(), let standardWest = reader.time() else { return nil }
        standardOffset = -standardWest
        guard !reader.rest.isEmpty else {
            summerOffset = standardOffset
            changes = nil
            return
        }
        guard reader.name() else { return nil }
        if reader.rest.first != ",", !reader.rest.isEmpty {
            guard let summerWest = reader.time() else { return nil }
            summerOffset = -summerWest
        } else {
            summerOffset = standardOffset + 3600
        }
        guard let start = reader.change(), let end = reader.change(), reader.rest.isEmpty else { return nil }
        changes = Changes(start: start, end: end)
    }
}

private struct PosixReader {
    var rest: Substring

    mutating func take(_ character: Character) -> Bool {
        guard rest.first == character else { return false }
        rest = rest.dropFirst()
        return true
    }

    mutating func name() -> Bool {
        if take("<") {
            guard let end = rest.firstIndex(of: ">") else { return false }
            rest = rest[rest.index(after: end)...]
            return true
        }
        let letters = rest.prefix(while: \.isLetter)
        rest = rest[letters.endIndex...]
        return letters.count >= 3
    }

    mutating func number() -> Int? {
        let digits = rest.prefix { ("0"..."9").contains($0) }
        rest = rest[digits.endIndex...]
        return Int(digits)
    }

    /// `[+-]hh[:mm[:ss]]` in seconds.
    mutating func time() -> Int? {
        let sign = take("-") ? -1 : 1
        if sign == 1 { _ = take("+") }
        guard let hours = number(), hours <= 167 else { return nil }
        var seconds = hours * 3600
        for unit in [60, 1] where take(":") {
            guard let part = number(), part < 60 else { return nil }
            seconds += part * unit
        }
        return sign * seconds
    }

    mutating func change() -> YearlyRule.Change? {
        guard take(",") else { return nil }
        let day: YearlyRule.Change.Day
        if take("M") {
            guard let month = number(), (1...12).contains(month), take("."), let week = number(), (1...5).contains(week), take("."),
                let weekday = number(), (0...6).contains(weekday)
            else { return nil }
            day = .weekday(month: month, week: week, weekday: weekday)
        } else if take("J") {
            guard let number = number(), (1...365).contains(number) else { return nil }
            day = .julian(number)
        } else {
            guard let number = number(), (0...365).contains(number) else { return nil }
            day = .zeroBased(number)
        }
        guard take("/") else { return YearlyRule.Change(day: day, secondOfDay: 7200) }
        guard let second = time() else { return nil }
        return YearlyRule.Change(day: day, secondOfDay: second)
    }
}
