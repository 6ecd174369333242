public import ClusterCore
public import JSON
import Mesos

private func text(_ json: JSON, _ key: String) throws(ClusterError) -> String {
    guard let text = json[key]?.string else { throw ClusterError(.invalid, "agent protocol: '\(key)' must be a string") }
    return text
}

private func member(_ json: JSON, _ key: String) throws(ClusterError) -> JSON {
    guard let value = json[key], !value.isNull else { throw ClusterError(.invalid, "agent protocol: '\(key)' is missing") }
    return value
}

extension AgentProtocol.Registration {
    /// The JSON of the request.
    public var json: JSON {
        .members([
            "protocol": .number(AgentProtocol.version), "agent_info": agent.json, "ip": .string(ip),
            "agent_id": agentID.map(JSON.string), "frameworks": .array(frameworks.map(\.json)),
            "tasks": .array(
                tasks.map { ["framework_id": .string($0.frameworkID), "task_info": $0.info.json, "status": $0.status.json] }),
        ])
    }

    /// Reads the request.
    /// - Throws: `ClusterError` `.conflict` for another protocol, `.invalid` else.
    public init(json: JSON) throws(ClusterError) {
        guard json["protocol"]?.int == AgentProtocol.version else {
            throw ClusterError(
                .conflict, "this master speaks version \(AgentProtocol.version) of the embedded agent protocol only: use the same release")
        }
        let agentID = json["agent_id"]?.string
        // It becomes a node's name in the registry.
        if let agentID, !SafeName.isNode(agentID) {
            throw ClusterError(
                .invalid, "agent protocol: 'agent_id' must be 1–255 bytes without '/' and control characters, neither '.' nor '..'")
        }
        var frameworks: [FrameworkInfo] = []
        for item in json["frameworks"]?.array ?? [] { frameworks.append(try FrameworkInfo(json: item)) }
        var tasks: [Task] = []
        for item in json["tasks"]?.array ?? [] {
            tasks.append(
                Task(
                    frameworkID: try text(item, "framework_id"), info: try TaskInfo(json: try member(item, "task_info")),
                    status: try TaskStatus(json: try member(item, "status"))))
        }
        self.init(
            agent: try AgentInfo(json: try member(json, "agent_info")), ip: try text(json, "ip"), agentID: agentID,
            frameworks: frameworks, tasks: tasks)
    }
}

extension AgentProtocol.Update {
    /// The JSON of the request.
    public var json: JSON {
        ["framework_id": .string(frameworkID), "status": status.json, "latest_state": .string(latestState.rawValue)]
    }

    /// Reads the request.
    /// - Throws: `ClusterError` `.invalid`.
    public init(json: JSON) throws(ClusterError) {
        let status = try TaskStatus(json: try member(json, "status"))
        self.init(
            frameworkID: try text(json, "framework_id"), status: status,
            latestState: json["latest_state"]?.string.flatMap(TaskState.init(rawValue:)) ?? status.state)
    }
}

extension AgentProtocol.Command {
    /// The JSON of one record.
    public var json: JSON {
        switch self {
        case .runTask(let framework, let task): ["type": "RUN_TASK", "framework_info": framework.json, "task_info": task.json]
        case .killTask(let framework, let task, let policy):
            .members([
                "type": "KILL_TASK", "framework_id": .string(framework), "task_id": .string(task), "kill_policy": policy?.json,
            ])
        case .acknowledge(let framework, let task, let uuid):
            ["type": "ACKNOWLEDGE", "framework_id": .string(framework), "task_id": .string(task), "uuid": .string(uuid)]
        case .shutdownFramework(let framework): ["type": "SHUTDOWN_FRAMEWORK", "framework_id": .string(framework)]
        case .ping: ["type": "PING"]
        case .shutdown(let message): ["type": "SHUTDOWN", "message": .string(message)]
        }
    }

    /// Reads one record.
    /// - Throws: `ClusterError` `.invalid`; also for an unknown type.
    public init(json: JSON) throws(ClusterError) {
        switch try text(json, "type") {
        case "RUN_TASK":
            self = .runTask(
                framework: try FrameworkInfo(json: try member(json, "framework_info")),
                task: try TaskInfo(json: try member(json, "task_info")))
        case "KILL_TASK":
            var policy: KillPolicy?
            if let json = json["kill_policy"], !json.isNull { policy = try KillPolicy(json: json) }
            self = .killTask(frameworkID: try text(json, "framework_id"), taskID: try text(json, "task_id"), policy: policy)
        case "ACKNOWLEDGE":
            self = .acknowledge(
                frameworkID: try text(json, "framework_id"), taskID: try text(json, "task_id"), uuid: try text(json, "uuid"))
        case "SHUTDOWN_FRAMEWORK": self = .shutdownFramework(frameworkID: try text(json, "framework_id"))
        case "PING": self = .ping
        case "SHUTDOWN": self = .shutdown(message: json["message"]?.string ?? "")
        case let type: throw ClusterError(.invalid, "agent protocol: unknown command '\(type)'")
        }
    }
}
