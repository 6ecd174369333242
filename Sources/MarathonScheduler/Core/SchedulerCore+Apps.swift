import JSON
import Marathon

/// What the API does with apps and tasks.
extension SchedulerCore {
    /// Parts of several apps that a client gives.
    struct AppUpdate: Sendable {
        let id: PathID
        let json: JSON
        /// Path of the document in the request, for problems.
        let path: String
    }

    mutating func createApp(_ json: JSON, force: Bool, now: Timestamp) throws(APIFailure) -> (Change, App) {
        let app = try Self.read(json)
        guard root.apps[app.id] == nil else { throw APIFailure(409, "An app with id [\(app.id)] already exists.") }
        let change = try change(force: force, now: now) { (target, _) throws(APIFailure) in target.put(app) }
        return (change, root.apps[app.id] ?? app)
    }

    /// Updates apps, and creates those that do not exist.
    mutating func updateApps(_ updates: [AppUpdate], force: Bool, isPartial: Bool, now: Timestamp) throws(APIFailure) -> Change {
        let versions = versions
        return try change(force: force, now: now) { (target, _) throws(APIFailure) in
            for update in updates { target.put(try Self.apply(update, to: target.apps[update.id], versions[update.id] ?? [:], isPartial)) }
        }
    }

    private static func apply(
        _ update: AppUpdate, to current: App?, _ versions: [Timestamp: App], _ isPartial: Bool
    ) throws(APIFailure) -> App {
        var object = update.json.object ?? JSONObject()
        if let text = object["version"]?.string {
            // With a version alone it goes back to that version; with more the version is of no meaning.
            guard object.keys.allSatisfy({ $0 == "version" || $0 == "id" }) else {
                throw APIFailure.invalid([FieldProblem("/version", "The 'version' field may only be combined with the 'id' field.")])
            }
            guard let version = Timestamp(text), let old = versions[version] else {
                throw APIFailure.appNotFound(update.id, version: text)
            }
            var app = old
            app.version = Timestamp(milliseconds: 0)
            return app
        }
        guard let current, isPartial else {
            object["id"] = .string(update.id.description)
            return try read(.object(object), at: update.path)
        }
        do throws(InvalidDocument) { return try current.updated(by: .object(object), at: update.path) } catch {
            throw APIFailure.invalid(error.problems)
        }
    }

    static func read(_ json: JSON, below base: PathID = .root, at path: String = "/") throws(APIFailure) -> App {
        var object = json.object ?? JSONObject()
        object["version"] = nil
        object["versionInfo"] = nil
        do throws(InvalidDocument) { return try App(json: json.object == nil ? json : .object(object), below: base, at: path) } catch {
            throw APIFailure.invalid(error.problems)
        }
    }

    mutating func deleteApp(_ id: PathID, force: Bool, now: Timestamp) throws(APIFailure) -> Change {
        guard root.apps[id] != nil else { throw APIFailure.appNotFound(id) }
        publish("remove_health_check_event", at: now, ["appId": .string(id.description)])
        return try change(force: force, now: now) { (target, _) throws(APIFailure) in target.apps[id] = nil }
    }

    mutating func restartApp(_ id: PathID, force: Bool, now: Timestamp) throws(APIFailure) -> Change {
        guard root.apps[id] != nil else { throw APIFailure.appNotFound(id) }
        return try change(force: force, restarting: [id], now: now) { (_, _) throws(APIFailure) in }
    }

    /// Kills tasks, which are replaced; with `scale` their apps shrink by as many.
    /// - Returns: the tasks, and the change where there is one.
    mutating func killTasks(_ tasks: [Instance], scale: Bool, force: Bool, now: Timestamp) throws(APIFailure) -> Change? {
        guard scale else {
            for task in tasks where instances[task.taskID]?.condition != .killing {
                kill(instances[task.taskID] ?? task, now)
                dirty.insert(task.appID)
            }
            settle(now)
            return nil
        }
        let counts = Dictionary(grouping: tasks, by: \.appID).mapValues(\.count)
        // Killed first: the smaller scale then finds as many tasks as it wants, and kills no other.
        let locked = deployments.filter { !$0.affectedApps.isDisjoint(with: counts.keys) }
        guard locked.isEmpty || force else { throw APIFailure.locked(by: locked) }
        for task in tasks where instances[task.taskID]?.condition != .killing { kill(instances[task.taskID] ?? task, now) }
        return try change(force: force, now: now) { (target, _) throws(APIFailure) in
            for (id, count) in counts {
                guard var app = target.apps[id] else { continue }
                app.instances = max(0, app.instances - count)
                target.apps[id] = app
            }
        }
    }

    mutating func resetDelay(of id: PathID, now: Timestamp) throws(APIFailure) {
        guard queue[id] != nil else { throw APIFailure(404, "Application \(id) not found in tasks queue.") }
        backoff.reset(id)
        settle(now)
    }
}
