import Checks
import ClusterTestKit
import JSON
import Synchronization
import Testing

@Suite struct ChecksRunnerTests {
    /// A clock that the test moves, and a count of runs.
    final class World: Sendable {
        let now = Mutex(ContinuousClock.now)
        let runs = Mutex(0)
        let outcome = Mutex(Check.Outcome.pass("fine"))

        func check(_ name: String, gates: Set<Check.Gate> = [.ready]) -> Check {
            Check(name, proves: "something", gates: gates) { [self] in
                runs.withLock { $0 += 1 }
                return outcome.withLock { $0 }
            }
        }

        func runner(_ checks: [Check], paused: String? = nil, always: [Check] = []) -> ChecksRunner {
            ChecksRunner(
                checks: checks, always: always, role: { .leader }, now: { [self] in now.withLock { $0 } }, pausedReason: { paused })
        }

        func advance(_ duration: Duration) { now.withLock { $0 += duration } }
    }
    let world = World()

    @Test func runsOnlyWhenAskedAndReusesAnAnswerForASecond() async {
        let runner = world.runner([world.check("one")])
        #expect(world.runs.withLock { $0 } == 0)
        _ = await runner.summary()
        world.advance(.milliseconds(900))
        let reused = await runner.summary()
        #expect(world.runs.withLock { $0 } == 1)
        #expect(reused.reports[0].age == .milliseconds(900))
        world.advance(.milliseconds(100))
        _ = await runner.summary()
        #expect(world.runs.withLock { $0 } == 2)
    }

    @Test func concurrentAskersShareARun() async {
        let runs = Mutex(0)
        let (gate, opener) = AsyncStream.makeStream(of: Void.self)
        let runner = ChecksRunner(checks: [
            Check("slow", proves: "patience", timeout: .seconds(60)) {
                runs.withLock { $0 += 1 }
                for await _ in gate { break }
                return .pass("done")
            }
        ])
        async let first = runner.summary()
        async let second = runner.summary()
        async let third = runner.summary()
        opener.yield()
        let all = await [first, second, third]
        #expect(all.allSatisfy { $0.isPassing(.ready) })
        #expect(runs.withLock { $0 } == 1)
    }

    @Test func aRunThatTakesTooLongHasFailedAndIsNotStartedTwice() async throws {
        let runs = Mutex(0)
        let (gate, opener) = AsyncStream.makeStream(of: Void.self)
        let runner = ChecksRunner(
            checks: [
                Check("stuck", proves: "nothing", timeout: .milliseconds(50)) {
                    runs.withLock { $0 += 1 }
                    // Ignores its cancellation.
                    await Task.detached { for await _ in gate { break } }.value
                    return .pass("late")
                }
            ], reuse: .zero)
        let first = await runner.summary()
        #expect(first.failures(.ready).first?.hasPrefix("stuck: no answer within ") == true)
        let second = await runner.summary()
        #expect(!second.isPassing(.ready))
        #expect(runs.withLock { $0 } == 1)
        opener.yield()
        opener.finish()
        try await eventually("a fresh run") { await runner.summary().isPassing(.ready) }
        #expect(runs.withLock { $0 } > 1)
    }

    @Test func saysWhatWentWrongLast() async {
        let runner = world.runner([world.check("one")])
        world.outcome.withLock { $0 = .fail("2 of 3 answer") }
        let failed = await runner.summary()
        #expect(failed.failures(.ready) == ["one: 2 of 3 answer"])
        world.outcome.withLock { $0 = .pass("3 of 3 answer") }
        world.advance(.seconds(5))
        let passed = await runner.summary()
        #expect(passed.isPassing(.ready))
        #expect(passed.reports[0].lastFailure?.reason == "2 of 3 answer" && passed.reports[0].lastFailure?.age == .seconds(5))
        #expect(passed.reports[0].json["last_failure"]?["reason"] == "2 of 3 answer")
    }

    @Test func gatesAreIndependent() async {
        world.outcome.withLock { $0 = .fail("no") }
        let runner = world.runner([world.check("live", gates: [.live]), world.check("told", gates: [])])
        let summary = await runner.summary()
        #expect(!summary.isPassing(.live))
        #expect(summary.isPassing(.ready))
        let json = summary.json(.live, component: "x")
        #expect(json["live"] == false && json["reason"] == "live: no")
    }

    @Test func aPausedComponentIsNotAsked() async {
        let runner = world.runner([world.check("one", gates: [.live, .ready])], paused: "waits", always: [world.check("own")])
        let summary = await runner.summary()
        #expect(summary.reports.map(\.status) == [.pass, .skipped])
        #expect(summary.isPassing(.live))
        #expect(world.runs.withLock { $0 } == 1)
        #expect(await runner.role()?.role == .unknown("waits"))
    }

    @Test func metricsAreInPrometheusText() async {
        let metrics = MetricsRegistry()
        await metrics.increment("b_total", help: "counts", labels: ["x": "a\"b\\c\nd"], by: 2)
        await metrics.set("a", help: "a gauge", to: 0.5)
        await metrics.replace("role", help: "the role", samples: [["role": "standby"]: 1])
        await metrics.replace("role", help: "the role", samples: [["role": "leader"]: 1])
        #expect(
            await metrics.prometheusText() == """
                # HELP a a gauge
                # TYPE a gauge
                a 0.5
                # HELP b_total counts
                # TYPE b_total counter
                b_total{x="a\\"b\\\\c\\nd"} 2.0
                # HELP role the role
                # TYPE role gauge
                role{role="leader"} 1.0

                """)
    }
}
