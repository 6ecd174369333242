import JSON
import Mesos

/// The JSON of the operator API (`POST /api/v1`; Mesos documentation, "Operator HTTP API").
extension MasterState {
    private static func nanoseconds(_ seconds: Double) -> JSON { ["nanoseconds": .int(Int64(seconds * 1e9))] }

    /// v1 `Agent`.
    func operatorJSON(_ agent: MasterAgent) -> JSON {
        .members([
            "agent_info": agent.info.json, "active": .bool(agent.isConnected), "deactivated": false,
            "version": .string(EmbeddedMesosVersion.version), "pid": .string(agent.pid),
            "registered_time": Self.nanoseconds(agent.registeredTime),
            "reregistered_time": agent.reregisteredTime.map(Self.nanoseconds), "total_resources": agent.info.resources.json(),
            "allocated_resources": agent.used.isEmpty ? nil : agent.used.json(),
            "offered_resources": agent.offered.isEmpty ? nil : agent.offered.json(),
            "capabilities": .array(EmbeddedMesosVersion.agentCapabilities.map { ["type": .string($0)] }),
        ])
    }

    /// GET_AGENTS
    func operatorAgents() -> JSON {
        [
            "agents": .array(orderedAgents.map(operatorJSON)),
            "recovered_agents": .array(recoveredAgents.keys.sorted().map { ["id": ["value": .string($0)]] }),
        ]
    }

    /// GET_FRAMEWORKS
    func operatorFrameworks() -> JSON {
        [
            "frameworks": .array(orderedFrameworks.map(\.operatorJSON)),
            "completed_frameworks": .array(completedFrameworks.map(\.operatorJSON)),
        ]
    }

    /// GET_TASKS
    func operatorTasks() -> JSON {
        let all = orderedFrameworks
        return [
            "tasks": .array(all.flatMap(\.orderedTasks).map(\.operatorJSON)),
            "unreachable_tasks": .array(all.flatMap(\.unreachableTasks).map(\.operatorJSON)),
            "completed_tasks": .array((all + completedFrameworks).flatMap(\.completedTasks).map(\.operatorJSON)),
        ]
    }

    /// GET_STATE
    func operatorState() -> JSON {
        [
            "get_tasks": operatorTasks(), "get_executors": ["executors": []], "get_frameworks": operatorFrameworks(),
            "get_agents": operatorAgents(),
        ]
    }
}

extension MasterFramework {
    /// v1 `GetFrameworks.Framework`.
    var operatorJSON: JSON {
        func nanoseconds(_ seconds: Double) -> JSON { ["nanoseconds": .int(Int64(seconds * 1e9))] }
        let used = used
        return .members([
            "framework_info": info.json, "active": .bool(isConnected), "connected": .bool(isConnected), "recovered": .bool(isRecovered),
            "registered_time": nanoseconds(registeredTime),
            "reregistered_time": nanoseconds(reregisteredTime ?? registeredTime),
            "unregistered_time": unregisteredTime.map(nanoseconds),
            "allocated_resources": used.isEmpty ? nil : used.json(), "offer_constraints": [:],
        ])
    }
}

extension MasterTask {
    /// v1 `Task`.
    var operatorJSON: JSON {
        .members([
            "name": .string(info.name), "task_id": ["value": .string(info.taskID)], "framework_id": ["value": .string(frameworkID)],
            "agent_id": ["value": .string(agentID)], "state": .string(state.rawValue),
            "resources": resources.json(withRole: false),
            "statuses": statuses.isEmpty ? nil : .array(statuses.map(\.json)),
            "status_update_state": updateState.map { .string($0.rawValue) }, "status_update_uuid": updateUUID.map(JSON.string),
            "labels": info.json["labels"], "discovery": info.json["discovery"], "container": info.json["container"],
            "health_check": info.json["health_check"], "user": info.command?.user.map(JSON.string),
        ])
    }
}
