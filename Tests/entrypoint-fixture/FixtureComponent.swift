import Checks
import ClusterCore
import Entrypoint
import Glibc
import JSON
import Logging
import Settings
import Supervision

struct FixtureComponent: Component {
    struct Facts: PlanFacts {
        let hostname: String
        var json: JSON { ["hostname": .string(hostname)] }
        init(hostname: String) { self.hostname = hostname }
        init(json: JSON) throws(ClusterError) {
            guard let hostname = json["hostname"]?.string else { throw ClusterError(.invalid, "the facts need hostname") }
            self.hostname = hostname
        }
    }

    static let schema = FixtureSettings.schema

    static func gatherFacts(_ settings: ResolvedSettings, host: HostFacts) async throws(ClusterError) -> Facts {
        Facts(hostname: host.hostname)
    }

    static func plan(_ settings: ResolvedSettings, facts: Facts) throws(PlanRefusal) -> LaunchPlan {
        let refusals = settings[FixtureSettings.refusals]
        guard refusals.isEmpty else { throw PlanRefusal(refusals) }
        let command = settings[FixtureSettings.command]
        var plan = LaunchPlan(component: "fixture", argv: command == "none" ? [] : [settings[FixtureSettings.program], "-c", command])
        plan.notes = ["host: \(facts.hostname)"]
        plan.environment = ["PATH": "/usr/bin:/bin", "FIXTURE_SECRET": settings[FixtureSettings.password] ?? "none"]
        plan.secretEnvironment = ["FIXTURE_SECRET"]
        plan.stop.secondSignal = settings[FixtureSettings.secondSignal].map(Int32.init)
        plan.leavesSessions = settings[FixtureSettings.leavesSessions]
        plan.files = files(settings)
        if let port = settings[FixtureSettings.listens] { plan.listens = [ListeningPort("127.0.0.1", port, setting: "FIXTURE_LISTENS")] }
        if let path = settings[FixtureSettings.awaited] { plan.prerequisites = [awaited(path)] }
        if let path = settings[FixtureSettings.readyFile] { plan.checks = [ready(path)] }
        plan.role = { .standby(leader: "somebody else") }
        plan.companions = companions(settings[FixtureSettings.companion])
        mark(&plan, settings)
        return plan
    }

    private static func files(_ settings: ResolvedSettings) -> [PlannedFile] {
        guard let path = settings[FixtureSettings.file] else { return [] }
        let password = settings[FixtureSettings.password]
        return [
            PlannedFile(
                path: path, content: password ?? settings[FixtureSettings.content], isSecret: password != nil,
                validate: settings[FixtureSettings.validator])
        ]
    }

    private static func awaited(_ path: String) -> Prerequisite {
        Prerequisite("file", "the file \(path)") {
            Files.exists(path) ? .met("\(path) is there") : .missing("\(path) does not exist")
        }
    }

    private static func ready(_ path: String) -> Check {
        Check("ready-file", proves: "\(path) exists") {
            Files.exists(path) ? .pass("\(path) is there") : .fail("\(path) does not exist")
        }
    }

    private static func companions(_ kind: String) -> [Companion] {
        switch kind {
        case "fails": [Companion("failing") { _ in throw ClusterError(.unavailable, "its source is away") }]
        case "signals":
            [
                Companion("signalling") { context in
                    while !Task.isCancelled, await context.childPID() == nil { await Task.yield() }
                    _ = await context.signalChild(SIGUSR1)
                    await context.metrics.increment("fixture_signals_total", help: "signals sent")
                    try await Task.sleep(for: .seconds(3600))
                }
            ]
        case "spawns":
            [
                Companion("spawning") { context in
                    let count = try await spawnWhileKilling()
                    context.logger.info("\(count) ended as they should")
                    try await Task.sleep(for: .seconds(3600))
                }
            ]
        default: []
        }
    }

    /// Runs 1000 commands while leftovers are looked for all the time.
    private static func spawnWhileKilling() async throws -> Int {
        let killing = Task {
            while !Task.isCancelled { _ = await ProcessReaper.shared.endLeftovers(.all) }
        }
        defer { killing.cancel() }
        return try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    var right = 0
                    for _ in 0..<250 {
                        let result = try await Command(["/bin/sh", "-c", "exit 3"]).run()
                        if result.termination == .exited(3) { right += 1 }
                    }
                    return right
                }
            }
            return try await group.reduce(0, +)
        }
    }

    private static func mark(_ plan: inout LaunchPlan, _ settings: ResolvedSettings) {
        guard let path = settings[FixtureSettings.marks] else { return }
        let failsAfterStop = settings[FixtureSettings.failsAfterStop]
        plan.beforeStart = [PlanAction("write a mark") { _ throws(ClusterError) in append("before", path) }]
        plan.afterExit = [
            ExitAction("write a mark") { child, _ throws(ClusterError) in
                // The child and all that it left must be gone by now.
                let left = ProcessTable().descendants(of: getpid()).filter { $0.state != "Z" }.count
                let unended = child.left.map { " unended=\($0)" }.joined()
                append("exit \(child.exitCode) stopping=\(child.isStopping) left=\(left)\(unended)", path)
            }
        ]
        plan.afterStop = [
            PlanAction("verify the end") { _ throws(ClusterError) in
                append("after", path)
                if failsAfterStop { throw ClusterError(.conflict, "something is left") }
            }
        ]
    }

    private static func append(_ line: String, _ path: String) {
        let descriptor = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o644)
        let bytes = Array("\(line)\n".utf8)
        _ = write(descriptor, bytes, bytes.count)
        close(descriptor)
    }
}
