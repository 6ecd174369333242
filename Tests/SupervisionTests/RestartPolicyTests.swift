import Supervision
import Testing

@Suite struct RestartPolicyTests {
    func seconds(_ number: Double) -> Duration { .milliseconds(Int(number * 1000)) }

    @Test func pausesGrowFromOneToThirtySeconds() {
        var policy = RestartPolicy()
        var now = Duration.zero
        var pauses: [Duration] = []
        for _ in 0..<8 {
            now += .seconds(40)
            guard case .restart(let pause) = policy.ended(at: now, ran: .seconds(20), chance: 0.5) else { break }
            pauses.append(pause)
        }
        #expect(pauses == [1, 2, 4, 8, 16, 30, 30, 30].map { .seconds($0) })
    }

    @Test func chanceStaysWithinTheBounds() {
        for chance in [0, 0.25, 0.5, 0.999] {
            var policy = RestartPolicy()
            for round in 0..<10 {
                guard case .restart(let pause) = policy.ended(at: .seconds(round * 100), ran: .seconds(1), chance: chance) else {
                    Issue.record("gave up")
                    return
                }
                #expect((.seconds(1) ... .seconds(30)).contains(pause))
            }
        }
        var low = RestartPolicy()
        var high = RestartPolicy()
        _ = low.ended(at: .zero, ran: .zero, chance: 0)
        _ = high.ended(at: .zero, ran: .zero, chance: 0)
        #expect(low.ended(at: .seconds(1), ran: .zero, chance: 0) != high.ended(at: .seconds(1), ran: .zero, chance: 0.9))
    }

    @Test func givesUpAfterFiveExitsWithinAMinute() {
        var policy = RestartPolicy()
        for second in [0, 10, 20, 30] {
            guard case .restart = policy.ended(at: .seconds(second), ran: .zero, chance: 0) else {
                Issue.record("gave up early")
                return
            }
        }
        guard case .giveUp(let reason) = policy.ended(at: .seconds(59), ran: .zero, chance: 0) else {
            Issue.record("did not give up")
            return
        }
        #expect(reason == "it ended 5 times within 1mins")
    }

    @Test func forgetsExitsThatAreOlderThanTheWindow() {
        var policy = RestartPolicy()
        for second in [0, 15, 30, 45, 60, 75, 90] {
            guard case .restart = policy.ended(at: .seconds(second), ran: .zero, chance: 0) else {
                Issue.record("gave up at \(second)")
                return
            }
        }
    }

    @Test func aHealthyRunLetsThePausesBeginAnew() {
        var policy = RestartPolicy()
        for second in [0, 20, 40] { _ = policy.ended(at: .seconds(second), ran: .seconds(1), chance: 0.5) }
        #expect(policy.ended(at: .seconds(200), ran: .seconds(60), chance: 0.5) == .restart(after: .seconds(1)))
    }

    @Test func neverMeansNever() {
        var policy = RestartPolicy(.never)
        #expect(policy.ended(at: .zero, ran: .seconds(10_000), chance: 0) == .giveUp("restarts are off"))
    }
}
