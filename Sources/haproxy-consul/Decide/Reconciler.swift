import ClusterCore
import Consul

/// From Consul's views to what HAProxy serves: values in, actions out.
struct Reconciler: Sendable {
    /// What the shell has to do.
    enum Action: Hashable {
        /// Put these files in place and reload HAProxy; answered by `applied` or `failed`.
        case reload(RouteTable)
        /// Make the change in the running worker, and put the table's files in place for its successor; answered by `applied`,
        /// `restarted` or `runtimeFailed`.
        case change(RuntimeChange, RouteTable)
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
        /// The runtime API did not do what it was told: a reload mends it.
        case runtimeFailed(String)
    }

    struct Policy: Sendable {
        var routes = RouteTable.Policy()
        var loss = LossGuard.Policy()
        /// The least time from one reload to the next.
        var coalesce: Duration = .milliseconds(150)
        /// The time to the next attempt after one that failed.
        var retry: Duration = .seconds(5)
        /// The least time from one saving of the accepted view to the next; HAProxy's own files are always written.
        var save: Duration = .seconds(5)
        /// How often it is tried to delete servers that still have connections.
        var cleaning: Duration = .seconds(1)
    }

    let policy: Policy
    /// What is believed and served.
    private(set) var accepted: AcceptedView
    /// What is asked of HAProxy: what is wanted, but for what it has refused.
    private(set) var table: RouteTable
    /// What is wanted.
    private var wanted: RouteTable
    /// What was refused, and is not asked for again for a while.
    private(set) var heldBack = HeldChanges()
    /// What the last reload was to bring.
    private var attempted: RouteTable?
    /// The table that HAProxy is known to serve.
    private(set) var servedTable: RouteTable
    /// What its worker has; nil where only a reload brings it into a known state.
    private(set) var served: ServedState?
    /// True between an action `reload` or `change` and its answer.
    private(set) var isApplying = false
    /// Why the last attempt failed, or something is left out since one did.
    private(set) var failure: String?
    /// When Consul told a view last.
    private(set) var lastView: ContinuousClock.Instant?
    /// Since when Consul does not answer, and why.
    private(set) var outage: (since: ContinuousClock.Instant, reason: String)?
    /// How many instances are kept though Consul does not list them, and why.
    private(set) var held = 0
    private(set) var holdReason: String?
    private var guarding: LossGuard
    private var maker: RouteTableMaker
    /// True where only a reload brings HAProxy to the wanted table.
    private var isReloadWanted = false
    /// True where the accepted view is not on disk yet.
    private(set) var isUnsaved = false
    private var nextSave: ContinuousClock.Instant?
    private var busyPorts: [Int: String] = [:]
    private var nextReload: ContinuousClock.Instant?
    private var nextCleaning: ContinuousClock.Instant?
    private var pendingView: (instances: [ServiceInstance], index: UInt64)?
    private var holdEnd: ContinuousClock.Instant?

    /// Begins with what the files on disk make HAProxy serve.
    init(
        _ policy: Policy, lastGood: AcceptedView, table: RouteTable, known: RouteTable.Known = .init(), served: ServedState
    ) {
        self.policy = policy
        accepted = lastGood
        self.table = table
        wanted = table
        servedTable = table
        self.served = served
        guarding = LossGuard(policy.loss, index: lastGood.index)
        maker = RouteTableMaker(policy.routes)
        maker.known = known
    }

    /// What was found out of certificates and heads.
    var known: RouteTable.Known { maker.known }

    /// Something else was found out of certificates or heads: decides again about what is believed.
    mutating func learned(
        _ known: RouteTable.Known, busyPorts: @escaping (Set<Int>) -> [Int: String] = { _ in [:] }, now: ContinuousClock.Instant
    ) -> [Action] {
        guard known != maker.known else { return [] }
        maker.known = known
        return decide(accepted.instances, accepted.index, busyPorts) + saveIfDue(now) + applyIfDue(now)
    }

    /// The shell was interrupted while it may have been at work: only a reload brings HAProxy into a known state.
    mutating func interrupted() {
        guard isApplying else { return }
        isApplying = false
        served = nil
    }

    /// When to call `tick` though nothing has happened.
    var wakeUp: ContinuousClock.Instant? {
        let save = isUnsaved ? nextSave : nil
        guard !isApplying else { return [holdEnd, save].compactMap { $0 }.min() }
        let cleaning = served?.hasLeaving == true ? nextCleaning : nil
        return [isReloadWanted ? nextReload : nil, cleaning, holdEnd, save, heldBack.nextTry].compactMap { $0 }.min()
    }

    /// Consul told a view.
    /// - Parameter busyPorts: finds out which of these ports another process has, with what is known of it.
    mutating func view(
        _ snapshot: CatalogSnapshot, index: UInt64, busyPorts: @escaping (Set<Int>) -> [Int: String] = { _ in [:] },
        now: ContinuousClock.Instant
    ) -> [Action] {
        var actions: [Action] = []
        if let outage {
            actions.append(.log(.consulBack(after: now - outage.since)))
            self.outage = nil
        }
        lastView = now
        return actions + weigh(relevant(snapshot), index, now, busyPorts)
    }

    /// Consul did not answer.
    mutating func consulFailed(_ reason: String, now: ContinuousClock.Instant) -> [Action] {
        guarding.interrupted()
        pendingView = nil
        holdEnd = nil
        defer { outage = (outage?.since ?? now, reason) }
        return outage == nil ? [.log(.consulLost(reason))] : []
    }

    /// HAProxy serves the table that was asked for, after a reload or a change of the running worker.
    mutating func applied(_ table: RouteTable, _ state: ServedState, now: ContinuousClock.Instant) -> [Action] {
        isApplying = false
        if served?.generation != state.generation { nextReload = now + policy.coalesce }
        nextCleaning = now + policy.cleaning
        servedTable = table
        served = state
        return takenBack() + applyIfDue(now)
    }

