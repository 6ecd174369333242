import JSON
import Marathon
import Mesos

/// Subscriptions that come and go, and the passing of time.
extension SchedulerCore {
    /// Subscribed: everything that may have been missed is asked for, everything that may have been lost is said again.
    mutating func connected(frameworkID: String, master: String, now: Timestamp) {
        let isFirst = connection == nil && statistics.offersReceived == 0
        connection = Connection(frameworkID: frameworkID, master: master)
        publish(
            isFirst ? "scheduler_registered_event" : "scheduler_reregistered_event", at: now,
            ["frameworkId": isFirst ? .string(frameworkID) : nil, "master": .string(master)])
        offerFlow.reset()
        for instance in instances.values where instance.condition == .killing { sendKill(instance) }
        reconcile(now)
        settle(now)
    }

    mutating func disconnected(now: Timestamp) {
        guard connection != nil else { return }
        connection = nil
        reconciliation.stop()
        publish("scheduler_disconnected_event", at: now, [:])
    }

    /// Asks for all tasks by name, and for those that nobody here knows.
    private mutating func reconcile(_ now: Timestamp) {
        // What was launched just now is on its way; asked too early, the master would say that it does not exist.
        let known = instances.values.filter { $0.condition != .created || now.seconds(since: $0.stagedAt) > 10 }
        reconciliation.begin(
            known.filter { !$0.isUnreachable }.map(\.taskID), interval: options.reconciliationInterval, now: now)
        ask(known)
        emit(.call(.reconcile([])))
    }

    private mutating func ask(_ instances: some Sequence<Instance>) {
        let tasks = instances.sorted { $0.taskID < $1.taskID }
        guard !tasks.isEmpty else { return }
        emit(.call(.reconcile(tasks.map { SchedulerCall.TaskReference(taskID: $0.taskID, agentID: $0.agentID) })))
    }

    /// Does what has become due.
    mutating func tick(now: Timestamp) {
        for instance in instances.values {
            guard let due = deadline(of: instance), due <= now else { continue }
            switch instance.condition {
            case .killing:
                var instance = instance
                instance.killedAt = now
                instances[instance.taskID] = instance
                if connection != nil { sendKill(instance) }
            case .unreachable, .unreachableInactive: passUnreachable(instance, now)
            case .created, .staging, .starting:
                // It never came to run: end it, so that another can be tried.
                kill(instance, now)
                dirty.insert(instance.appID)
                if connection != nil, instance.condition == .created { launchFailed([instance.taskID], now: now) }
            case .running: break
            }
        }
        if connection != nil {
            switch reconciliation.step(now: now) {
            case .nothing: break
            case .full: reconcile(now)
            case .again(let tasks): ask(tasks.compactMap { instances[$0] })
            }
        }
        settle(now)
    }

    /// When something becomes due by itself; nil where nothing does.
    func nextDeadline(now: Timestamp) -> Timestamp? {
        var earliest = reconciliation.nextAt
        func consider(_ moment: Timestamp?) {
            if let moment, earliest.map({ moment < $0 }) ?? true { earliest = moment }
        }
        for instance in instances.values { consider(deadline(of: instance)) }
        for (id, entry) in queue where entry.count > 0 { consider(root.apps[id].flatMap { backoff.delayedUntil($0, now: now) }) }
        consider(offerFlow.reviveAt)
        return earliest
    }

    private func deadline(of instance: Instance) -> Timestamp? {
        switch instance.condition {
        case .killing: (instance.killedAt ?? instance.stagedAt).adding(seconds: options.killRetrySeconds)
        case .unreachable, .unreachableInactive:
            instance.unreachableSince.flatMap { since in
                patience(with: instance).map { since.adding(seconds: instance.condition == .unreachable ? $0.inactive : $0.expunge) }
            }
        case .created: instance.stagedAt.adding(seconds: options.taskLaunchConfirmTimeout)
        case .staging, .starting: instance.stagedAt.adding(seconds: options.taskLaunchTimeout)
        case .running: nil
        }
    }
}
