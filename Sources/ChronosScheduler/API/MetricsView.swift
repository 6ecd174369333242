import ClusterCore
import JSON

/// How long tasks ran and how runs ended since this leader began: `job/stat`, `stats` and `/metrics`.
struct MetricsView {
    let core: SchedulerCore

    private static let percentiles: [(name: String, share: Double)] = [
        ("75thPercentile", 0.75), ("95thPercentile", 0.95), ("98thPercentile", 0.98), ("99thPercentile", 0.99), ("median", 0.5),
    ]

    /// `{"histogram":{…},"taskStatHistory":[]}`: milliseconds; the history would need Cassandra.
    func statistics(of name: String) -> JSON {
        let durations = sorted(name)
        var histogram = JSONObject()
        for (label, share) in Self.percentiles { histogram[label] = .double(Self.percentile(durations, share) * 1000) }
        histogram["mean"] = .double(Self.mean(durations) * 1000)
        histogram["count"] = .number(durations.count)
        return ["histogram": .object(histogram), "taskStatHistory": []]
    }

    /// `[{"jobNameLabel":"a","time":0.5}]` in seconds, the longest first.
    func times(_ which: String) throws(ClusterError) -> JSON {
        let share = Self.percentiles.first { $0.name == which }?.share
        guard share != nil || which == "mean" else {
            let names = Self.percentiles.map(\.name).joined(separator: ", ")
            throw ClusterError(.invalid, "'\(which)' is not one of \(names), mean")
        }
        let times = core.jobs.keys.sorted().map { name -> (name: String, time: Double) in
            let durations = sorted(name)
            return (name, share.map { Self.percentile(durations, $0) } ?? Self.mean(durations))
        }
        return .array(
            times.sorted { ($1.time, $0.name) < ($0.time, $1.name) }.map { ["jobNameLabel": .string($0.name), "time": .double($0.time)] })
    }

    /// The layout of codahale's metrics 3.
    var json: JSON {
        var counters = JSONObject()
        var histograms = JSONObject()
        for name in core.jobs.keys.sorted() {
            counters["jobs.run.success.\(name)"] = ["count": .number(core.counters.successes[name] ?? 0)]
            counters["jobs.run.failure.\(name)"] = ["count": .number(core.counters.failures[name] ?? 0)]
            let durations = sorted(name)
            histograms["jobs.run.time.\(name)"] = [
                "count": .number(durations.count), "max": .double((durations.last ?? 0) * 1000),
                "mean": .double(Self.mean(durations) * 1000),
                "min": .double((durations.first ?? 0) * 1000), "p50": .double(Self.percentile(durations, 0.5) * 1000),
                "p75": .double(Self.percentile(durations, 0.75) * 1000), "p95": .double(Self.percentile(durations, 0.95) * 1000),
                "p98": .double(Self.percentile(durations, 0.98) * 1000), "p99": .double(Self.percentile(durations, 0.99) * 1000),
            ]
        }
        counters["scheduler.targets.late"] = ["count": .number(core.counters.late)]
        counters["scheduler.targets.overlapping"] = ["count": .number(core.counters.overlapping)]
        let running = core.runs.values.count(where: \.isLaunched)
        return [
            "version": "3.0.0",
            "gauges": [
                "jobs": ["value": .number(core.jobs.count)], "runs.launched": ["value": .number(running)],
                "runs.queued": ["value": .number(core.runs.count - running)],
            ],
            "counters": .object(counters), "histograms": .object(histograms), "meters": [:], "timers": [:],
        ]
    }

    private func sorted(_ name: String) -> [Double] { (core.counters.durations[name] ?? []).sorted() }

    private static func percentile(_ sorted: [Double], _ share: Double) -> Double {
        guard let last = sorted.last else { return 0 }
        let index = Int((share * Double(sorted.count)).rounded(.up)) - 1
        return sorted.indices.contains(index) ? sorted[index] : last
    }

    private static func mean(_ values: [Double]) -> Double { values.isEmpty ? 0 : values.reduce(0, +) / Double(values.count) }
}