    /// HAProxy has started anew from the files on disk, which were this table's, since the last action; what was asked for was not done.
    mutating func restarted(_ table: RouteTable, _ state: ServedState, now: ContinuousClock.Instant) -> [Action] {
        isApplying = false
        servedTable = table
        served = state
        return applyIfDue(now)
    }

    /// The running worker could not be changed, or not as was asked for.
    mutating func runtimeFailed(_ reason: String, now: ContinuousClock.Instant) -> [Action] {
        isApplying = false
        served = nil
        return [.log(.runtimeFailed(reason))] + applyIfDue(now)
    }

    /// HAProxy serves what it served before. What was new is held back, so that the rest goes on being changed.
    /// - Parameter busyPorts: as of `view`: a port that another process has taken meanwhile may be the reason.
    mutating func failed(
        _ reason: String, busyPorts: @escaping (Set<Int>) -> [Int: String] = { _ in [:] }, now: ContinuousClock.Instant
    ) -> [Action] {
        isApplying = false
        failure = reason
        let holdsMore = heldBack.refused(
            attempted ?? table, served: servedTable, reason, now: now, soon: policy.coalesce, retry: policy.retry)
        nextReload = now + (holdsMore ? policy.coalesce : policy.retry)
        return decide(accepted.instances, accepted.index, busyPorts) + saveIfDue(now) + applyIfDue(now)
    }

    /// The time of `wakeUp` has come.
    mutating func tick(now: ContinuousClock.Instant) -> [Action] {
        if let holdEnd, now >= holdEnd, let pending = pendingView { return weigh(pending.instances, pending.index, now) }
        return saveIfDue(now) + applyIfDue(now)
    }

    private func relevant(_ snapshot: CatalogSnapshot) -> [ServiceInstance] {
        snapshot.instances.filter { RouteTable.isRelevant($0, policy.routes) }
    }

    private mutating func weigh(
        _ view: [ServiceInstance], _ index: UInt64, _ now: ContinuousClock.Instant, _ findBusy: ((Set<Int>) -> [Int: String])? = nil
    ) -> [Action] {
        var actions: [Action] = []
        let verdict = guarding.weigh(view, index: index, believed: accepted.instances, now: now)
        pendingView = verdict.held > 0 ? (view, index) : nil
        holdEnd = verdict.until
        if let reason = verdict.reason, holdReason == nil { actions.append(.log(.holding(reason))) }
        if verdict.reason == nil, holdReason != nil { actions.append(.log(.released)) }
        held = verdict.held
        holdReason = verdict.reason
        // While something is held, the old index stays: a restart must hold it, too.
        let newest = verdict.held > 0 ? max(index, accepted.index) : index
        return actions + decide(verdict.instances, newest, findBusy) + saveIfDue(now) + applyIfDue(now)
    }

    /// Makes the wanted table of what is believed.
    private mutating func decide(
        _ instances: [ServiceInstance], _ index: UInt64, _ findBusy: ((Set<Int>) -> [Int: String])?
    ) -> [Action] {
        // Those that HAProxy has are in use, but by itself.
        let own = Set(servedTable.backends.flatMap(\.ports))
        var busy = busyPorts
        wanted = maker.table(instances, before: accepted.owners) { ports in
            if let findBusy { busy = findBusy(ports.subtracting(own)) }
            return busy
        }
        busyPorts = busy
        let actions = ask()
        var accepted = AcceptedView()
        accepted.instances = instances
        accepted.index = index
        accepted.owners = wanted.owners
        let hasChanged = accepted.instances != self.accepted.instances || accepted.owners != self.accepted.owners
        self.accepted = accepted
        if hasChanged { isUnsaved = true }
        return actions
    }

    /// Makes the table that is asked for of the wanted one.
    private mutating func ask() -> [Action] {
        let next = heldBack.table(wanted, served: servedTable)
        defer { table = next }
        guard next.problems != table.problems else { return [] }
        let (new, old) = (Set(next.problems), Set(table.problems))
        return next.problems.filter { !old.contains($0) }.map { .log(.problem($0)) }
            + table.problems.filter { !new.contains($0) }.map { .log(.problemGone($0)) }
    }

    /// HAProxy serves what was asked for: what it had refused before is held back no longer.
    private mutating func takenBack() -> [Action] {
        let actions = heldBack.succeeded() ? ask() : []
        if heldBack.isEmpty { failure = nil }
        return actions
    }

    private mutating func saveIfDue(_ now: ContinuousClock.Instant) -> [Action] {
        guard isUnsaved else { return [] }
        if let nextSave, now < nextSave { return [] }
        isUnsaved = false
        nextSave = now + policy.save
        return [.persist(accepted)]
    }

    private mutating func applyIfDue(_ now: ContinuousClock.Instant) -> [Action] {
        guard !isApplying else { return [] }
        var actions = heldBack.release(now: now) ? ask() : []
        guard let change = served?.change(from: servedTable, to: table) else {
            isReloadWanted = true
            if let nextReload, now < nextReload { return actions }
            isApplying = true
            attempted = table
            return actions + [.reload(table)]
        }
        isReloadWanted = false
        if !change.isEmpty {
            isApplying = true
            return actions + [.change(change, table)]
        }
        // Nothing that a client would notice; the table may differ by what is only told, such as problems.
        servedTable = table
        actions += takenBack()
        guard let served, served.hasLeaving, let nextCleaning, now >= nextCleaning else { return actions }
        isApplying = true
        return actions + [.change(served.cleaning(), table)]
    }
}
