import ClusterCore
import EngineSupport
import JSON
import Marathon

/// From a wish to a deployment.
extension SchedulerCore {
    /// What a change led to.
    struct Change: Sendable, Hashable {
        let version: Timestamp
        let deploymentID: String
        /// The answer of the API.
        var json: JSON { ["version": .string(version.description), "deploymentId": .string(deploymentID)] }
    }

    /// Changes what is wanted, and deploys the difference.
    /// - Parameters:
    ///   - force: cancels deployments of the same apps, rather than be refused.
    ///   - restarting: apps whose tasks are replaced though nothing changed.
    ///   - edit: changes the root group; the version is that of everything new.
    @discardableResult
    mutating func change(
        force: Bool, restarting: Set<PathID> = [], now: Timestamp,
        _ edit: (inout RootGroup, Timestamp) throws(APIFailure) -> Void
    ) throws(APIFailure) -> Change {
        let version = nextVersion(now)
        let target = try plannedRoot(version, restarting: restarting, edit)
        let steps = DeploymentPlanner.steps(from: root, to: target)
        let affected = Set(steps.joined().map(\.app))
        let conflicts = deployments.filter { !$0.affectedApps.isDisjoint(with: affected) }
        guard conflicts.isEmpty || force else { throw APIFailure.locked(by: conflicts) }
        if !steps.isEmpty, deployments.count - conflicts.count >= options.maxRunningDeployments {
            throw APIFailure(
                403,
                "\(options.maxRunningDeployments) deployments are running, and no more may (--max_running_deployments): wait until one has ended, or take the place of one with force=true."
            )
        }
        for conflict in conflicts { cancel(conflict, now) }
        return adopt(target, version, steps, now)
    }

    /// The steps that a change would take, without taking any.
    func dryRun(
        now: Timestamp, _ edit: (inout RootGroup, Timestamp) throws(APIFailure) -> Void
    ) throws(APIFailure) -> [[Deployment.Action]] {
        let version = max(now, lastVersion.adding(milliseconds: 1))
        return DeploymentPlanner.steps(from: root, to: try plannedRoot(version, restarting: [], edit))
    }

    private func plannedRoot(
        _ version: Timestamp, restarting: Set<PathID>, _ edit: (inout RootGroup, Timestamp) throws(APIFailure) -> Void
    ) throws(APIFailure) -> RootGroup {
        var target = root
        try edit(&target, version)
        var ports = ServicePorts(range: options.servicePorts, root: target)
        for (id, app) in target.apps.sorted(by: { $0.key < $1.key }) where app != root.apps[id] || restarting.contains(id) {
            var app = app
            let before = root.apps[id]
            do { try ports.assign(to: &app, before: before) } catch { throw APIFailure(422, error.message) }
            let problems = validation.problems(of: app)
            guard problems.isEmpty else { throw APIFailure.invalid(problems) }
            // A version of the past that was put back as a whole keeps its own date, so that its tasks are known again.
            if let known = versions[id]?[app.version], known == app, app.version != before?.version {
                target.apps[id] = app
                continue
            }
            app.stamp(version, before: before, isRestart: restarting.contains(id))
            target.apps[id] = app
        }
        try check(target)
        return target
    }

    private func check(_ target: RootGroup) throws(APIFailure) {
        if let limit = options.maxApps, target.apps.count > limit, target.apps.count > root.apps.count {
            throw APIFailure(403, "You can have at most \(limit) apps (--max_apps)")
        }
        if let both = target.apps.keys.first(where: { target.groups[$0] != nil }) {
            throw APIFailure.invalid([FieldProblem("/", "Groups and Applications may not have the same identifier: \(both)")])
        }
        if let app = target.appInCycle() {
            throw APIFailure.invalid([FieldProblem("/dependencies", "Dependency graph has cyclic dependencies: \(app) depends on itself.")])
        }
    }

