import JSON
import Marathon

/// What the bridge takes of Marathon's event stream.
enum MarathonEvent: Sendable, Hashable {
    /// `status_update_event`
    case status(BridgedTask, at: Timestamp)
    /// `instance_health_changed_event` (1.4 and later): all checks of a task together. `health_status_changed_event`: one of them.
    case health(instance: String, isAlive: Bool, isOverall: Bool, at: Timestamp)
    /// `app_terminated_event`
    case appEnded(String, at: Timestamp)
    /// Something changed that only a look at all apps tells.
    case unclear(at: Timestamp)

    /// When it was told, by Marathon's clock.
    var at: Timestamp {
        switch self {
        case .status(_, let at), .health(_, _, _, let at), .appEnded(_, let at), .unclear(let at): at
        }
    }

    /// The types that the stream is asked for.
    static let types = [
        "api_post_event", "app_terminated_event", "deployment_failed", "deployment_info", "deployment_step_success", "deployment_success",
        "group_change_success", "health_status_changed_event", "instance_changed_event", "instance_health_changed_event",
        "status_update_event",
    ]

    /// Reads an event; nil where it says nothing about apps and tasks.
    init?(type: String, json: JSON) {
        guard let time = json["timestamp"]?.string, let at = Timestamp(time) else { return nil }
        switch type {
        case "status_update_event":
            guard let id = json["taskId"]?.string, let app = json["appId"]?.string, let status = json["taskStatus"]?.string else {
                return nil
            }
            self = .status(
                BridgedTask(
                    id: id, appID: app, slaveID: json["slaveId"]?.string ?? "", host: json["host"]?.string ?? "",
                    ports: json["ports"]?.array?.compactMap(\.int) ?? [], version: json["version"]?.string ?? "", status: status,
                    timestamp: time), at: at)
        case "health_status_changed_event":
            guard let id = json["taskId"]?.string ?? json["instanceId"]?.string, let alive = json["alive"]?.bool else { return nil }
            self = .health(instance: id, isAlive: alive, isOverall: false, at: at)
        case "instance_health_changed_event":
            guard let id = json["instanceId"]?.string else { return nil }
            guard let healthy = json["healthy"]?.bool else {
                self = .unclear(at: at)
                return
            }
            self = .health(instance: id, isAlive: healthy, isOverall: true, at: at)
        case "app_terminated_event":
            guard let id = json["appId"]?.string else { return nil }
            self = .appEnded(id, at: at)
        case "instance_changed_event":
            // All others come with a status_update_event of their own.
            guard let condition = json["condition"]?.string, ["Gone", "Unknown", "Dropped"].contains(condition) else { return nil }
            self = .unclear(at: at)
        case "api_post_event", "deployment_failed", "deployment_info", "deployment_step_success", "deployment_success",
            "group_change_success":
            self = .unclear(at: at)
        default: return nil
        }
    }

    /// True for an instance's id that names this task: equal before 1.4; `web.marathon-<uuid>` of the task `web.<uuid>`; the task's id
    /// without its `._app.<incarnation>` from 1.8 on.
    static func names(_ instance: String, _ task: String) -> Bool {
        if instance == task || task.hasPrefix("\(instance)._app") || task.hasPrefix("\(instance).$anon") { return true }
        for marker in ["marathon-", "instance-"] {
            guard let dot = instance.lastIndex(of: ".") else { return false }
            let tail = instance[instance.index(after: dot)...]
            if tail.hasPrefix(marker), task == "\(instance[...dot])\(tail.dropFirst(marker.count))" { return true }
        }
        return false
    }
}
