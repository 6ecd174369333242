import ClusterCore
import JSON

/// Keys and values, as CiscoCloud's marathon-consul 0.2 lays them out: `<prefix>/<app>` holds the app, `<prefix>/<app>/tasks/<task>` the
/// task.
struct KeyLayout: Sendable, Hashable {
    /// `marathon`
    let prefix: String

    func key(app id: String) -> String { "\(prefix)/\(id.drop { $0 == "/" })" }
    func key(_ task: BridgedTask) -> String { "\(key(app: task.appID))/tasks/\(task.id)" }

    /// The members that the original wrote, in its order, and `routable`.
    static func value(_ task: BridgedTask, isRoutable: Bool) -> JSON {
        [
            "healthy": .bool(task.alive.contains(true)), "routable": .bool(isRoutable), "timestamp": .string(task.timestamp),
            "slaveId": .string(task.slaveID), "id": .string(task.id), "taskStatus": .string(task.status), "appId": .string(task.appID),
            "host": .string(task.host), "ports": .array(task.ports.map { .number($0) }), "version": .string(task.version),
            "healthCheckResults": .array(task.alive.map { ["alive": .bool($0)] }),
        ]
    }

    /// Everything that ought to be there.
    func desired(_ view: MarathonView) -> [String: JSON] {
        var out: [String: JSON] = [:]
        for app in view.apps.values { out[key(app: app.id)] = app.definition }
        for task in view.tasks.values where view.apps[task.appID] != nil {
            out[key(task)] = Self.value(task, isRoutable: view.isRoutable(task))
        }
        return out
    }

    /// True for an entry that this bridge, or the original, has written: its value names the app or the task of its key.
    func owns(_ key: String, _ value: JSON?) -> Bool {
        guard let id = value?["id"]?.string, key.hasPrefix("\(prefix)/") else { return false }
        if let app = value?["appId"]?.string { return key == "\(self.key(app: app))/tasks/\(id)" }
        return key == self.key(app: id)
    }
}

/// What to write and to delete.
struct KeyDiff: Sendable, Hashable {
    var writes: [String: JSON] = [:]
    var deletions: Set<String> = []
    var isEmpty: Bool { writes.isEmpty && deletions.isEmpty }

    /// Compares what is there with what ought to be. The time of a task's last event alone is no reason to write.
    init(has: [String: JSON], wants: [String: JSON], layout: KeyLayout) {
        for (key, want) in wants where has[key].map({ Self.isSame($0, want) }) != true { writes[key] = want }
        for (key, value) in has where wants[key] == nil && layout.owns(key, value) { deletions.insert(key) }
    }

    private static func isSame(_ left: JSON, _ right: JSON) -> Bool {
        if left == right { return true }
        guard var left = left.object, var right = right.object, right["appId"] != nil else { return false }
        left["timestamp"] = nil
        right["timestamp"] = nil
        return left == right
    }
}