    private mutating func adopt(_ target: RootGroup, _ version: Timestamp, _ steps: [[Deployment.Action]], _ now: Timestamp) -> Change {
        let before = root
        root = target
        for (id, app) in target.apps where app != before.apps[id] && versions[id]?[app.version] != app { store(app) }
        for id in Set(before.groups.keys).union(target.groups.keys) {
            let apps = (before.childApps(of: id).map(\.version), target.childApps(of: id).map(\.version))
            if before.groups[id] != target.groups[id] || apps.0 != apps.1
                || before.childApps(of: id).map(\.id) != target.childApps(of: id).map(\.id)
            {
                if root.groups[id] != nil { root.groups[id]?.version = version }
                storeGroup(id)
            }
        }
        let affected = Set(steps.joined().map(\.app))
        var deployment = Deployment(
            id: RandomID.text(), version: version, steps: steps,
            originals: before.apps.filter { affected.contains($0.key) }.mapValues(\.version),
            targets: target.apps.filter { affected.contains($0.key) }.mapValues(\.version),
            madeGroups: target.groups.keys.filter { before.groups[$0] == nil }.sorted(),
            changedGroups: before.groups.filter { target.groups[$0.key]?.dependencies != $0.value.dependencies }.mapValues(\.dependencies))
        for id in affected where target.apps[id] != nil { backoff.reset(id) }
        for (id, app) in target.apps where before.apps[id] == nil {
            for check in app.healthChecks {
                publish(
                    "add_health_check_event", at: now,
                    ["appId": .string(id.description), "version": .string(app.version.description), "healthCheck": check.json])
            }
        }
        publish("group_change_success", at: now, ["groupId": "/", "version": .string(version.description)])
        deployment.currentStep = 0
        store(deployment)
        if !deployment.isFinished { publish("deployment_info", at: now, stepFields(deployment)) }
        dirty.formUnion(affected)
        settle(now)
        return Change(version: version, deploymentID: deployment.id)
    }

    private mutating func cancel(_ deployment: Deployment, _ now: Timestamp) {
        remove(deployment)
        publish("deployment_failed", at: now, ["id": .string(deployment.id), "plan": plan(deployment)])
        dirty.formUnion(deployment.affectedApps)
    }

    /// Ends a deployment: with force where it stands, else by deploying back.
    /// - Returns: the deployment back; nil with force.
    mutating func stopDeployment(_ id: String, force: Bool, now: Timestamp) throws(APIFailure) -> Change? {
        guard let deployment = deployments.first(where: { $0.id == id }) else {
            throw APIFailure(404, "DeploymentPlan \(id) does not exist")
        }
        if force {
            cancel(deployment, now)
            // Tasks of apps that were to be removed go on being removed: nothing wants them.
            for app in deployment.affectedApps where root.apps[app] == nil && tasksByApp[app] == nil { forget(app) }
            settle(now)
            return nil
        }
        let versions = versions
        return try change(force: true, now: now) { (target, version) throws(APIFailure) in
            for app in deployment.affectedApps {
                if let original = deployment.originals[app], let definition = versions[app]?[original] {
                    target.put(definition)
                } else {
                    target.apps[app] = nil
                }
            }
            for (group, dependencies) in deployment.changedGroups {
                target.makeGroup(group, version: version)
                target.groups[group]?.dependencies = dependencies
            }
            for group in deployment.madeGroups.reversed() where target.childApps(of: group).isEmpty && target.childGroups(of: group).isEmpty
            {
                target.groups[group] = nil
            }
        }
    }
}

extension App {
    /// Dates a new version: a change of the scale alone leaves its tasks as they are.
    fileprivate mutating func stamp(_ new: Timestamp, before: App?, isRestart: Bool) {
        version = new
        guard let before, !isRestart else {
            lastScalingAt = new
            lastConfigChangeAt = new
            return
        }
        if hasSameTasks(as: before) {
            lastScalingAt = instances == before.instances ? before.lastScalingAt : new
            lastConfigChangeAt = before.lastConfigChangeAt
        } else {
            lastScalingAt = new
            lastConfigChangeAt = new
        }
    }
}
