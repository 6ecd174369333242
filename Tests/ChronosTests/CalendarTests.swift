@testable import Chronos
import ClusterCore
import Glibc
import Testing

/// Compiled zones of the host: Debian's tzdata.
func zone(_ name: String) throws -> TimeZoneRules {
    let file = try #require(fopen("/usr/share/zoneinfo/\(name)", "r"), "tzdata is installed")
    defer { fclose(file) }
    var bytes: [UInt8] = []
    while case let byte = fgetc(file), byte != EOF { bytes.append(UInt8(byte)) }
    return try TimeZoneRules(tzif: bytes)
}

@Suite struct CalendarTests {
    @Test func `reads and writes times`() throws {
        #expect(Timestamp("1970-01-01T00:00:00Z")?.milliseconds == 0)
        #expect(Timestamp("2016-02-29T12:30:15.250Z")?.milliseconds == 1_456_749_015_250)
        #expect(Timestamp("2016-02-29T14:30:15.25+02:00")?.description == "2016-02-29T12:30:15.250Z")
        #expect(Timestamp("2016-02-29")?.description == "2016-02-29T00:00:00.000Z")
        #expect(Timestamp("2016-02-29T10")?.description == "2016-02-29T10:00:00.000Z")
        #expect(Timestamp("2016-02-29T10:05-0330")?.description == "2016-02-29T13:35:00.000Z")
        for wrong in [
            "", "2016", "2015-02-29", "2016-13-01", "2016-01-01T24:00:00Z", "2016-01-01T10:00:00X", "20160101T100000Z", "2016-01-01 10:00",
        ] {
            #expect(Timestamp(wrong) == nil, "\(wrong)")
        }
    }

    @Test func `every day of 400 years converts there and back`() {
        var date = CivilDateTime.date(fromDays: -146_097)
        for days in -146_097...146_097 {
            let next = CivilDateTime.date(fromDays: days)
            #expect(CivilDateTime.days(year: next.year, month: next.month, day: next.day) == days)
            if days > -146_097 {
                let follows =
                    (next.year, next.month, next.day) == (date.year, date.month, date.day + 1)
                    || (next.day == 1 && date.day == CivilDateTime.days(inMonth: date.month, of: date.year))
                if !follows { Issue.record("\(next) does not follow \(date)") }
            }
            date = next
        }
    }

    @Test func `reads periods`() throws {
        let all = try #require(Period("P1Y2M3W4DT5H6M7.5S"))
        #expect(all.months == 14)
        #expect(all.days == 25)
        #expect(all.milliseconds == (5 * 3600 + 6 * 60 + 7) * 1000 + 500)
        #expect(Period("PT10S")?.milliseconds == 10_000)
        #expect(Period("P1M")?.months == 1)
        #expect(Period("PT1M")?.milliseconds == 60_000)
        #expect(Period("PT0S")?.isZero == true)
        for wrong in ["", "P", "PT", "P1", "1D", "P1H", "PT1D", "P-1D", "P1D2M", "P1.5D", "PT.5S", "P1DT", "PT99999999999999H", "p1d"] {
            #expect(Period(wrong) == nil, "\(wrong)")
        }
    }

    @Test func `reads schedules`() throws {
        let bounded = try RepeatingInterval("R5/2016-01-31T02:30:00Z/P1M")
        #expect(bounded.repetitions == 5)
        #expect(bounded.description == "R5/2016-01-31T02:30:00.000Z/P1M")
        let now = try RepeatingInterval("R//PT10S")
        #expect(now.repetitions == nil && now.start == nil)
        #expect(try RepeatingInterval("R0//P1D").repetitions == 0)
        for wrong in [
            "", "R", "R5", "R-1//P1D", "Rx//P1D", "R1//", "R1//PT0S", "R1/yesterday/P1D", "R1/1969-12-31T00:00:00Z/P1D", "R1//P1D/",
            "5//P1D",
        ] {
            #expect(throws: ClusterError.self, "\(wrong)") { try RepeatingInterval(wrong) }
        }
    }

