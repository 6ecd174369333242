import Checks
import ClusterCore
import Glibc
import HAProxy
import JSON
import Logging
import Synchronization

/// What the probes may know of the updater.
final class LoadBalancerState: Sendable {
    struct Snapshot: Sendable {
        var reconciler: Reconciler
        var reloads = 0
        /// Changes that the runtime API made, without a reload.
        var runtimeChanges = 0
        var failedReloads = 0
        var lastReload: ContinuousClock.Instant?
        /// What HAProxy says of the certificates in use, by name, and their contents' digests.
        var certificates: [String: CertificateInfo] = [:]
        var certificateDigests: [String: String] = [:]
    }

    private let plan: LoadBalancerPlan
    private let snapshot: Mutex<Snapshot>
    private let ownApplier = Mutex<Applier?>(nil)
    private var worker: WorkerSocket { WorkerSocket(plan.surroundings.statsSocket) }

    init(_ plan: LoadBalancerPlan) {
        self.plan = plan
        let served = ServedState(plan.table, generation: plan.rendering.generation, mapPath: plan.rendering.mapPath)
        snapshot = Mutex(
            Snapshot(reconciler: Reconciler(plan.policy, lastGood: plan.lastGood, table: plan.table, known: plan.known, served: served)))
    }

    /// The one that knows what is on disk: it outlives a failure of the companion that uses it.
    func applier(_ logger: Logger) -> Applier {
        ownApplier.withLock { own in
            let applier = own ?? Applier(plan: plan, logger: logger)
            own = applier
            return applier
        }
    }

    func update(_ change: (inout Snapshot) -> Void) { snapshot.withLock { change(&$0) } }
    var current: Snapshot { snapshot.withLock { $0 } }

    var checks: [Check] {
        [
            Check("haproxy", proves: "a worker answers its stats socket", gates: [.live, .ready]) { [worker] in
                switch await HAProxyHealth.look(worker) {
                case .serving(let info): .pass("HAProxy \(info.version), worker \(info.pid)")
                case .notServing(let reason): .fail(reason)
                }
            },
            Check("consul", proves: "Consul has told a view lately", gates: []) { self.lookAtConsul() },
            Check("labels", proves: "all published services have usable labels, and all certificates can be used", gates: []) {
                self.lookAtLabels()
            },
        ] + Self.routeChecks(hasLastGood: plan.hasLastGood) { self.current.reconciler }
    }

    /// A refused reload is told, and no reason not to be ready: the routes of before are served, and all load balancers refuse the same.
    static func routeChecks(hasLastGood: Bool, _ reconciler: @escaping @Sendable () -> Reconciler) -> [Check] {
        [
            Check("routes", proves: "HAProxy serves routes that Consul or the last good view told") {
                lookAtRoutes(reconciler(), hasLastGood: hasLastGood)
            },
            Check("reload", proves: "HAProxy has taken all the wanted routes", gates: []) {
                let reconciler = reconciler()
                guard let failure = reconciler.failure else { return .pass("nothing is left out") }
                return .fail("\(reconciler.heldBack.count) services are left out or served as before: \(failure)")
            },
        ]
    }

    func role() async -> Role {
        switch await HAProxyHealth.look(worker) {
        case .serving: .member("load-balancer")
        case .notServing(let reason): .unknown(reason)
        }
    }

    private static func lookAtRoutes(_ reconciler: Reconciler, hasLastGood: Bool) -> Check.Outcome {
        guard reconciler.lastView != nil || hasLastGood else {
            return .fail(reconciler.outage.map { "no view of Consul yet: \($0.reason)" } ?? "no view of Consul yet")
        }
        let served = reconciler.servedTable
        let hosts = served.backends.reduce(0) { $0 + $1.hosts.count }
        let ports = served.backends.reduce(0) { $0 + $1.ports.count }
        return .pass("\(served.backends.count) services, \(hosts) host names, \(ports) ports")
    }

    private func lookAtConsul() -> Check.Outcome {
        let reconciler = current.reconciler
        if let hold = reconciler.holdReason { return .fail("\(reconciler.held) servers are kept: \(hold)") }
        if let outage = reconciler.outage {
            return .fail("no answer for \((ContinuousClock.now - outage.since).milliseconds / 1000) s, routes stay: \(outage.reason)")
        }
        guard let last = reconciler.lastView else { return .fail("no view yet") }
        return .pass("last view \((ContinuousClock.now - last).milliseconds / 1000) s ago")
    }

    private func lookAtLabels() -> Check.Outcome {
        let reconciler = current.reconciler
        if let (name, reason) = reconciler.known.refusedCertificates.min(by: { $0.key < $1.key }) {
            return .fail("certificate \(name) can't be used: \(reason)")
        }
        if let warning = CertificateWatch.warning(current.certificates, now: Int64(time(nil))) { return .fail(warning) }
        let problems = reconciler.table.problems
        guard let first = problems.first else { return .pass("no problem") }
        return .fail("\(problems.count) problems; service \(first.service): \(first.text)")
    }

    private static func certificates(_ state: Snapshot) -> JSON {
        let inUse = state.certificates.sorted { $0.key < $1.key }.map { name, info -> JSON in
            ["name": .string(name), "hosts": .array(info.names.map { .string($0) }), "expires": .string(info.expiryText)]
        }
        let refused = state.reconciler.known.refusedCertificates.sorted { $0.key < $1.key }.map { ($0.key, JSON.string($0.value)) }
        return ["in_use": .array(inUse), "refused": .object(JSONObject(refused))]
    }

    /// `/status`
    func document(now: ContinuousClock.Instant) -> JSON {
        let state = current
        let reconciler = state.reconciler
        func seconds(_ instant: ContinuousClock.Instant?) -> JSON? { instant.map { .double((now - $0).seconds) } }
        let services = reconciler.servedTable.backends.map { backend -> JSON in
            [
                "service": .string(backend.service), "mode": .string(backend.mode.rawValue),
                "hosts": .array(backend.hosts.map { .string($0) }), "ports": .array(backend.ports.map { .number($0) }),
                "servers": .array(backend.servers.map { .string($0.name) }),
            ]
        }
        return .members([
            "view_age_seconds": seconds(reconciler.lastView),
            "consul_outage": reconciler.outage.map { ["seconds": .double((now - $0.since).seconds), "reason": .string($0.reason)] },
            "held_servers": .number(reconciler.held), "held_reason": reconciler.holdReason.map { .string($0) },
            "reloads": .number(state.reloads), "runtime_changes": .number(state.runtimeChanges),
            "failed_reloads": .number(state.failedReloads),
            "last_reload_age_seconds": seconds(state.lastReload), "failure": reconciler.failure.map { .string($0) },
            "held_back_services": .number(reconciler.heldBack.count),
            "services": .array(services), "certificates": plan.certificates.map { _ in Self.certificates(state) },
            "problems": .array(
                reconciler.table.problems.map { ["service": .string($0.service), "problem": .string($0.text)] }),
        ])
    }
}
