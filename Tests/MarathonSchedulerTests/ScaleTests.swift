import Glibc
import JSON
import Marathon
import Testing

@testable import MarathonScheduler

/// The core's work grows with the number of instances, not with its square.
@Suite(.serialized) struct ScaleTests {
    /// CPU time of this thread: the machine may be busy with something else.
    private func seconds(of work: () throws -> Void) rethrows -> Double {
        func now() -> Double {
            var time = timespec()
            clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
            return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
        }
        let start = now()
        try work()
        return now() - start
    }

    /// From the first offer to the end of the deployment, each status followed up alone, as if nothing were ever gathered.
    private func deploy(_ count: Int) throws -> Double {
        var marathon = MarathonCoreHarness()
        try marathon.create(["id": "/a", "cmd": "true", "instances": .number(count), "cpus": 0.01, "mem": 1])
        let took = seconds { marathon.run() }
        #expect(marathon.launched.count == count && marathon.core.deployments == [])
        return took
    }

    @Test func fourTimesTheInstancesTakeNotMuchMoreThanFourTimesAsLong() throws {
        var (few, many) = (60.0, 60.0)
        for _ in 0..<3 { (few, many) = (min(few, try deploy(75)), min(many, try deploy(300))) }
        print("measured: 300 instances \(many) s, 75 \(few) s")
        #expect(many / few < 9)
    }
}