    @Test func `offsets follow the tz database before, within and after its table`() throws {
        let rome = try zone("Europe/Rome")
        func offset(_ text: String) throws -> Int { rome.offset(at: try #require(Timestamp(text))) }
        #expect(try offset("2016-01-01T00:00:00Z") == 3600)
        #expect(try offset("2016-07-01T00:00:00Z") == 7200)
        #expect(try offset("2016-03-27T00:59:59Z") == 3600)
        #expect(try offset("2016-03-27T01:00:00Z") == 7200)
        #expect(try offset("2080-07-01T00:00:00Z") == 7200)
        #expect(try offset("2080-12-31T00:00:00Z") == 3600)
        #expect(try zone("Asia/Kolkata").offset(at: Timestamp(milliseconds: 1_700_000_000_000)) == 19_800)
        // The south has its summer across the turn of the year.
        #expect(try zone("Australia/Sydney").offset(at: #require(Timestamp("2090-01-15T00:00:00Z"))) == 39_600)
        #expect(try zone("Australia/Sydney").offset(at: #require(Timestamp("2090-07-15T00:00:00Z"))) == 36_000)
        // Ireland's "summer time" is its standard, and winter the exception.
        #expect(try zone("Europe/Dublin").offset(at: #require(Timestamp("2090-07-15T00:00:00Z"))) == 3600)
        #expect(try zone("Europe/Dublin").offset(at: #require(Timestamp("2090-01-15T00:00:00Z"))) == 0)
    }

    @Test func `a time that the clock skips becomes later, one that it shows twice is the first`() throws {
        let angeles = try zone("America/Los_Angeles")
        let skipped = try #require(ZonedDateTime("2016-03-13T02:30:00")).local
        #expect(angeles.time(of: skipped).description == "2016-03-13T10:30:00.000Z")
        #expect(angeles.local(at: angeles.time(of: skipped)).description == "2016-03-13T03:30:00.000-07:00")
        let twice = try #require(ZonedDateTime("2016-11-06T01:30:00")).local
        #expect(angeles.time(of: twice).description == "2016-11-06T08:30:00.000Z")
    }

    @Test func `every hour of years with clock changes converts there and back`() throws {
        for name in ["Europe/Rome", "America/Los_Angeles", "Australia/Lord_Howe", "Africa/Casablanca", "Asia/Kathmandu", "America/Nuuk"] {
            let zone = try zone(name)
            for start in ["2016-01-01T00:00:00Z", "2037-06-01T00:00:00Z", "2055-01-01T00:00:00Z"] {
                var time = try #require(Timestamp(start))
                for _ in 0..<(2 * 366 * 24) {
                    let shown = zone.local(at: time)
                    let back = zone.time(of: shown.local)
                    // Equal, or the first of two times at which the clock shows this.
                    if back != time && !(back < time && zone.local(at: back).local == shown.local) {
                        Issue.record("\(name): \(time) is shown as \(shown), which is read as \(back)")
                    }
                    time = time + .seconds(3600)
                }
            }
        }
    }

    @Test func `a zone's name can't leave the directory`() {
        #expect(TimeZoneRules.isName("America/Argentina/Buenos_Aires"))
        #expect(TimeZoneRules.isName("Etc/GMT+1"))
        for wrong in ["", "/etc/passwd", "../passwd", "Europe/../../x", "Europe//Rome", "Europe/Rome\n", "a b"] {
            #expect(!TimeZoneRules.isName(wrong))
        }
    }

    @Test func `bytes that are no zone are refused`() {
        #expect(throws: ClusterError.self) { try TimeZoneRules(tzif: []) }
        #expect(throws: ClusterError.self) { try TimeZoneRules(tzif: Array("TZif2".utf8)) }
        #expect(throws: ClusterError.self) { try TimeZoneRules(tzif: Array("TZif2".utf8) + [UInt8](repeating: 0xFF, count: 60)) }
    }
}
