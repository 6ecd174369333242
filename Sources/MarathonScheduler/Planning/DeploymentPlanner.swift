import Marathon

/// Plans the steps from one state of the apps to another: stop what is gone, make what is new, then scale and restart in the order of the
/// dependencies, leaves first (Marathon's DeploymentPlan).
enum DeploymentPlanner {
    static func steps(from original: RootGroup, to target: RootGroup) -> [[Deployment.Action]] {
        var steps: [[Deployment.Action]] = []
        let removed = original.apps.keys.filter { target.apps[$0] == nil }.sorted()
        let made = target.apps.keys.filter { original.apps[$0] == nil }.sorted()
        steps.append(removed.map { Deployment.Action(kind: .stop, app: $0) })
        steps.append(made.map { Deployment.Action(kind: .start, app: $0) })

        var changes: [PathID: Deployment.Action] = [:]
        for (id, app) in target.apps {
            guard let before = original.apps[id] else {
                if app.instances > 0 { changes[id] = Deployment.Action(kind: .scale, app: id) }
                continue
            }
            if app.lastConfigChangeAt > before.lastConfigChangeAt {
                changes[id] = Deployment.Action(kind: .restart, app: id)
            } else if app.instances != before.instances {
                changes[id] = Deployment.Action(kind: .scale, app: id)
            }
        }
        steps += byDependency(Set(changes.keys), in: target).map { layer in layer.compactMap { changes[$0] } }
        return steps.filter { !$0.isEmpty }
    }

    /// The changed apps in layers: each after all that it depends on, at whatever distance. The graph has no cycle.
    private static func byDependency(_ changed: Set<PathID>, in root: RootGroup) -> [[PathID]] {
        var depths: [PathID: Int] = [:]
        func depth(_ id: PathID) -> Int {
            if let known = depths[id] { return known }
            guard let app = root.apps[id] else { return 0 }
            let value = root.dependencies(of: app).map { depth($0) + 1 }.max() ?? 0
            depths[id] = value
            return value
        }
        let layers = Dictionary(grouping: changed, by: depth)
        return layers.sorted { $0.key < $1.key }.map { $0.value.sorted() }
    }
}
