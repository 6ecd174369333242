import Chronos
import ClusterCore
import EngineSupport

/// `GET jobs/search`: case is ignored, and 10 jobs are answered where no limit is given.
struct JobSearch {
    let name: String
    let command: String
    let any: String
    let limit: Int
    let offset: Int

    init(_ request: EngineRequest) throws(ClusterError) {
        func number(_ key: String, _ fallback: Int) throws(ClusterError) -> Int {
            guard let text = request.query(key), !text.isEmpty else { return fallback }
            guard let number = Int(text), number >= 0 else {
                throw ClusterError(.invalid, "'\(key)' must be a whole number, 0 or more, not '\(text)'")
            }
            return number
        }
        name = request.query("name")?.lowercased() ?? ""
        command = request.query("command")?.lowercased() ?? ""
        any = request.query("any")?.lowercased() ?? ""
        limit = try number("limit", 10)
        offset = try number("offset", 0)
    }

    func pick(from records: some Sequence<JobRecord>) -> ArraySlice<JobRecord> {
        let found = records.filter { record in
            let (jobName, jobCommand) = (record.job.name.lowercased(), record.job.command.lowercased())
            return Self.holds(jobName, name) && Self.holds(jobCommand, command)
                && (Self.holds(jobName, any) || Self.holds(jobCommand, any))
        }
        return found.sorted { $0.job.name < $1.job.name }.dropFirst(offset).prefix(limit)
    }

    private static func holds(_ text: String, _ part: String) -> Bool { part.isEmpty || text.contains(part) }
}
