import Chronos
import JSON

/// Jobs and what they wait for, in the forms of `graph/dot`, `graph/csv` and `jobs/summary`.
struct GraphView {
    let core: SchedulerCore

    private var records: [JobRecord] { core.jobs.values.sorted { $0.job.name < $1.job.name } }

    private var links: [(parent: String, child: String)] {
        records.flatMap { record in core.graph.children(of: record.job.name).map { (record.job.name, $0) } }
    }

    /// JGraphT's layout: nodes are numbered from 1.
    var dot: String {
        var numbers: [String: Int] = [:]
        var text = "digraph G {\n"
        for (index, record) in records.enumerated() {
            numbers[record.job.name] = index + 1
            text += "  \(index + 1) [ label=\"\(record.job.name)\" ];\n"
        }
        for link in links { text += "  \(numbers[link.parent] ?? 0) -> \(numbers[link.child] ?? 0);\n" }
        return text + "}\n"
    }

    /// Rows `node,<name>,<outcome>,<state>` and `link,<parent>,<child>`; only 3.0.2 says how many are running.
    func csv(_ version: ChronosVersion) -> String {
        var text = ""
        for record in records {
            let state = core.state(of: record.job.name)
            text +=
                "node,\(record.job.name),\(record.outcome.rawValue),\(version == .v2_4 && state.hasSuffix("running") ? "running" : state)\n"
        }
        for link in links { text += "link,\(link.parent),\(link.child)\n" }
        return text
    }

    var summary: JSON {
        let jobs = records.map { record -> JSON in
            [
                "name": .string(record.job.name), "status": .string(record.outcome.rawValue),
                "state": .string(core.state(of: record.job.name)), "schedule": .string(record.shown.scheduleText),
                "parents": .array(record.job.parents.map(JSON.string)), "disabled": .bool(record.job.isDisabled),
            ]
        }
        return ["jobs": .array(jobs)]
    }
}
