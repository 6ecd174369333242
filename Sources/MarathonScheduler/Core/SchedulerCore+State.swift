import ClusterCore
import JSON
import Marathon

/// Where the state lies in ZooKeeper, one node a thing: `apps/<app>/<version>`, `groups/_<group>`, `instances/<app>/<task>`,
/// `deployments/<id>`, `failures/<app>`.
extension SchedulerCore {
    mutating func store(_ app: App) {
        versions[app.id, default: [:]][app.version] = app
        emit(.write(StateWrite(path: "apps/\(app.id.safePath)/\(app.version)", value: app.json.bytes())))
        prune(app.id)
    }

    /// Forgets the oldest versions beyond the limit that nothing refers to.
    private mutating func prune(_ id: PathID) {
        guard let all = versions[id], all.count > options.maxVersions else { return }
        var needed = Set(tasks(of: id).map(\.appVersion))
        if let current = root.apps[id]?.version { needed.insert(current) }
        for deployment in deployments { needed.formUnion([deployment.originals[id], deployment.targets[id]].compactMap(\.self)) }
        for version in all.keys.sorted().prefix(all.count - options.maxVersions) where !needed.contains(version) {
            versions[id]?[version] = nil
            emit(.write(StateWrite(path: "apps/\(id.safePath)/\(version)", value: nil)))
        }
    }

    /// Forgets an app that was removed and whose tasks are gone.
    mutating func forget(_ id: PathID) {
        for version in (versions[id] ?? [:]).keys.sorted() {
            emit(.write(StateWrite(path: "apps/\(id.safePath)/\(version)", value: nil)))
        }
        versions[id] = nil
        // The empty nodes above them, which would pile up with every app that ever was.
        emit(.write(StateWrite(path: "apps/\(id.safePath)", value: nil)))
        emit(.write(StateWrite(path: "instances/\(id.safePath)", value: nil)))
        if failures.removeValue(forKey: id) != nil { emit(.write(StateWrite(path: "failures/\(id.safePath)", value: nil))) }
        queue[id] = nil
        backoff.reset(id)
    }

    mutating func storeGroup(_ id: PathID) {
        let path = "groups/_\(id.safePath)"
        guard let group = root.groups[id] else { return emit(.write(StateWrite(path: path, value: nil))) }
        let apps = root.childApps(of: id).map { ($0.id.segments.last ?? "", JSON.string($0.version.description)) }
        let json: JSON = [
            "version": .string(group.version.description), "dependencies": .array(group.dependencies.map { .string($0.description) }),
            "apps": .object(JSONObject(apps)),
        ]
        emit(.write(StateWrite(path: path, value: json.bytes())))
    }

    mutating func store(_ deployment: Deployment) {
        if let index = deployments.firstIndex(where: { $0.id == deployment.id }) {
            deployments[index] = deployment
        } else {
            deployments.append(deployment)
        }
        emit(.write(StateWrite(path: "deployments/\(deployment.id)", value: deployment.json.bytes())))
    }

    mutating func remove(_ deployment: Deployment) {
        deployments.removeAll { $0.id == deployment.id }
        emit(.write(StateWrite(path: "deployments/\(deployment.id)", value: nil)))
    }

    mutating func store(_ instance: Instance) {
        instances[instance.taskID] = instance
        tasksByApp[instance.appID, default: []].insert(instance.taskID)
        recount(instance.taskID, of: instance.appID, instance.appVersion)
        emit(.write(StateWrite(path: Self.path(of: instance), value: instance.json.bytes())))
    }

    mutating func remove(_ instance: Instance) {
        instances[instance.taskID] = nil
        tasksByApp[instance.appID]?.remove(instance.taskID)
        if tasksByApp[instance.appID]?.isEmpty == true { tasksByApp[instance.appID] = nil }
        health[instance.taskID] = nil
        readiness[instance.taskID] = nil
        recount(instance.taskID, of: instance.appID, instance.appVersion)
        reconciliation.answered(instance.taskID)
        emit(.write(StateWrite(path: Self.path(of: instance), value: nil)))
        emit(.stopProbes(taskID: instance.taskID))
    }

    mutating func store(_ failure: TaskFailure) {
        failures[failure.appID] = failure
        emit(.write(StateWrite(path: "failures/\(failure.appID.safePath)", value: failure.json.bytes())))
    }

    private static func path(of instance: Instance) -> String { "instances/\(instance.appID.safePath)/\(instance.taskID)" }

    /// Takes in what an earlier leader left.
    /// - Throws: `ClusterError` `.conflict` where a node can't be read: nothing is guessed, nothing is dropped.
    mutating func load(_ nodes: [String: [UInt8]], now: Timestamp) throws(ClusterError) {
        var groups: [PathID: JSON] = [:]
        for (path, bytes) in nodes.sorted(by: { $0.key < $1.key }) where !bytes.isEmpty {
            let parts = path.split(separator: "/")
            guard parts.count > 1 else { continue }
            let json: JSON
            do { json = try JSON(parsing: bytes) } catch { throw Self.unreadable(path, "\(error)") }
            switch (parts.first, parts.count) {
            case ("apps", 3):
                do throws(InvalidDocument) {
                    let app = try App(json: json)
                    versions[app.id, default: [:]][app.version] = app
                    lastVersion = max(lastVersion, app.version)
                } catch { throw Self.unreadable(path, "\(error)") }
            case ("groups", 2):
                let text = parts[1].dropFirst()
                guard let id = text.isEmpty ? .root : PathID(safePath: text) else { throw Self.unreadable(path, "no group's path") }
                groups[id] = json
            case ("instances", 3):
                guard let instance = Instance(json: json) else { throw Self.unreadable(path, "no instance") }
                instances[instance.taskID] = instance
                tasksByApp[instance.appID, default: []].insert(instance.taskID)
            case ("deployments", 2):
                guard let deployment = Deployment(json: json) else { throw Self.unreadable(path, "no deployment") }
                deployments.append(deployment)
                lastVersion = max(lastVersion, deployment.version)
            case ("failures", 2):
                if let failure = TaskFailure(json: json) { failures[failure.appID] = failure }
            default: continue
            }
        }
        for (id, json) in groups {
            guard let version = json["version"]?.string.flatMap({ Timestamp($0) }) else {
                throw Self.unreadable("groups/\(id)", "no version")
            }
            root.groups[id] = RootGroup.Group(
                dependencies: (json["dependencies"]?.array ?? []).compactMap { $0.string.flatMap { PathID($0) } }, version: version)
            for (name, value) in json["apps"]?.object ?? [:] {
                let app = id.appending(name)
                guard let version = value.string.flatMap({ Timestamp($0) }), let definition = versions[app]?[version] else {
                    throw Self.unreadable("groups/\(id)", "the app \(app) has no version \(value.string ?? "?")")
                }
                root.apps[app] = definition
            }
        }
        deployments.sort { $0.version < $1.version }
        for instance in instances.values { recount(instance.taskID, of: instance.appID, instance.appVersion) }
        dirty = Set(root.apps.keys).union(tasksByApp.keys).union(deployments.flatMap(\.affectedApps))
        for instance in instances.values where instance.condition == .running { startProbes(instance) }
        settle(now)
    }

    private static func unreadable(_ path: String, _ why: String) -> ClusterError {
        ClusterError(.conflict, "the state node '\(path)' of the embedded Marathon can't be read (\(why)); restore it or remove it")
    }
}
