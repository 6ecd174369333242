import JSON
import Marathon

/// What the users want: every group and the current version of every app.
struct RootGroup: Sendable, Hashable {
    struct Group: Sendable, Hashable {
        var dependencies: [PathID] = []
        var version: Timestamp
    }

    var groups: [PathID: Group]
    var apps: [PathID: App] = [:]

    init(version: Timestamp) { groups = [.root: Group(version: version)] }

    /// Direct children of a group.
    func childGroups(of id: PathID) -> [PathID] { groups.keys.filter { $0.parent == id }.sorted() }
    func childApps(of id: PathID) -> [App] { apps.values.filter { $0.id.parent == id }.sorted { $0.id < $1.id } }
    /// Apps at any depth.
    func apps(within id: PathID) -> [App] { apps.values.filter { $0.id.isWithin(id) && $0.id != id }.sorted { $0.id < $1.id } }

    /// Puts an app, with the groups around it.
    mutating func put(_ app: App) {
        apps[app.id] = app
        for group in app.id.ancestors { makeGroup(group, version: app.version) }
    }

    mutating func makeGroup(_ id: PathID, version: Timestamp) {
        for group in id.ancestors + [id] where groups[group] == nil { groups[group] = Group(version: version) }
    }

    /// Removes a group with all that is in it; the root group itself stays, empty.
    mutating func removeGroup(_ id: PathID) {
        for app in apps.keys where app.isWithin(id) { apps[app] = nil }
        for group in groups.keys where group.isWithin(id) && !group.isRoot { groups[group] = nil }
    }

    /// Everything that must be up before an app: its own dependencies and those of the groups around it, groups resolved to their apps.
    func dependencies(of app: App) -> Set<PathID> {
        var found: Set<PathID> = []
        let declared = app.dependencies + app.id.ancestors.flatMap { groups[$0]?.dependencies ?? [] }
        for dependency in declared {
            if apps[dependency] != nil { found.insert(dependency) }
            for other in apps(within: dependency) { found.insert(other.id) }
        }
        found.remove(app.id)
        return found
    }

    /// An app that depends on itself over others; nil where there is none.
    func appInCycle() -> PathID? {
        var done: Set<PathID> = []
        var path: Set<PathID> = []
        func visit(_ id: PathID) -> PathID? {
            if path.contains(id) { return id }
            guard !done.contains(id), let app = apps[id] else { return nil }
            path.insert(id)
            defer { path.remove(id) }
            for next in dependencies(of: app).sorted() { if let found = visit(next) { return found } }
            done.insert(id)
            return nil
        }
        for id in apps.keys.sorted() { if let found = visit(id) { return found } }
        return nil
    }
}
