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
        let ratios = try (0..<3).map { _ in try deploy(300) / deploy(75) }
        print("measured: 300 instances take \(ratios.min() ?? 0) times as long as 75")
        #expect((ratios.min() ?? 0) < 9)
    }
}
