import JSON
import Marathon
import Mesos

/// What the master says about tasks.
extension SchedulerCore {
    /// Takes a status in, and acknowledges it once it is kept. What follows from it is left to `settle`, so that a thousand of them
    /// are followed up once.
    mutating func updated(_ status: TaskStatus, now: Timestamp) {
        statistics.statusUpdates += 1
        reconciliation.answered(status.taskID)
        if let instance = instances[status.taskID] { take(status, instance, now) } else { takeUnknown(status, now) }
        if let uuid = status.uuid, let agent = status.agentID {
            emit(.call(.acknowledge(agentID: agent, taskID: status.taskID, uuid: uuid)))
        }
    }

    private mutating func take(_ status: TaskStatus, _ instance: Instance, _ now: Timestamp) {
        switch status.state {
        case .staging, .starting, .running: progress(status, instance, now)
        case .killing:
            var instance = instance
            let isNews = instance.condition != .killing
            instance.condition = .killing
            instance.killedAt = instance.killedAt ?? now
            if isNews {
                store(instance)
                emit(.stopProbes(taskID: instance.taskID))
                dirty.insert(instance.appID)
                publishUpdate(status, instance, now)
            }
        case .unreachable: lose(status, instance, now)
        case .finished, .failed, .killed, .error, .lost, .dropped, .gone, .goneByOperator: end(status, instance, now)
        case .unknown:
            // The agent is not registered and no master remembers it: as lost as can be.
            end(status, instance, now)
        }
    }

    private mutating func progress(_ status: TaskStatus, _ before: Instance, _ now: Timestamp) {
        var instance = before
        let condition: Instance.Condition =
            switch status.state {
            case .running: .running
            case .starting: .starting
            default: .staging
            }
        if !status.ipAddresses.isEmpty { instance.ipAddresses = status.ipAddresses }
        if before.condition == .killing {
            // It was asked to end, and has not: the request may have been lost with a connection.
            if status.reason == "REASON_RECONCILIATION" { sendKill(instance) }
        } else if !(before.condition == .running && condition != .running) {
            instance.condition = condition
            instance.unreachableSince = nil
        }
        if instance.condition == .running, instance.startedAt == nil { instance.startedAt = now }
        if instance != before {
            store(instance)
            dirty.insert(instance.appID)
            publishUpdate(status, instance, now)
            if instance.condition != before.condition { publishChange(instance, now) }
        }
        if instance.condition == .running, before.condition != .running { startProbes(instance) }
        if let healthy = status.healthy { executorSays(healthy, instance, status.message, now) }
    }

    /// The executor's own check has a result.
    private mutating func executorSays(_ healthy: Bool, _ instance: Instance, _ message: String?, _ now: Timestamp) {
        guard let app = app(of: instance), let index = app.healthChecks.firstIndex(where: \.checkProtocol.isByExecutor) else { return }
        let failure = healthy ? nil : message ?? "the executor's check failed"
        healthResult(failure, of: app.healthChecks[index], at: index, instance, now)
    }

    private mutating func lose(_ status: TaskStatus, _ before: Instance, _ now: Timestamp) {
        if before.condition == .killing { return end(status, before, now) }
        guard !before.isUnreachable else { return passUnreachable(before, now) }
        var instance = before
        instance.unreachableSince = now
        instance.condition = .unreachable
        store(instance)
        emit(.stopProbes(taskID: instance.taskID))
        publishUpdate(status, instance, now)
        publishChange(instance, now)
        dirty.insert(instance.appID)
        passUnreachable(instance, now)
    }

    /// Has a task that has been unreachable for long enough replaced, and after the second of its times forgotten.
    mutating func passUnreachable(_ instance: Instance, _ now: Timestamp) {
        guard let since = instance.unreachableSince, let patience = patience(with: instance) else { return }
        let away = now.seconds(since: since)
        if away >= patience.expunge {
            remove(instance)
            publishChange(instance, condition: "Gone", now)
            dirty.insert(instance.appID)
        } else if away >= patience.inactive, instance.condition == .unreachable {
            var instance = instance
            instance.condition = .unreachableInactive
            store(instance)
            publishChange(instance, now)
            dirty.insert(instance.appID)
        }
    }

    /// How long a task that is unreachable is waited for, and how long it is known; nil: for ever (`"disabled"`).
    func patience(with instance: Instance) -> (inactive: Double, expunge: Double)? {
        switch app(of: instance)?.unreachableStrategy {
        case .disabled: nil
        case .enabled(let inactive, let expunge): (Double(inactive), Double(expunge))
        case nil: (0, 0)
        }
    }

    private mutating func end(_ status: TaskStatus, _ instance: Instance, _ now: Timestamp) {
        remove(instance)
        dirty.insert(instance.appID)
        publishUpdate(status, instance, now)
        publishChange(instance, condition: Self.conditionName(status.state), now)
        let wasAsked = instance.condition == .killing
        switch status.state {
        case .failed, .error, .lost, .gone, .dropped, .unknown, .goneByOperator:
            guard !wasAsked else { break }
            statistics.tasksFailed += 1
            store(
                TaskFailure(
                    appID: instance.appID, host: instance.host, message: String((status.message ?? "").prefix(16_384)),
                    state: status.state.rawValue,
                    taskID: instance.taskID, timestamp: now, version: instance.appVersion, agentID: instance.agentID))
        default: break
        }
        switch status.state {
        case .failed, .error, .finished, .lost, .gone:
            if !wasAsked, let app = app(of: instance) { backoff.addFailure(of: app, now: now) }
        default: break
        }
    }

    /// A task that is not in the state: it ended before, or is an orphan of a removed app, which is ended.
    private mutating func takeUnknown(_ status: TaskStatus, _ now: Timestamp) {
        let name = status.taskID.lastIndex(of: ".").map { status.taskID[..<$0] } ?? status.taskID[...]
        let app = PathID(safePath: name) ?? .root
        if status.state.isTerminal || status.state == .unknown {
            publish(
                "unknown_instance_terminated_event", at: now,
                [
                    "instanceId": .string(status.taskID), "runSpecId": .string(app.description),
                    "condition": .string(Self.conditionName(status.state)),
                ])
        } else if status.state != .unreachable, status.state != .killing {
            emit(.call(.kill(taskID: status.taskID, agentID: status.agentID, policy: nil)))
        }
    }

    private static func conditionName(_ state: TaskState) -> String {
        let name = state.rawValue.dropFirst(5).lowercased()
        return name.prefix(1).uppercased() + name.dropFirst()
    }

    private mutating func publishUpdate(_ status: TaskStatus, _ instance: Instance, _ now: Timestamp) {
        publish(
            "status_update_event", at: now,
            [
                "slaveId": .string(instance.agentID), "taskId": .string(instance.taskID), "taskStatus": .string(status.state.rawValue),
                "message": .string(status.message ?? ""), "appId": .string(instance.appID.description), "host": .string(instance.host),
                "ipAddresses": .array(instance.ipAddresses.map(Self.address)),
                "ports": .array(instance.hostPorts.map { .number($0) }), "version": .string(instance.appVersion.description),
            ])
    }

    static func address(_ text: String) -> JSON {
        ["ipAddress": .string(text), "protocol": .string(text.contains(":") ? "IPv6" : "IPv4")]
    }
}
