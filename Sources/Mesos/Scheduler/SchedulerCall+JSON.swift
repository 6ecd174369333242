public import ClusterCore
public import JSON

extension SchedulerCall {
    /// Types of v1 that have no case of their own.
    private static let otherTypes: Set<String> = [
        "ACCEPT_INVERSE_OFFERS", "DECLINE_INVERSE_OFFERS", "ACKNOWLEDGE_OPERATION_STATUS", "RECONCILE_OPERATIONS", "REQUEST",
        "UPDATE_FRAMEWORK",
    ]

    /// Reads the v1 JSON.
    /// - Throws: `ClusterError` `.invalid` whose message is what upstream answers with 400 for an absent or unknown type.
    public init(json: JSON) throws(ClusterError) {
        _ = try json.requireObject("scheduler::Call")
        guard let type = json["type"]?.string else { throw Self.invalid("Expecting 'type' to be present") }
        frameworkID = try json.id("framework_id", of: "scheduler::Call")
        func body(_ key: String) throws(ClusterError) -> JSON {
            guard let body = json.field(key) else { throw Self.invalid("Expecting '\(key)' to be present") }
            return body
        }
        switch type {
        case "SUBSCRIBE":
            let body = try body("subscribe")
            var info = try FrameworkInfo(json: try body.require("framework_info", of: "Subscribe"))
            if info.id == nil { info.id = frameworkID }
            kind = .subscribe(info, suppressedRoles: try body.texts("suppressed_roles", of: "Subscribe"))
        case "TEARDOWN": kind = .teardown
        case "ACCEPT":
            let body = try body("accept")
            kind = .accept(
                offerIDs: try Self.offerIDs(body), operations: try body.messages("operations", of: "Accept", Operation.init(json:)),
                filters: try body.message("filters", Filters.init(json:)) ?? Filters())
        case "DECLINE":
            let body = try body("decline")
            kind = .decline(offerIDs: try Self.offerIDs(body), filters: try body.message("filters", Filters.init(json:)) ?? Filters())
        case "REVIVE": kind = .revive(roles: try Self.roles(json, "revive"))
        case "SUPPRESS": kind = .suppress(roles: try Self.roles(json, "suppress"))
        case "KILL":
            let body = try body("kill")
            kind = .kill(
                taskID: try body.requireID("task_id", of: "Kill"), agentID: try body.id("agent_id", of: "Kill"),
                policy: try body.message("kill_policy", KillPolicy.init(json:)))
        case "SHUTDOWN":
            let body = try body("shutdown")
            kind = .shutdown(
                executorID: try body.requireID("executor_id", of: "Shutdown"), agentID: try body.requireID("agent_id", of: "Shutdown"))
        case "ACKNOWLEDGE":
            let body = try body("acknowledge")
            kind = .acknowledge(
                agentID: try body.requireID("agent_id", of: "Acknowledge"), taskID: try body.requireID("task_id", of: "Acknowledge"),
                uuid: try body.requireText("uuid", of: "Acknowledge"))
        case "RECONCILE":
            kind = .reconcile(
                try body("reconcile").messages("tasks", of: "Reconcile") { (item) throws(ClusterError) in
                    TaskReference(taskID: try item.requireID("task_id", of: "Task"), agentID: try item.id("agent_id", of: "Task"))
                })
        case "MESSAGE":
            let body = try body("message")
            kind = .message(
                agentID: try body.requireID("agent_id", of: "Message"), executorID: try body.requireID("executor_id", of: "Message"),
                data: try body.requireText("data", of: "Message"))
        case let other where Self.otherTypes.contains(other): kind = .other(type: other, body: json[other.lowercased()] ?? [:])
        default: throw Self.invalid("Expecting 'type' to be present")
        }
    }

    private static func invalid(_ what: String) -> ClusterError { ClusterError(.invalid, "Failed to validate scheduler::Call: \(what)") }

    private static func offerIDs(_ body: JSON) throws(ClusterError) -> [String] {
        try body.messages("offer_ids", of: "Call") { (item) throws(ClusterError) in try item.requireText("value", of: "OfferID") }
    }

    private static func roles(_ json: JSON, _ key: String) throws(ClusterError) -> [String] {
        guard let body = json.field(key) else { return [] }
        let list = try body.texts("roles", of: key)
        guard list.isEmpty else { return list }
        return try body.text("role", of: key).map { [$0] } ?? []
    }

    /// The v1 JSON.
    public var json: JSON {
        var object: JSONObject = ["type": .string(type)]
        if let body { object[type.lowercased()] = body }
        if let frameworkID { object["framework_id"] = .id(frameworkID) }
        return .object(object)
    }

    private var body: JSON? {
        switch kind {
        case .subscribe(let info, let suppressed):
            .members(["framework_info": info.json, "suppressed_roles": .unlessEmpty(suppressed.map { .string($0) })])
        case .teardown: nil
        case .accept(let offers, let operations, let filters):
            [
                "offer_ids": .array(offers.map(JSON.id)), "operations": .array(operations.map(\.json)),
                "filters": filters.json,
            ]
        case .decline(let offers, let filters): ["offer_ids": .array(offers.map(JSON.id)), "filters": filters.json]
        case .revive(let roles), .suppress(let roles): roles.isEmpty ? nil : ["roles": .array(roles.map { .string($0) })]
        case .kill(let task, let agent, let policy):
            .members(["task_id": .id(task), "agent_id": agent.map(JSON.id), "kill_policy": policy?.json])
        case .shutdown(let executor, let agent): ["executor_id": .id(executor), "agent_id": .id(agent)]
        case .acknowledge(let agent, let task, let uuid): ["agent_id": .id(agent), "task_id": .id(task), "uuid": .string(uuid)]
        case .reconcile(let tasks):
            ["tasks": .array(tasks.map { .members(["task_id": .id($0.taskID), "agent_id": $0.agentID.map(JSON.id)]) })]
        case .message(let agent, let executor, let data):
            ["agent_id": .id(agent), "executor_id": .id(executor), "data": .string(data)]
        case .other(_, let body): body
        }
    }
}

extension SchedulerCall.Filters {
    init(json: JSON) throws(ClusterError) { self.init(refuseSeconds: try json.number("refuse_seconds", of: "Filters") ?? 5) }
    var json: JSON { ["refuse_seconds": .double(refuseSeconds)] }
}

extension SchedulerCall.Operation {
    init(json: JSON) throws(ClusterError) {
        let type = try json.requireText("type", of: "Operation")
        if type == "LAUNCH" {
            let body = try json.require("launch", of: "Operation")
            self = .launch(try body.messages("task_infos", of: "Launch", TaskInfo.init(json:)))
        } else {
            self = .other(type: type, body: json.field(type.lowercased()) ?? [:])
        }
    }

    var json: JSON {
        switch self {
        case .launch(let tasks): ["type": "LAUNCH", "launch": ["task_infos": .array(tasks.map(\.json))]]
        case .other(let type, let body): .object(["type": .string(type), type.lowercased(): body])
        }
    }
}
