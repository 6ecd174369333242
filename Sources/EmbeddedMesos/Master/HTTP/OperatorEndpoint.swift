import ClusterCore
import EngineSupport
import JSON
import Mesos

/// `POST /api/v1` (Mesos documentation, "Operator HTTP API").
struct OperatorEndpoint: Sendable {
    let node: MasterNode
    let master: Master

    /// Calls that upstream knows and this master refuses by name.
    private static let unsupported: Set<String> = [
        "SET_LOGGING_LEVEL", "LIST_FILES", "READ_FILE", "GET_OPERATIONS", "UPDATE_WEIGHTS", "RESERVE_RESOURCES", "UNRESERVE_RESOURCES",
        "CREATE_VOLUMES", "DESTROY_VOLUMES", "GROW_VOLUME", "SHRINK_VOLUME", "UPDATE_MAINTENANCE_SCHEDULE", "START_MAINTENANCE",
        "STOP_MAINTENANCE", "SET_QUOTA", "UPDATE_QUOTA", "REMOVE_QUOTA", "MARK_AGENT_GONE", "DRAIN_AGENT", "DEACTIVATE_AGENT",
        "REACTIVATE_AGENT", "MARK_RESOURCE_PROVIDER_GONE",
    ]

    /// Answers a call.
    func respond(to request: EngineRequest) async throws(ClusterError) -> EngineResponse {
        let call: JSON
        do {
            call = try APIRequest.json(request)
        } catch {
            return .text(error.message, status: 400)
        }
        guard let type = call["type"]?.string else {
            return .text("Failed to validate master::Call: Expecting 'type' to be present", status: 400)
        }
        switch type {
        case "SUBSCRIBE":
            guard let stream = await master.subscribeOperator() else {
                return .text("The limit of operator event stream subscribers is reached", status: 503)
            }
            return .stream(stream, type: "application/json")
        case "TEARDOWN": return try await teardown(call, request)
        case let type where Self.unsupported.contains(type):
            return .text("Call \(type) is not supported by the embedded Mesos master", status: 501)
        default:
            guard let body = await answer(type) else {
                return .text("Failed to validate master::Call: Expecting 'type' to be present", status: 400)
            }
            return .json(.object(["type": .string(type), type.lowercased(): body]))
        }
    }

    private func answer(_ type: String) async -> JSON? {
        let state = await master.state
        switch type {
        case "GET_HEALTH": return ["healthy": true]
        case "GET_FLAGS":
            let flags = node.configuration.flags.sorted { $0.key < $1.key }
            return ["flags": .array(flags.map { ["name": .string($0.key), "value": .string($0.value)] })]
        case "GET_VERSION": return ["version_info": EmbeddedMesosVersion.json]
        case "GET_METRICS":
            let snapshot = MasterMetrics.snapshot(node: node, state: state, subscribers: await master.subscriberCount)
            return ["metrics": .array(snapshot.map { ["name": .string($0.key), "value": $0.value] })]
        case "GET_LOGGING_LEVEL": return ["level": 0]
        case "GET_STATE": return state.operatorState()
        case "GET_AGENTS": return state.operatorAgents()
        case "GET_FRAMEWORKS": return state.operatorFrameworks()
        case "GET_EXECUTORS": return ["executors": []]
        case "GET_TASKS": return state.operatorTasks()
        case "GET_ROLES": return state.operatorRoles()
        case "GET_WEIGHTS":
            let weights = state.limits.weights.sorted { $0.key < $1.key }
            return ["weight_infos": .array(weights.map { ["weight": .double($0.value), "role": .string($0.key)] })]
        case "GET_MASTER":
            return [
                "master_info": node.info.json, "start_time": .double(node.started.wall), "elected_time": .double(state.electedTime),
            ]
        case "GET_MAINTENANCE_STATUS": return ["status": [:]]
        case "GET_MAINTENANCE_SCHEDULE": return ["schedule": [:]]
        case "GET_QUOTA": return ["status": [:]]
        default: return nil
        }
    }

    private func teardown(_ call: JSON, _ request: EngineRequest) async throws(ClusterError) -> EngineResponse {
        if let readWrite = node.configuration.authentication.authentication(for: .readWrite), readWrite.principal(of: request) == nil {
            return readWrite.unauthorized
        }
        guard let id = call["teardown"]?["framework_id"]?["value"]?.string else {
            return .text("Failed to validate master::Call: Expecting 'teardown.framework_id' to be present", status: 400)
        }
        let isKnown = try await master.change { state, now in
            guard state.frameworks[id] != nil else { return false }
            state.removeFramework(id, now)
            return true
        }
        return isKnown ? .empty(status: 200) : .text("No framework found with specified ID", status: 400)
    }
}
