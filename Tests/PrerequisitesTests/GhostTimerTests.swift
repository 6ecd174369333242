import Testing

@testable import Prerequisites

@Suite struct GhostTimerTests {
    @Test func `only an unbroken time counts`() {
        var timer = GhostTimer(patience: .seconds(90))
        let start = ContinuousClock.now
        #expect(!timer.look(isGhost: true, now: start))
        #expect(!timer.look(isGhost: true, now: start + .seconds(89)))
        #expect(!timer.look(isGhost: false, now: start + .seconds(90)))
        #expect(!timer.look(isGhost: true, now: start + .seconds(91)))
        #expect(timer.look(isGhost: true, now: start + .seconds(181)))
        // It begins afresh after a cure.
        #expect(!timer.look(isGhost: true, now: start + .seconds(182)))
    }
}
