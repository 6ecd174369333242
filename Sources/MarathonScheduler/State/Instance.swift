import JSON
import Marathon
import Mesos

/// One task of an app, from the moment it is decided on to the moment its end is known. It is written to ZooKeeper before the launch is
/// sent, so a new leader knows of every task that may exist.
struct Instance: Sendable, Hashable {
    /// How far it has come.
    enum Condition: String, Sendable {
        /// Decided on; the master has not confirmed it.
        case created
        case staging, starting, running
        /// The end was asked for.
        case killing
        /// Its agent does not answer; it is waited for (`inactiveAfterSeconds`).
        case unreachable
        /// Its agent has not answered for so long that another took its place; it may still come back (`expungeAfterSeconds`).
        case unreachableInactive

        /// As the API names it.
        var taskState: String {
            switch self {
            case .created, .staging: TaskState.staging.rawValue
            case .starting: TaskState.starting.rawValue
            case .running: TaskState.running.rawValue
            case .killing: TaskState.killing.rawValue
            case .unreachable, .unreachableInactive: TaskState.unreachable.rawValue
            }
        }

        /// As events name it.
        var eventName: String { rawValue.prefix(1).uppercased() + rawValue.dropFirst() }
    }

    let taskID: String
    let appID: PathID
    let appVersion: Timestamp
    let agentID: String
    let host: String
    let hostPorts: [Int]
    /// The agent's text attributes: constraints compare new tasks with them.
    let attributes: [String: String]
    let stagedAt: Timestamp
    var condition = Condition.created
    var startedAt: Timestamp?
    var ipAddresses: [String] = []
    var unreachableSince: Timestamp?
    /// When it was last asked to end.
    var killedAt: Timestamp?

    /// `web.marathon-<uuid>`
    var instanceID: String {
        guard let dot = taskID.lastIndex(of: ".") else { return taskID }
        return "\(taskID[..<dot]).marathon-\(taskID[taskID.index(after: dot)...])"
    }

    /// True where it counts towards the app's scale.
    var isActive: Bool { condition != .killing && condition != .unreachableInactive }
    /// True while its agent does not answer.
    var isUnreachable: Bool { condition == .unreachable || condition == .unreachableInactive }

    /// The value that a constraint on that field sees; nil where the agent has none.
    func value(of field: String) -> String? { field == "hostname" || field == "@hostname" ? host : attributes[field] }
}

extension Instance {
    var json: JSON {
        .members([
            "taskId": .string(taskID), "appId": .string(appID.description), "appVersion": .string(appVersion.description),
            "agentId": .string(agentID), "host": .string(host), "hostPorts": .array(hostPorts.map { .number($0) }),
            "attributes": .object(JSONObject(attributes.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) })),
            "stagedAt": .string(stagedAt.description), "condition": .string(condition.rawValue),
            "startedAt": startedAt.map { .string($0.description) }, "ipAddresses": .array(ipAddresses.map { .string($0) }),
            "unreachableSince": unreachableSince.map { .string($0.description) },
            "killedAt": killedAt.map { .string($0.description) },
        ])
    }

    init?(json: JSON) {
        func moment(_ key: String) -> Timestamp? { json[key]?.string.flatMap { Timestamp($0) } }
        guard let taskID = json["taskId"]?.string, let app = json["appId"]?.string.flatMap({ PathID($0) }),
            let version = moment("appVersion"), let agentID = json["agentId"]?.string, let host = json["host"]?.string,
            let ports = json["hostPorts"]?.array, let staged = moment("stagedAt"),
            let condition = json["condition"]?.string.flatMap({ Condition(rawValue: $0) })
        else { return nil }
        var attributes: [String: String] = [:]
        if let members = json["attributes"]?.object { for (key, value) in members { attributes[key] = value.string } }
        self.init(
            taskID: taskID, appID: app, appVersion: version, agentID: agentID, host: host, hostPorts: ports.compactMap(\.int),
            attributes: attributes, stagedAt: staged, condition: condition, startedAt: moment("startedAt"),
            ipAddresses: (json["ipAddresses"]?.array ?? []).compactMap(\.string), unreachableSince: moment("unreachableSince"),
            killedAt: moment("killedAt"))
    }
}
