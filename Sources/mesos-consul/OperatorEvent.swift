import ClusterCore
import JSON

/// What the bridge takes of a master's event stream (Mesos documentation, "Operator HTTP API", SUBSCRIBE).
enum OperatorEvent: Sendable, Hashable {
    case subscribed(MesosState)
    case taskAdded(MesosState.Task)
    case taskUpdated(id: String, frameworkID: String, state: String, status: JSON)
    case slaveAdded(MesosState.Slave)
    case slaveRemoved(String)
    case frameworkNamed(id: String, name: String)
    case frameworkRemoved(String)
    /// Nothing of interest, and a sign of life.
    case heartbeat

    init(json: JSON) throws(ClusterError) {
        guard let type = json["type"]?.string, let body = json["type"] == "HEARTBEAT" ? json : json[type.lowercased()] else {
            self = .heartbeat
            return
        }
        switch type {
        case "SUBSCRIBED":
            guard let state = body["get_state"] else {
                throw ClusterError(.invalid, "the Mesos master's event SUBSCRIBED has no state: it is of an unknown version")
            }
            self = .subscribed(try MesosState(operatorState: state))
        case "TASK_ADDED": self = body["task"].flatMap(MesosState.Task.init(operatorTask:)).map { .taskAdded($0) } ?? .heartbeat
        case "TASK_UPDATED":
            guard let status = body["status"], let id = status["task_id"]?["value"]?.string,
                let state = body["state"]?.string ?? status["state"]?.string
            else {
                self = .heartbeat
                return
            }
            self = .taskUpdated(id: id, frameworkID: body["framework_id"]?["value"]?.string ?? "", state: state, status: status)
        case "AGENT_ADDED": self = body["agent"].flatMap(MesosState.Slave.init(operatorAgent:)).map { .slaveAdded($0) } ?? .heartbeat
        case "AGENT_REMOVED": self = body["agent_id"]?["value"]?.string.map { .slaveRemoved($0) } ?? .heartbeat
        case "FRAMEWORK_ADDED", "FRAMEWORK_UPDATED":
            let info = body["framework"]?["framework_info"]
            guard let id = info?["id"]?["value"]?.string, let name = info?["name"]?.string else {
                self = .heartbeat
                return
            }
            self = .frameworkNamed(id: id, name: name)
        case "FRAMEWORK_REMOVED": self = body["framework_info"]?["id"]?["value"]?.string.map { .frameworkRemoved($0) } ?? .heartbeat
        default: self = .heartbeat
        }
    }
}
