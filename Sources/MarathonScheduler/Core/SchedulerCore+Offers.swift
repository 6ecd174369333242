import Marathon
import Mesos

/// Offers in, launches and refusals out.
extension SchedulerCore {
    /// Apps that could launch a task now, the longest waiting first.
    func launchable(_ now: Timestamp) -> [PathID] {
        queue.filter { id, entry in
            guard entry.count > 0, let app = root.apps[id] else { return false }
            return backoff.delayedUntil(app, now: now) == nil
        }.sorted { ($0.value.since, $0.key) < ($1.value.since, $1.key) }.map(\.key)
    }

    mutating func askForOffers(_ now: Timestamp) {
        guard connection != nil else { return }
        switch offerFlow.update(Set(launchable(now)), minimumInterval: options.minReviveInterval, now: now) {
        case .revive: emit(.call(.revive()))
        case .suppress: emit(.call(.suppress()))
        case nil: break
        }
    }

    /// Uses offers for what is wanted, and gives back the rest.
    mutating func offered(_ offers: [Offer], now: Timestamp) {
        guard connection != nil else { return }
        statistics.offersReceived += offers.count
        var unused: [String] = []
        for offer in offers where !accept(offer, now) { unused.append(offer.id) }
        if !unused.isEmpty {
            statistics.offersDeclined += unused.count
            // While something waits for other resources these may come free, so they are looked at again soon.
            let seconds = launchable(now).isEmpty ? options.declineSeconds : min(5, options.declineSeconds)
            emit(.call(.decline(offerIDs: unused, filters: SchedulerCall.Filters(refuseSeconds: seconds))))
        }
        settle(now)
    }

    private mutating func accept(_ offer: Offer, _ now: Timestamp) -> Bool {
        var demands = launchable(now).compactMap { id -> OfferMatcher.Demand? in
            guard let app = root.apps[id], let entry = queue[id] else { return nil }
            return OfferMatcher.Demand(app: app, count: entry.count, placed: placed(app))
        }
        guard !demands.isEmpty else { return false }
        var random = AnyGenerator(base: random)
        var made: [Instance] = []
        let attributes = offer.textAttributes
        let matcher = OfferMatcher(acceptedRoles: options.acceptedRoles, limitPerOffer: options.limitPerOffer)
        var seeds = random
        let (launches, mismatches) = matcher.match(offer, &demands, random: &random) { launch in
            let instance = Instance(
                taskID: "\(launch.app.id.safePath).\(TimeUUID.text(at: now, random: &seeds.base))", appID: launch.app.id,
                appVersion: launch.app.version, agentID: offer.agentID, host: offer.hostname, hostPorts: launch.hostPorts,
                attributes: attributes, stagedAt: now)
            made.append(instance)
            return instance
        }
        self.random = seeds.base
        count(offer, made, mismatches, now)
        guard !launches.isEmpty else { return false }
        let tasks = zip(launches, made).map { launch, instance in
            builder.task(
                for: launch.app, taskID: instance.taskID, agentID: offer.agentID, host: offer.hostname, hostPorts: launch.hostPorts,
                resources: launch.resources)
        }
        for instance in made {
            store(instance)
            dirty.insert(instance.appID)
            publishChange(instance, now)
        }
        statistics.offersUsed += 1
        statistics.tasksLaunched += made.count
        let wantsMore = demands.contains { $0.count > 0 }
        emit(
            .call(
                .accept(
                    offerIDs: [offer.id], operations: [.launch(tasks)],
                    filters: SchedulerCall.Filters(refuseSeconds: wantsMore ? 0 : options.declineSeconds))))
        return true
    }

    /// The tasks that an app's constraints must look at: in a restart the old ones will go, so only the new ones count.
    private func placed(_ app: App) -> [Instance] {
        guard !app.constraints.isEmpty else { return [] }
        let isRestart = deployment(of: app.id)?.currentAction(for: app.id)?.kind == .restart
        return tasks(of: app.id).filter { $0.condition != .unreachableInactive && (!isRestart || isCurrent($0, app)) }
    }

    private mutating func count(_ offer: Offer, _ made: [Instance], _ mismatches: [PathID: OfferMatcher.Mismatch], _ now: Timestamp) {
        let used = Set(made.map(\.appID))
        for id in launchable(now) {
            guard var entry = queue[id] else { continue }
            entry.offers.processed += 1
            if used.contains(id) {
                entry.offers.lastUsedAt = now
            } else {
                entry.offers.unused += 1
                entry.offers.lastUnusedAt = now
                if let mismatch = mismatches[id] { entry.offers.mismatches[mismatch, default: 0] += 1 }
            }
            queue[id] = entry
        }
    }

    /// The master did not take a launch, or nobody knows whether it did: it is asked about these tasks.
    mutating func launchFailed(_ tasks: [String], now: Timestamp) {
        let references = tasks.compactMap { id in
            instances[id].map { SchedulerCall.TaskReference(taskID: id, agentID: $0.agentID) }
        }
        if connection != nil, !references.isEmpty { emit(.call(.reconcile(references))) }
    }
}

/// An existential generator as a concrete one.
struct AnyGenerator: RandomNumberGenerator {
    var base: any RandomNumberGenerator & Sendable
    mutating func next() -> UInt64 { base.next() }
}
