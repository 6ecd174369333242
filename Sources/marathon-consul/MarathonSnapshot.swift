import ClusterCore
import JSON
import Marathon

/// An app, as far as the bridge looks into it.
struct BridgedApp: Sendable, Hashable {
    /// `/group/web`
    let id: String
    /// What is written: the definition, without what changes with each task.
    let definition: JSON
    let version: Timestamp?
    /// The version of the last change that was more than scaling: older tasks have another configuration.
    let configured: Timestamp?
    let checkCount: Int

    /// Members of `/v2/apps` that tell of tasks and deployments, not of the app.
    private static let volatile: Set<String> = [
        "tasks", "tasksStaged", "tasksRunning", "tasksHealthy", "tasksUnhealthy", "deployments", "readinessCheckResults", "lastTaskFailure",
        "taskStats",
    ]

    init?(_ json: JSON) {
        guard let object = json.object, let id = json["id"]?.string, id.hasPrefix("/"), id.utf8.count > 1 else { return nil }
        self.id = id
        definition = .object(JSONObject(object.filter { !Self.volatile.contains($0.key) }.map { ($0.key, $0.value) }))
        version = json["version"]?.string.flatMap { Timestamp($0) }
        configured = json["versionInfo"]?["lastConfigChangeAt"]?.string.flatMap { Timestamp($0) }
        checkCount = json["healthChecks"]?.array?.count ?? 0
    }
}

/// A task, as far as the bridge looks into it.
struct BridgedTask: Sendable, Hashable {
    let id: String
    let appID: String
    var slaveID: String
    var host: String
    var ports: [Int]
    /// The app's version that it runs.
    var version: String
    /// `TASK_RUNNING` …
    var status: String
    /// The results of the health checks that have one.
    var alive: [Bool]
    /// When it was last heard of by an event, or was launched.
    var timestamp: String
    /// When Marathon asked for it.
    var staged: Timestamp?

    /// Reads an element of an app's `tasks`.
    init?(_ json: JSON, appID: String) {
        guard let id = json["id"]?.string else { return nil }
        self.id = id
        self.appID = json["appId"]?.string ?? appID
        slaveID = json["slaveId"]?.string ?? ""
        host = json["host"]?.string ?? ""
        ports = json["ports"]?.array?.compactMap(\.int) ?? []
        version = json["version"]?.string ?? ""
        let started = json["startedAt"]?.string
        // Before 1.4 a task has no `state`: one that runs has been started.
        status = json["state"]?.string ?? (started == nil ? "TASK_STAGING" : "TASK_RUNNING")
        alive = json["healthCheckResults"]?.array?.compactMap { $0["alive"]?.bool } ?? []
        timestamp = started ?? json["stagedAt"]?.string ?? ""
        staged = json["stagedAt"]?.string.flatMap { Timestamp($0) }
    }

    init(
        id: String, appID: String, slaveID: String, host: String, ports: [Int], version: String, status: String, alive: [Bool] = [],
        timestamp: String
    ) {
        self.id = id
        self.appID = appID
        self.slaveID = slaveID
        self.host = host
        self.ports = ports
        self.version = version
        self.status = status
        self.alive = alive
        self.timestamp = timestamp
    }
}

/// All apps and tasks at one moment: the answer of `/v2/apps?embed=apps.tasks`.
struct MarathonSnapshot: Sendable, Hashable {
    var apps: [String: BridgedApp] = [:]
    var tasks: [String: BridgedTask] = [:]

    init(_ list: [JSON]) {
        for json in list {
            guard let app = BridgedApp(json) else { continue }
            apps[app.id] = app
            for element in json["tasks"]?.array ?? [] {
                if let task = BridgedTask(element, appID: app.id) { tasks[task.id] = task }
            }
        }
    }
}
