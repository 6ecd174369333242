import Testing

@testable import Prerequisites

@Suite struct GhostTimerTests {
    @Test func `only an unbroken time counts`() {
        var timer = GhostTimer(patience: .seconds(90))
        let start = ContinuousClock.now
        // The last one begins afresh, after a cure.
        let looks = [(true, 0), (true, 89), (false, 90), (true, 91), (true, 181), (true, 182)]
        let cures = looks.map { isGhost, seconds in timer.look(isGhost: isGhost, now: start + .seconds(seconds)) }
        #expect(cures == [false, false, false, false, true, false])
    }
}
