public import ClusterCore
public import JSON

/// What the master says to a framework (v1 scheduler `Event`; Mesos documentation, "Scheduler HTTP API").
public enum SchedulerEvent: Sendable, Hashable {
    /// The subscription holds.
    case subscribed(frameworkID: String, heartbeatInterval: Double, master: MasterInfo?)
    /// New offers.
    case offers([Offer])
    /// An offer no longer holds.
    case rescind(offerID: String)
    /// A task's status.
    case update(TaskStatus)
    /// Bytes of an executor.
    case message(agentID: String, executorID: String, data: String)
    /// An agent was removed, or an executor ended.
    case failure(agentID: String?, executorID: String?, status: Int?)
    /// The framework is refused; the stream ends.
    case error(String)
    /// The master is there.
    case heartbeat
    /// Any other type, with the whole event: a newer master may send some.
    case other(type: String, event: JSON)

    /// Reads the v1 JSON.
    /// - Throws: `ClusterError` `.invalid`.
    public init(json: JSON) throws(ClusterError) {
        let what = "scheduler::Event"
        let type = try json.requireText("type", of: what)
        switch type {
        case "SUBSCRIBED":
            let body = try json.require("subscribed", of: what)
            self = .subscribed(
                frameworkID: try body.requireID("framework_id", of: "Subscribed"),
                heartbeatInterval: try body.number("heartbeat_interval_seconds", of: "Subscribed") ?? 15,
                master: try body.message("master_info", MasterInfo.init(json:)))
        case "OFFERS":
            self = .offers(try json.require("offers", of: what).messages("offers", of: "Offers", Offer.init(json:)))
        case "RESCIND": self = .rescind(offerID: try json.require("rescind", of: what).requireID("offer_id", of: "Rescind"))
        case "UPDATE": self = .update(try TaskStatus(json: try json.require("update", of: what).require("status", of: "Update")))
        case "MESSAGE":
            let body = try json.require("message", of: what)
            self = .message(
                agentID: try body.requireID("agent_id", of: "Message"), executorID: try body.requireID("executor_id", of: "Message"),
                data: try body.text("data", of: "Message") ?? "")
        case "FAILURE":
            let body = try json.require("failure", of: what)
            self = .failure(
                agentID: try body.id("agent_id", of: "Failure"), executorID: try body.id("executor_id", of: "Failure"),
                status: try body.whole("status", of: "Failure"))
        case "ERROR": self = .error(try json.require("error", of: what).text("message", of: "Error") ?? "")
        case "HEARTBEAT": self = .heartbeat
        default: self = .other(type: type, event: json)
        }
    }

    /// The v1 JSON.
    public var json: JSON {
        switch self {
        case .subscribed(let framework, let interval, let master):
            [
                "type": "SUBSCRIBED",
                "subscribed": .members([
                    "framework_id": .id(framework), "heartbeat_interval_seconds": .double(interval), "master_info": master?.json,
                ]),
            ]
        case .offers(let offers): ["type": "OFFERS", "offers": ["offers": .array(offers.map(\.json))]]
        case .rescind(let offer): ["type": "RESCIND", "rescind": ["offer_id": .id(offer)]]
        case .update(let status): ["type": "UPDATE", "update": ["status": status.json]]
        case .message(let agent, let executor, let data):
            ["type": "MESSAGE", "message": ["agent_id": .id(agent), "executor_id": .id(executor), "data": .string(data)]]
        case .failure(let agent, let executor, let status):
            [
                "type": "FAILURE",
                "failure": .members([
                    "agent_id": agent.map(JSON.id), "executor_id": executor.map(JSON.id), "status": status.map(JSON.number),
                ]),
            ]
        case .error(let message): ["type": "ERROR", "error": ["message": .string(message)]]
        case .heartbeat: ["type": "HEARTBEAT"]
        case .other(_, let event): event
        }
    }
}
