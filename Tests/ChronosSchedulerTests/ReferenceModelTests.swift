import Chronos
import ClusterCore
import ClusterTestKit
import Mesos
import Testing

@testable import ChronosScheduler

/// Many random histories of a handful of scheduled jobs, checked against a model that is too simple to be wrong.
@Suite struct ReferenceModelTests {
    /// A job that runs each `period` seconds from `start` on, `count` times.
    struct Plan {
        let name: String
        let start: Int
        let period: Int
        let count: Int
        var targets: [Int] { (0..<count).map { start + $0 * period } }
    }

    @Test(arguments: 0..<60)
    func `every target runs once, within epsilon, or is counted as skipped`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let origin = time("2030-01-01T00:00:00Z")
        let epsilon = 10
        var chronos = CoreHarness()
        let plans = (0..<5).map { index in
            Plan(
                name: "j\(index)", start: Int.random(in: 0...30, using: &random), period: Int.random(in: 1...40, using: &random),
                count: Int.random(in: 1...20, using: &random))
        }
        for plan in plans {
            var job = ChronosJob(
                name: plan.name, command: "true",
                trigger: .schedule(
                    try RepeatingInterval("R\(plan.count)/\(origin + .seconds(plan.start))/PT\(plan.period)S"), timeZone: ""))
            job.epsilon = Period("PT\(epsilon)S")
            job.retries = 0
            try chronos.core.put(job, now: origin)
        }
        var running: Set<String> = []
        var launchedAt: [String: Int] = [:]
        var second = 0
        // What the model says about each job's targets.
        var expectedRuns: [String: [Int]] = [:]
        var (late, overlapping) = (0, 0)
        var looked: [String: Int] = [:]
        while second < 900 {
            let now = origin + .seconds(second)
            // Some tasks end before the clock is looked at.
            for task in running.sorted() where Bool.random(using: &random) {
                chronos.now = now
                chronos.report(task, .running)
                chronos.report(task, Bool.random(using: &random) ? .finished : .failed)
                running.remove(task)
            }
            // The model: of the targets that have become due since the last look, those older than epsilon are late; of the others
            // the first runs where nothing of the job runs, the rest overlap.
            for plan in plans {
                let due = plan.targets.filter { $0 <= second && $0 > looked[plan.name, default: -1] }
                let isBusy = running.contains { TaskID($0)?.key.job == plan.name }
                let timely = due.filter { $0 >= second - epsilon }
                late += due.count - timely.count
                if let first = timely.first, !isBusy { expectedRuns[plan.name, default: []].append(first) }
                overlapping += timely.count - (timely.isEmpty || isBusy ? 0 : 1)
                looked[plan.name] = second
            }
            chronos.now = now
            chronos.core.advance(to: now)
            if Int.random(in: 0..<10, using: &random) == 0 {
                let counters = chronos.core.counters
                chronos.failOver()
                // Counters belong to a leader; the model's are carried over.
                late -= counters.late
                overlapping -= counters.overlapping
                for unsettled in chronos.core.unsettled { chronos.report(unsettled.task, .running) }
            }
            let before = chronos.launched.count
            chronos.launch()
            for task in chronos.launched[before...] {
                #expect(launchedAt[task] == nil, "\(task) was launched twice")
                launchedAt[task] = second
                running.insert(task)
            }
            // Mostly the clock ticks; at times nobody leads for a while.
            second +=
                Int.random(in: 0..<12, using: &random) == 0 ? Int.random(in: 5...60, using: &random) : Int.random(in: 1...3, using: &random)
        }
        for plan in plans {
            let runs = launchedAt.keys.compactMap { TaskID($0) }.filter { $0.key.job == plan.name }.map {
                Int(($0.key.due - origin).components.seconds)
            }
            #expect(runs.sorted() == expectedRuns[plan.name, default: []])
            #expect(chronos.core.jobs[plan.name]?.schedule?.remaining == 0)
        }
        for (task, second) in launchedAt {
            let due = try #require(TaskID(task)).key.due
            #expect(origin + .seconds(second) - due <= .seconds(epsilon))
        }
        #expect(chronos.core.counters.late == late)
        #expect(chronos.core.counters.overlapping == overlapping)
    }
}
