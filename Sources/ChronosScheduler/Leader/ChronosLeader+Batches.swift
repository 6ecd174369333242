import Chronos
import ClusterCore
import Logging
import Mesos
import MesosFramework

extension ChronosLeader {
    /// Treats all that has happened since the last time: decide, store, then act.
    func treat(_ events: [Event]) async throws {
        let now = clock()
        var answers: [(command: Command, result: Result<Void, ClusterError>)] = []
        var acknowledgements: [TaskStatus] = []
        core.advance(to: now)
        for event in events {
            switch event {
            case .tick: break
            case .command(let command):
                do throws(ClusterError) {
                    try command.run(&core, now)
                    answers.append((command, .success(())))
                } catch {
                    answers.append((command, .failure(error)))
                }
            case .mesos(let event):
                take(event, now: now)
                if case .update(let status) = event, status.uuid != nil { acknowledgements.append(status) }
            case .callFailed(let call, let isRefused, let reason): failed(call, isRefused: isRefused, reason: reason)
            }
        }
        let plan = useOffers()
        let pending = core.takePending()
        do {
            try await store.write(core.changes(of: pending))
        } catch {
            for answer in answers { answer.command.answer.resume(returning: .failure(Self.ended)) }
            throw error
        }
        for note in pending.notes { logger.info("\(note)") }
        for (command, result) in answers { command.answer.resume(returning: result.map { core }) }
        for status in acknowledgements { acknowledge(status) }
        for (offer, tasks) in plan.accepts {
            callQueue.yield(.accept(offerIDs: [offer], operations: [.launch(tasks)], filters: filters))
        }
        if !plan.declines.isEmpty { callQueue.yield(.decline(offerIDs: plan.declines, filters: filters)) }
        for kill in pending.kills where mesosState.isConnected {
            callQueue.yield(.kill(taskID: kill.task, agentID: kill.agent, policy: nil))
        }
        askForOffers(isNewlyQueued: pending.runs.contains { core.runs[$0]?.phase == .queued })
        reconcileWhereDue()
    }

    private var filters: SchedulerCall.Filters { SchedulerCall.Filters(refuseSeconds: settings.declineSeconds) }

    private func take(_ event: FrameworkEvent, now: Timestamp) {
        switch event {
        case .connected(let frameworkID, let master):
            logger.info("subscribed to the Mesos master \(master.address) as \(frameworkID)")
            mesosState = MesosState(isConnected: true, frameworkID: frameworkID)
            reconcile()
            for run in core.runs.values where run.isKilled && run.isLaunched {
                callQueue.yield(.kill(taskID: run.taskID, agentID: run.agent, policy: nil))
            }
        case .disconnected(let reason):
            logger.warning("the subscription has ended: \(reason)")
            mesosState.isConnected = false
            mesosState.offers = []
            mesosState.nextReconciliation = nil
        case .offers(let offers): mesosState.offers += offers
        case .rescind(let offer): mesosState.offers.removeAll { $0.id == offer }
        case .update(let status): core.apply(status, now: now)
        case .refused(let reason): logger.error("the Mesos master refuses the framework: \(reason)")
        case .message, .failure: break
        }
    }

    /// An unused offer is given back at once: others may need it.
    private func useOffers() -> OfferPlanner.Plan {
        guard mesosState.isConnected, !mesosState.offers.isEmpty else { return OfferPlanner.Plan() }
        return core.use(takeOut(&mesosState.offers, leaving: []), builder: settings.builder)
    }

    private func acknowledge(_ status: TaskStatus) {
        guard let uuid = status.uuid, let agent = status.agentID else { return }
        acknowledgementQueue.yield(.acknowledge(agentID: agent, taskID: status.taskID, uuid: uuid))
    }

    private func failed(_ call: SchedulerCall.Kind, isRefused: Bool, reason: String) {
        logger.warning("a call to the Mesos master failed: \(reason)")
        guard case .accept(_, let operations, _) = call else { return }
        let tasks = operations.flatMap { operation -> [TaskInfo] in
            if case .launch(let tasks) = operation { tasks } else { [] }
        }
        if isRefused {
            core.takeBack(tasks)
        } else if mesosState.isConnected {
            callQueue.yield(.reconcile(tasks.map { SchedulerCall.TaskReference(taskID: $0.taskID, agentID: $0.agentID) }))
        }
    }

    /// Offers are wanted only while a run is queued.
    private func askForOffers(isNewlyQueued: Bool) {
        guard mesosState.isConnected else { return }
        guard core.wantsOffers else {
            if !mesosState.isSuppressed { callQueue.yield(.suppress()) }
            mesosState.isSuppressed = true
            return
        }
        let isTooSoon = mesosState.lastRevive.map { $0.duration(to: .now) < settings.reviveInterval } ?? false
        guard mesosState.isSuppressed || (isNewlyQueued && !isTooSoon) else { return }
        mesosState.isSuppressed = false
        mesosState.lastRevive = .now
        callQueue.yield(.revive())
    }

    private func reconcileWhereDue() {
        guard mesosState.isConnected, core.hasUnsettled else {
            mesosState.nextReconciliation = nil
            return
        }
        if let next = mesosState.nextReconciliation, next <= .now { reconcile() } else { scheduleReconciliation() }
    }

    /// Asks about the tasks that should be there, and about all that the master knows: one of a deleted job is killed.
    private func reconcile() {
        let tasks = core.unsettled
        if !tasks.isEmpty {
            callQueue.yield(.reconcile(tasks.map { SchedulerCall.TaskReference(taskID: $0.task, agentID: $0.agent) }))
        }
        callQueue.yield(.reconcile([]))
        mesosState.nextReconciliation = nil
        scheduleReconciliation()
    }

    private func scheduleReconciliation() {
        let isUnconfirmed = core.runs.values.contains { run in
            if case .launched = run.phase { true } else { run.unreachableSince != nil }
        }
        let next = ContinuousClock.now + (isUnconfirmed ? settings.unconfirmedInterval : settings.reconciliationInterval)
        mesosState.nextReconciliation = min(mesosState.nextReconciliation ?? next, next)
    }
}
