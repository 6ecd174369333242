import Chronos
import ClusterCore
import Testing

@testable import ChronosScheduler

@Suite struct JobScheduleTests {
    func targets(_ text: String, zone: String = "", count: Int) throws -> [String] {
        var schedule = try JobSchedule(
            RepeatingInterval(text), timeZone: zone, now: time("2030-01-01T12:00:00Z"),
            zones: { name throws(ClusterError) in try hostZone(name) })
        var result: [String] = []
        while result.count < count, let next = schedule.next {
            result.append(next.description)
            schedule.take()
        }
        return result
    }

    @Test func `the last day of each month`() throws {
        #expect(
            try targets("R/2016-01-31T02:30:00Z/P1M", count: 5) == [
                "2016-01-31T02:30:00.000Z", "2016-02-29T02:30:00.000Z", "2016-03-31T02:30:00.000Z", "2016-04-30T02:30:00.000Z",
                "2016-05-31T02:30:00.000Z",
            ])
        #expect(try targets("R/2016-02-29T00:00:00Z/P1Y", count: 5).last == "2020-02-29T00:00:00.000Z")
    }

    @Test func `a zone replaces the one written and keeps the fields`() throws {
        #expect(try targets("R/2016-01-31T02:30:00Z/P1D", zone: "America/Los_Angeles", count: 1) == ["2016-01-31T10:30:00.000Z"])
        #expect(try targets("R/2016-01-31T02:30:00+05:00/P1D", zone: "America/Los_Angeles", count: 1) == ["2016-01-31T10:30:00.000Z"])
        #expect(try targets("R/2016-01-31T02:30:00+05:00/P1D", count: 1) == ["2016-01-30T21:30:00.000Z"])
    }

    @Test func `days follow the clock over its changes and hours do not`() throws {
        #expect(
            try targets("R/2016-03-12T02:30:00/P1D", zone: "America/Los_Angeles", count: 3) == [
                "2016-03-12T10:30:00.000Z", "2016-03-13T10:30:00.000Z", "2016-03-14T09:30:00.000Z",
            ])
        #expect(
            try targets("R/2016-03-12T02:30:00/PT24H", zone: "America/Los_Angeles", count: 3) == [
                "2016-03-12T10:30:00.000Z", "2016-03-13T10:30:00.000Z", "2016-03-14T10:30:00.000Z",
            ])
    }

    @Test func `no start is now, and R0 never`() throws {
        #expect(try targets("R2//PT10S", count: 5) == ["2030-01-01T12:00:00.000Z", "2030-01-01T12:00:10.000Z"])
        #expect(try targets("R0//PT10S", count: 5) == [])
    }

    @Test func `targets end before the year 10000`() throws {
        #expect(try targets("R/9998-01-01T00:00:00Z/P1Y", count: 5).count == 2)
        #expect(try targets("R/2016-01-01T00:00:00Z/P1000000000Y", count: 5).count == 1)
    }

    @Test(arguments: ["PT1S", "PT7M", "P1D", "P1M", "P1Y2M3DT4H5M6.7S"])
    func `skipping takes exactly the targets before the time`(period: String) throws {
        for limit in ["2016-01-31T02:30:00Z", "2016-01-31T02:30:01Z", "2016-02-29T02:30:00Z", "2016-12-31T00:00:00Z"] {
            let interval = try RepeatingInterval("R900000000/2016-01-31T02:30:00Z/\(period)")
            var schedule = try JobSchedule(
                interval, timeZone: "", now: time(limit), zones: { name throws(ClusterError) in try hostZone(name) })
            let skipped = schedule.skip(before: time(limit))
            #expect(schedule.next! >= time(limit))
            #expect(schedule.remaining == 900_000_000 - skipped)
            if skipped > 0 {
                let before = JobSchedule(
                    first: schedule.first, zoneName: "Z", zone: .utc, period: interval.period, repetitions: nil, taken: skipped - 1)
                #expect(before.next! < time(limit))
            }
        }
    }

    @Test func `skipping past the end uses the schedule up`() throws {
        var schedule = try JobSchedule(
            RepeatingInterval("R5/2016-01-31T02:30:00Z/P1D"), timeZone: "", now: time("2030-01-01T00:00:00Z"),
            zones: { name throws(ClusterError) in try hostZone(name) })
        #expect(schedule.skip(before: time("2030-01-01T00:00:00Z")) == 5)
        #expect(schedule.next == nil && schedule.remaining == 0)
    }

    @Test func `an unknown zone is named`() {
        #expect(throws: ClusterError.self) { try targets("R//P1D", zone: "Europe/Atlantis", count: 1) }
    }
}
