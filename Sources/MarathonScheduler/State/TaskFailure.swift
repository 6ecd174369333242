import JSON
import Marathon

/// The last task of an app that ended badly, as `lastTaskFailure` shows it.
struct TaskFailure: Sendable, Hashable {
    let appID: PathID
    let host: String
    let message: String
    let state: String
    let taskID: String
    let timestamp: Timestamp
    let version: Timestamp
    let agentID: String

    var json: JSON {
        [
            "appId": .string(appID.description), "host": .string(host), "message": .string(message), "state": .string(state),
            "taskId": .string(taskID), "timestamp": .string(timestamp.description), "version": .string(version.description),
            "slaveId": .string(agentID),
        ]
    }
}

extension TaskFailure {
    init?(json: JSON) {
        guard let app = json["appId"]?.string.flatMap({ PathID($0) }), let taskID = json["taskId"]?.string,
            let moment = json["timestamp"]?.string.flatMap({ Timestamp($0) }),
            let version = json["version"]?.string.flatMap({ Timestamp($0) })
        else { return nil }
        self.init(
            appID: app, host: json["host"]?.string ?? "", message: json["message"]?.string ?? "", state: json["state"]?.string ?? "",
            taskID: taskID, timestamp: moment, version: version, agentID: json["slaveId"]?.string ?? "")
    }
}
