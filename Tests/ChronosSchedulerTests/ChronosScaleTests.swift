import Chronos
import ClusterCore
import Glibc
import Mesos
import Testing

@testable import ChronosScheduler

/// The core's work grows with the number of jobs, not with its square.
@Suite(.serialized) struct ChronosScaleTests {
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

    /// All jobs are due at once; each status is treated alone, as the leader does it, as if nothing were ever gathered.
    private func run(_ count: Int) throws -> Double {
        var chronos = CoreHarness()
        for index in 0..<count { try chronos.put(#"{"name":"j\#(index)","command":"true","schedule":"R1/2030-01-01T01:00:00Z/P1D"}"#) }
        let took = seconds {
            chronos.move(to: "2030-01-01T01:00:00Z")
            for state in [TaskState.running, .finished] {
                for task in chronos.launched {
                    chronos.core.advance(to: chronos.now)
                    chronos.report(task, state)
                    let pending = chronos.core.takePending()
                    _ = chronos.core.changes(of: pending)
                    _ = (chronos.core.wantsOffers, chronos.core.hasUnsettled, chronos.core.nextWake)
                }
            }
        }
        #expect(chronos.launched.count == count && Set(chronos.launched).count == count && chronos.core.runs.isEmpty)
        return took
    }

    @Test func `four times the jobs take not much more than four times as long`() throws {
        var (few, many) = (60.0, 60.0)
        for _ in 0..<3 { (few, many) = (min(few, try run(75)), min(many, try run(300))) }
        print("measured: 300 jobs \(many) s, 75 \(few) s")
        // Looking for what is due goes through all jobs, a small part of a status' cost; 16 would be the square.
        #expect(many / few < 12)
    }
}
