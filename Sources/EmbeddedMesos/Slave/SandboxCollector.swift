import ClusterCore
import Logging

/// Removes sandboxes of tasks that ended long ago (`--gc_delay`), and nothing else.
struct SandboxCollector: Sendable {
    let workDirectory: String
    let life: Duration

    /// Looks at once and then every hour, until cancelled.
    func run(_ logger: Logger) async {
        while !Task.isCancelled {
            let now = UnixTime.now()
            let removed = await OwnThread.run("files") { collect(now: now) }
            if removed > 0 { logger.info("removed \(removed) sandboxes of tasks that ended longer than \(life.mesosText) ago") }
            try? await Task.sleep(for: .seconds(3600))
        }
    }

    /// Removes what is due and returns how many sandboxes that were.
    func collect(now: Double) -> Int {
        var removed = 0
        let slaves = "\(workDirectory)/slaves"
        func names(_ path: String) -> [String] { (try? Files.list(path)) ?? [] }
        for agent in names(slaves) {
            for framework in names("\(slaves)/\(agent)/frameworks") {
                let executors = "\(agent)/frameworks/\(framework)/executors"
                for task in names("\(slaves)/\(executors)") {
                    let runs = "\(executors)/\(task)/runs"
                    for container in names("\(slaves)/\(runs)") where container != "latest" {
                        let sandbox = "\(slaves)/\(runs)/\(container)"
                        // A run with a checkpoint has not ended, or its end is not yet told.
                        guard !Files.exists("\(workDirectory)/meta/slaves/\(runs)/\(container)"),
                            let status = FileStatus("\(sandbox)/stdout") ?? FileStatus(sandbox), now - status.modified > life.seconds,
                            (try? Files.remove(sandbox)) != nil
                        else { continue }
                        removed += 1
                    }
                }
            }
        }
        return removed
    }
}
