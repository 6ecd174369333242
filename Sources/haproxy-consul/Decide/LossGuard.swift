import Consul

/// Decides how much of a new view is believed. What appears or moves is; what disappears in a mass, or from a catalog that has lost its
/// history, is kept until that was confirmed.
///
/// Pure: time comes in as values.
struct LossGuard: Sendable {
    struct Policy: Hashable, Sendable {
        /// How long a mass loss must last.
        var confirmLoss: Duration = .seconds(10)
        /// How long all that is missing is kept once the catalog has gone back in time.
        var keepRoutes: Duration = .seconds(300)
        /// A mass is this part of the passing instances …
        var massFraction = 0.5
        /// … and at least so many.
        var massCount = 4
    }

    /// What to serve, and what is held back.
    struct Verdict: Hashable {
        /// The instances to serve.
        var instances: [ServiceInstance]
        /// How many of them Consul does not list as passing any more.
        var held: Int
        /// Why, in a sentence.
        var reason: String?
        /// When to decide again without news.
        var until: ContinuousClock.Instant?
    }

    private struct Key: Hashable {
        let service: String
        let node: String
        let id: String
        init(_ instance: ServiceInstance) { (service, node, id) = (instance.service, instance.node, instance.id) }
    }

    let policy: Policy
    private var massSince: ContinuousClock.Instant?
    private var restoredAt: ContinuousClock.Instant?
    /// The newest index seen; a smaller one means that the servers were replaced or restored.
    private var index: UInt64

    init(_ policy: Policy, index: UInt64) {
        self.policy = policy
        self.index = index
    }

    /// Weighs a view from a leader against what is believed.
    mutating func weigh(
        _ view: [ServiceInstance], index: UInt64, believed: [ServiceInstance], now: ContinuousClock.Instant
    ) -> Verdict {
        if index < self.index { restoredAt = now }
        self.index = index
        let passing = believed.filter { $0.health == .passing }
        let present = Set(view.lazy.filter { $0.health == .passing }.map(Key.init))
        let lost = passing.filter { !present.contains(Key($0)) }
        guard !lost.isEmpty else {
            massSince = nil
            restoredAt = nil
            return Verdict(instances: view, held: 0)
        }
        if let since = restoredAt {
            let end = since + policy.keepRoutes
            if now < end {
                let reason =
                    "Consul's catalog was restored or replaced; what is not registered again is kept for up to \(policy.keepRoutes)"
                return hold(lost, in: view, reason, until: end)
            }
            restoredAt = nil
        }
        let isMass = lost.count >= policy.massCount && Double(lost.count) >= Double(passing.count) * policy.massFraction
        guard isMass else {
            massSince = nil
            return Verdict(instances: view, held: 0)
        }
        let since = massSince ?? now
        massSince = since
        let end = since + policy.confirmLoss
        guard now >= end else {
            return hold(
                lost, in: view, "\(lost.count) of \(passing.count) servers disappeared at once; believed after \(policy.confirmLoss)",
                until: end)
        }
        massSince = nil
        return Verdict(instances: view, held: 0)
    }

    /// Consul does not answer: a mass loss is confirmed by a view that shows it, not by silence.
    mutating func interrupted() { massSince = nil }

    private func hold(
        _ lost: [ServiceInstance], in view: [ServiceInstance], _ reason: String, until end: ContinuousClock.Instant
    ) -> Verdict {
        let kept = Set(lost.map(Key.init))
        let rest = view.filter { !kept.contains(Key($0)) }
        return Verdict(instances: CatalogSnapshot(rest + lost).instances, held: lost.count, reason: reason, until: end)
    }
}
