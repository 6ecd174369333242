import JSON
import Marathon

/// What the API does with groups.
extension SchedulerCore {
    mutating func createGroup(_ id: PathID, _ json: JSON, force: Bool, now: Timestamp) throws(APIFailure) -> Change {
        guard root.groups[id] == nil else { throw APIFailure(409, "Group \(id) is already created. Use PUT to change this group.") }
        guard root.apps[id] == nil else { throw APIFailure(409, "An app with the path \(id) already exists.") }
        return try updateGroup(id, json, force: force, now: now)
    }

    mutating func updateGroup(_ id: PathID, _ json: JSON, force: Bool, now: Timestamp) throws(APIFailure) -> Change {
        let edit = try groupEdit(id, json)
        return try change(force: force, now: now, edit)
    }

    /// The steps that an update would take.
    func groupSteps(_ id: PathID, _ json: JSON, now: Timestamp) throws(APIFailure) -> [[Deployment.Action]] {
        try dryRun(now: now, try groupEdit(id, json))
    }

    mutating func deleteGroup(_ id: PathID, force: Bool, now: Timestamp) throws(APIFailure) -> Change {
        guard root.groups[id] != nil else { throw APIFailure.groupNotFound(id) }
        return try change(force: force, now: now) { (target, _) throws(APIFailure) in target.removeGroup(id) }
    }

    private typealias Edit = (inout RootGroup, Timestamp) throws(APIFailure) -> Void

    private func groupEdit(_ id: PathID, _ json: JSON) throws(APIFailure) -> Edit {
        guard let object = json.object else { throw APIFailure.invalid([FieldProblem("/", "error.expected.jsobject")]) }
        if let value = object["scaleBy"], !value.isNull {
            guard let factor = value.double, factor >= 0 else { throw APIFailure.invalid([FieldProblem("/scaleBy", "error.min")]) }
            guard root.groups[id] != nil else { throw APIFailure.groupNotFound(id) }
            return { (target, _) throws(APIFailure) in
                for var app in target.apps(within: id) {
                    app.instances = Int((Double(app.instances) * factor).rounded(.up))
                    target.apps[app.id] = app
                }
            }
        }
        if let text = object["version"]?.string {
            let known = try group(id, at: text)
            return { (target, version) throws(APIFailure) in
                target.removeGroup(id)
                target.makeGroup(id, version: version)
                for app in known { target.put(app) }
            }
        }
        return { (target, version) throws(APIFailure) in
            try Self.put(json, as: id, at: "", into: &target, version)
        }
    }

    /// The apps of a group as they were at a moment: of each the latest version until then.
    func group(_ id: PathID, at text: String) throws(APIFailure) -> [App] {
        guard root.groups[id] != nil else { throw APIFailure.groupNotFound(id) }
        guard let moment = Timestamp(text), groupVersions(id).contains(moment) else {
            throw APIFailure(404, "Group '\(id)' does not exist in version \(text)")
        }
        return versions.filter { $0.key.isWithin(id) && $0.key != id }.compactMap { _, all in
            all.filter { $0.key <= moment }.max { $0.key < $1.key }?.value
        }.sorted { $0.id < $1.id }
    }

    /// The moments at which a group changed that are still known, newest first.
    func groupVersions(_ id: PathID) -> [Timestamp] {
        var all = Set(versions.filter { $0.key.isWithin(id) }.flatMap(\.value.keys))
        if let version = root.groups[id]?.version { all.insert(version) }
        return all.sorted(by: >)
    }

    /// Puts a group's document: what it lists replaces what was there, lists that it leaves out stay.
    private static func put(
        _ json: JSON, as id: PathID, at path: String, into target: inout RootGroup, _ version: Timestamp
    ) throws(APIFailure) {
        guard let object = json.object else {
            throw APIFailure.invalid([FieldProblem(path.isEmpty ? "/" : path, "error.expected.jsobject")])
        }
        for key in ["pods", "enforceRole"] {
            if let value = object[key], !value.isNull, value != .array([]), value != .bool(false) {
                throw APIFailure.invalid([FieldProblem("\(path)/\(key)", "'\(key)' is not supported by this Marathon")])
            }
        }
        let known = ["id", "apps", "groups", "dependencies", "version", "scaleBy", "pods", "enforceRole"]
        if let key = object.first(where: { !$0.value.isNull && !known.contains($0.key) })?.key {
            throw APIFailure.invalid([
                FieldProblem("\(path)/\(key)", "'\(key)' is not a field of a group: correct its name, or leave it out")
            ])
        }
        target.makeGroup(id, version: version)
        if let dependencies = object["dependencies"]?.array {
            var ids: [PathID] = []
            for (index, dependency) in dependencies.enumerated() {
                guard let text = dependency.string, let parsed = PathID(text, below: id.parent ?? .root) else {
                    throw APIFailure.invalid([FieldProblem("\(path)/dependencies(\(index))", "error.pattern")])
                }
                ids.append(parsed)
            }
            target.groups[id]?.dependencies = ids
        }
        if let apps = object["apps"]?.array {
            let before = target.childApps(of: id)
            for app in before { target.apps[app.id] = nil }
            for (index, json) in apps.enumerated() {
                let place = "\(path)/apps(\(index))"
                let app = try read(json, below: id, at: place)
                guard app.id.parent == id else {
                    throw APIFailure.invalid([FieldProblem("\(place)/id", "Identifier \(app.id) is not child of '\(id)'")])
                }
                guard target.apps[app.id] == nil else {
                    throw APIFailure.invalid([FieldProblem("\(path)/apps", "Applications must have unique ids: \(app.id)")])
                }
                target.put(keepingVersion(of: before.first { $0.id == app.id }, in: app))
            }
        }
        if let groups = object["groups"]?.array {
            var named: Set<PathID> = []
            for (index, json) in groups.enumerated() {
                let place = "\(path)/groups(\(index))"
                guard let text = json["id"]?.string, let child = PathID(text, below: id), child.parent == id else {
                    throw APIFailure.invalid([FieldProblem("\(place)/id", "error.path.missing: a group's id is a child of '\(id)'")])
                }
                named.insert(child)
                try put(json, as: child, at: place, into: &target, version)
            }
            for child in target.childGroups(of: id) where !named.contains(child) { target.removeGroup(child) }
        }
    }

    /// The app as it was where the document says nothing new, so that nothing is deployed for it.
    private static func keepingVersion(of before: App?, in app: App) -> App {
        guard let before else { return app }
        var same = app
        same.version = before.version
        same.lastScalingAt = before.lastScalingAt
        same.lastConfigChangeAt = before.lastConfigChangeAt
        // A service port that is left open stays the one that was chosen.
        for index in same.portDefinitions.indices
        where same.portDefinitions[index].port == 0 && before.portDefinitions.indices.contains(index) {
            same.portDefinitions[index].port = before.portDefinitions[index].port
        }
        if let mappings = before.container?.portMappings, same.container?.portMappings.count == mappings.count {
            for index in mappings.indices where same.container?.portMappings[index].servicePort == 0 {
                same.container?.portMappings[index].servicePort = mappings[index].servicePort
            }
        }
        return same == before ? before : app
    }
}
