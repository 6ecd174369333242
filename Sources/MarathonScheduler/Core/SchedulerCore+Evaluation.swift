import JSON
import Marathon
import Mesos

/// Compares what is with what is wanted, app by app, and does the next step towards it. It looks at the present state only, so after a change of
/// the leader it simply goes on.
extension SchedulerCore {
    /// Follows up all that the last input touched.
    mutating func settle(_ now: Timestamp) {
        repeat {
            while let app = dirty.popFirst() { evaluate(app, now) }
        } while advanceDeployments(now)
        askForOffers(now)
    }

    private mutating func evaluate(_ id: PathID, _ now: Timestamp) {
        let deployment = deployment(of: id)
        let action = deployment?.currentAction(for: id)
        guard let app = root.apps[id], action?.kind != .stop else {
            want(0, of: id, now)
            let tally = tally(of: id)
            guard tally.active + tally.inactive > 0 else { return }
            for instance in tasks(of: id) {
                if instance.isActive { kill(instance, now) }
                // Nobody would answer for it. If it is back one day, it is ended as any task that is not known.
                if instance.condition == .unreachableInactive {
                    remove(instance)
                    publishChange(instance, condition: "Gone", now)
                }
            }
            return
        }
        if action?.kind == .start || (deployment?.isWaiting(for: id) ?? false) { return want(0, of: id, now) }

        if action?.kind == .restart {
            let plan = restartPlan(app)
            kill(plan.kill, of: app, now) { core, instance in !core.isCurrent(instance, app) }
            // A new task may be one too many after a failed launch came back, or after a restart within a restart.
            kill(tallies(of: app).current.active - app.instances, of: app, now) { core, instance in core.isCurrent(instance, app) }
            want(plan.launch, of: id, now)
        } else {
            let tally = tally(of: id)
            kill(tally.active - app.instances, of: app, now) { _, _ in true }
            want(max(0, app.instances - tally.active - (app.isSingleInstance ? tally.killing : 0)), of: id, now)
        }
    }

    /// Asks for the end of so many active tasks.
    private mutating func kill(_ count: Int, of app: App, _ now: Timestamp, among: (SchedulerCore, Instance) -> Bool) {
        guard count > 0 else { return }
        let candidates = tasks(of: app.id).filter { $0.isActive && among(self, $0) }
        for instance in KillOrder.choose(count, of: candidates, selection: app.killSelection, isHealthy: isHealthy) { kill(instance, now) }
    }

    private func restartPlan(_ app: App) -> RollingRestart {
        let (current, old) = tallies(of: app)
        // A new one that is waited for had come to run: the others' turn must not wait for its agent, perhaps for ever.
        return RollingRestart(
            instances: app.instances, strategy: app.upgradeStrategy, oldActive: old.active, oldAll: old.present, new: current.active,
            newReady: current.ready + current.awaited)
    }

    private mutating func want(_ count: Int, of id: PathID, _ now: Timestamp) {
        guard count > 0 else {
            queue[id] = nil
            return
        }
        queue[id, default: QueueEntry(count: 0, since: now)].count = count
    }

    /// Asks for the end of a task.
    mutating func kill(_ instance: Instance, _ now: Timestamp) {
        var instance = instance
        instance.condition = .killing
        instance.killedAt = now
        store(instance)
        emit(.stopProbes(taskID: instance.taskID))
        sendKill(instance)
        publishChange(instance, now)
    }

    mutating func sendKill(_ instance: Instance) {
        let policy = app(of: instance)?.taskKillGracePeriodSeconds.map { KillPolicy(gracePeriod: .seconds($0)) }
        emit(.call(.kill(taskID: instance.taskID, agentID: instance.agentID, policy: policy)))
    }

    mutating func publishChange(_ instance: Instance, condition: String? = nil, _ now: Timestamp) {
        publish(
            "instance_changed_event", at: now,
            [
                "instanceId": .string(instance.instanceID), "condition": .string(condition ?? instance.condition.eventName),
                "runSpecId": .string(instance.appID.description), "agentId": .string(instance.agentID), "host": .string(instance.host),
                "runSpecVersion": .string(instance.appVersion.description),
            ])
    }

    /// Moves deployments whose step is done to the next. True where that touched any app.
    private mutating func advanceDeployments(_ now: Timestamp) -> Bool {
        for var deployment in deployments where deployment.currentActions.allSatisfy(isDone) {
            for action in deployment.currentActions where action.kind == .stop { finishStop(action.app, now) }
            if !deployment.isFinished {
                publish("deployment_step_success", at: now, stepFields(deployment))
                deployment.currentStep += 1
            }
            dirty.formUnion(deployment.affectedApps)
            if deployment.isFinished {
                remove(deployment)
                publish("deployment_success", at: now, ["id": .string(deployment.id), "plan": plan(deployment)])
            } else {
                store(deployment)
                publish("deployment_info", at: now, stepFields(deployment))
                startReadiness(deployment)
            }
        }
        return !dirty.isEmpty
    }

    private func isDone(_ action: Deployment.Action) -> Bool {
        switch action.kind {
        case .start: return true
        case .stop: return tasksByApp[action.app] == nil
        case .scale:
            guard let app = root.apps[action.app] else { return true }
            let tally = tally(of: app.id)
            // One that is waited for is no reason to wait with the deployment: it had come to run before.
            return tally.present == app.instances && tally.ready + tally.awaited == tally.present
        case .restart:
            guard let app = root.apps[action.app] else { return true }
            return restartPlan(app).isDone
        }
    }

    private mutating func finishStop(_ id: PathID, _ now: Timestamp) {
        guard root.apps[id] == nil else { return }
        forget(id)
        publish("app_terminated_event", at: now, ["appId": .string(id.description)])
    }

    /// Tasks that run already when their app's turn comes are asked whether they are ready.
    private mutating func startReadiness(_ deployment: Deployment) {
        for action in deployment.currentActions {
            for instance in tasks(of: action.app) where instance.condition == .running { startProbes(instance) }
        }
    }
}
