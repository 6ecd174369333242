import JSON
import Marathon
import Mesos
import Testing

@testable import MarathonScheduler

/// The core's work grows with the number of instances, not with its square.
@Suite(.serialized) struct ScaleTests {
    /// From the first offer to the end of the deployment, each status followed up alone, as if nothing were ever gathered.
    private func deploy(_ count: Int) throws -> Duration {
        var marathon = MarathonCoreHarness()
        try marathon.create(["id": "/a", "cmd": "true", "instances": .number(count), "cpus": 0.01, "mem": 1])
        let took = ContinuousClock().measure { marathon.run() }
        #expect(marathon.launched.count == count && marathon.core.deployments == [])
        return took
    }

    @Test func fourTimesTheInstancesTakeNotMuchMoreThanFourTimesAsLong() throws {
        // The machine may be busy with something else for a while.
        var (few, many) = (Duration.seconds(60), Duration.seconds(60))
        for _ in 0..<3 { (few, many) = (min(few, try deploy(75)), min(many, try deploy(300))) }
        print("measured: 300 instances \(many), 75 \(few)")
        #expect(many / few < 9)
    }
}
