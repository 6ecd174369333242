import ClusterTestKit
import EngineSupport
import JSON
import Mesos

@testable import EmbeddedMesos

extension TemporaryDirectory {
    /// Runs a body with a directory that is gone behind it.
    static func with(_ body: (String) async throws -> Void) async throws {
        let directory = try TemporaryDirectory("slave")
        try await body(directory.path)
        withExtendedLifetime(directory) {}
    }
}

enum Sample {
    static let framework = FrameworkInfo(
        user: "", name: "test", id: "F-0000", failoverTimeout: 60, checkpoint: true, role: "*",
        capabilities: ["TASK_KILLING_STATE", "PARTITION_AWARE"])

    static func task(_ id: String, _ line: String = "true", uris: [CommandInfo.URI] = [], health: HealthCheck? = nil) -> TaskInfo {
        TaskInfo(
            name: id, taskID: id, agentID: "M-S0", resources: Resources(cpus: 0.1, mem: 32),
            command: CommandInfo(value: line, uris: uris, environment: [.init("GREETING", "hello")]), healthCheck: health,
            killPolicy: KillPolicy(gracePeriod: .seconds(2)))
    }

    static func event(_ sequence: Int, _ state: String) -> TaskEvent {
        TaskEvent(sequence: sequence, uuid: "uuid-\(sequence)", timestamp: 1, pid: nil, status: StatusDraft(state: state))
    }
}
