import ClusterCore
import Consul

/// From Consul's views to what HAProxy serves: values in, actions out.
struct Reconciler: Sendable {
    /// What the shell has to do. The runtime API's commands will be further cases, for changes that need no reload.
    enum Action: Hashable {
        /// Put these files in place and reload HAProxy; answered by `applied` or `failed`.
        case reload(RouteTable)
        /// Keep the view on disk.
        case persist(AcceptedView)
        /// Say so in the log.
        case log(Line)
    }

    /// A line for the log.
    enum Line: Hashable {
        case problem(RouteTable.Problem)
        case problemGone(RouteTable.Problem)
        case consulLost(String)
        case consulBack(after: Duration)
        case holding(String)
        case released
    }

    struct Policy: Sendable {
        var routes = RouteTable.Policy()
        var loss = LossGuard.Policy()
        /// The least time from one reload to the next.
        var coalesce: Duration = .milliseconds(150)
        /// The time to the next attempt after one that failed.
        var retry: Duration = .seconds(5)
    }

    let policy: Policy
    /// What is believed and served.
    private(set) var accepted: AcceptedView
    /// What is wanted.
    private(set) var table: RouteTable
    /// What HAProxy is known to serve.
    private(set) var served: RouteTable?
    /// True between an action `reload` and its answer.
    private(set) var isApplying = false
    /// Why the last attempt failed.
    private(set) var failure: String?
    /// When Consul told a view last.
    private(set) var lastView: ContinuousClock.Instant?
    /// Since when Consul does not answer, and why.
    private(set) var outage: (since: ContinuousClock.Instant, reason: String)?
    /// How many instances are kept though Consul does not list them, and why.
    private(set) var held = 0
    private(set) var holdReason: String?
    private var guarding: LossGuard
    private var busyPorts: [Int: String] = [:]
    private var nextReload: ContinuousClock.Instant?
    private var pendingView: (instances: [ServiceInstance], index: UInt64)?
    private var holdEnd: ContinuousClock.Instant?

    /// Begins with what the files on disk make HAProxy serve.
    init(_ policy: Policy, lastGood: AcceptedView, served: RouteTable?) {
        self.policy = policy
        accepted = lastGood
        table = served ?? RouteTable(lastGood.instances, policy: policy.routes, before: lastGood.owners)
        self.served = served
        guarding = LossGuard(policy.loss, index: lastGood.index)
    }

    /// When to call `tick` though nothing has happened.
    var wakeUp: ContinuousClock.Instant? {
        let reload = !isApplying && !servesSame() ? nextReload : nil
        return [reload, holdEnd].compactMap { $0 }.min()
    }

    /// Ports that the wanted table has and the served one has not: the shell finds out whether they are free.
    func newPorts(_ snapshot: CatalogSnapshot) -> Set<Int> {
        let wanted = RouteTable(relevant(snapshot), policy: policy.routes, before: accepted.owners)
        return Set(wanted.backends.flatMap(\.ports)).subtracting(served?.backends.flatMap(\.ports) ?? [])
    }

    /// Consul told a view.
    mutating func view(
        _ snapshot: CatalogSnapshot, index: UInt64, busyPorts: [Int: String] = [:], now: ContinuousClock.Instant
    ) -> [Action] {
        var actions: [Action] = []
        if let outage {
            actions.append(.log(.consulBack(after: now - outage.since)))
            self.outage = nil
        }
        lastView = now
        self.busyPorts = busyPorts
        return actions + weigh(relevant(snapshot), index, now)
    }

    /// Consul did not answer.
    mutating func consulFailed(_ reason: String, now: ContinuousClock.Instant) -> [Action] {
        guarding.interrupted()
        pendingView = nil
        holdEnd = nil
        defer { outage = (outage?.since ?? now, reason) }
        return outage == nil ? [.log(.consulLost(reason))] : []
    }

    /// HAProxy serves the table that was asked for.
    mutating func applied(_ table: RouteTable, now: ContinuousClock.Instant) -> [Action] {
        isApplying = false
        served = table
        failure = nil
        nextReload = now + policy.coalesce
        return reloadIfDue(now)
    }

    /// HAProxy serves what it served before.
    mutating func failed(_ reason: String, now: ContinuousClock.Instant) -> [Action] {
        isApplying = false
        failure = reason
        nextReload = now + policy.retry
        return []
    }

    /// The time of `wakeUp` has come.
    mutating func tick(now: ContinuousClock.Instant) -> [Action] {
        if let holdEnd, now >= holdEnd, let pending = pendingView { return weigh(pending.instances, pending.index, now) }
        return reloadIfDue(now)
    }

    private func relevant(_ snapshot: CatalogSnapshot) -> [ServiceInstance] {
        snapshot.instances.filter { RouteTable.isRelevant($0, policy.routes) }
    }

    private mutating func weigh(_ view: [ServiceInstance], _ index: UInt64, _ now: ContinuousClock.Instant) -> [Action] {
        var actions: [Action] = []
        let verdict = guarding.weigh(view, index: index, believed: accepted.instances, now: now)
        pendingView = verdict.held > 0 ? (view, index) : nil
        holdEnd = verdict.until
        if let reason = verdict.reason, holdReason == nil { actions.append(.log(.holding(reason))) }
        if verdict.reason == nil, holdReason != nil { actions.append(.log(.released)) }
        held = verdict.held
        holdReason = verdict.reason
        let wanted = RouteTable(verdict.instances, policy: policy.routes, before: accepted.owners, busyPorts: busyPorts)
        for problem in wanted.problems where !table.problems.contains(problem) { actions.append(.log(.problem(problem))) }
        for problem in table.problems where !wanted.problems.contains(problem) { actions.append(.log(.problemGone(problem))) }
        table = wanted
        // While something is held, the old index stays: a restart must hold it, too.
        var accepted = AcceptedView()
        accepted.instances = verdict.instances
        accepted.index = verdict.held > 0 ? max(index, self.accepted.index) : index
        accepted.owners = wanted.owners
        let hasChanged = accepted.instances != self.accepted.instances || accepted.owners != self.accepted.owners
        self.accepted = accepted
        if hasChanged { actions.append(.persist(accepted)) }
        return actions + reloadIfDue(now)
    }

    private mutating func reloadIfDue(_ now: ContinuousClock.Instant) -> [Action] {
        guard !isApplying, !servesSame() else { return [] }
        if let nextReload, now < nextReload { return [] }
        isApplying = true
        return [.reload(table)]
    }

    /// What is wrong with labels is told, not rendered.
    private func servesSame() -> Bool { served.map { $0.backends == table.backends } ?? false }
}
