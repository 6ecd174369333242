import Checks
import ClusterCore
import Consul
import Entrypoint
import Glibc
import HAProxy
import HTTPClient
import JSON
import Logging

/// The shell around the reconciler: watches Consul, carries actions out, and tells the results.
actor Updater {
    private enum Input: Sendable {
        case catalog(CatalogEvent)
        case reloaded(RouteTable, ServedState)
        case reloadFailed(ClusterError)
        case changed(RouteTable, Applier.ChangeOutcome)
        case changeFailed(ClusterError)
        case wakeUp
        case lookAtCertificates
    }

    private let plan: LoadBalancerPlan
    private let state: LoadBalancerState
    private let context: CompanionContext
    private let applier: Applier
    private let inputs: AsyncStream<Input>
    private let input: AsyncStream<Input>.Continuation
    private var reconciler: Reconciler
    private var alarm: Task<Void, Never>?

    init(_ plan: LoadBalancerPlan, state: LoadBalancerState, context: CompanionContext) {
        self.plan = plan
        self.state = state
        self.context = context
        applier = state.applier(context.logger)
        (inputs, input) = AsyncStream.makeStream()
        // After a failure of this companion, what was learned goes on.
        reconciler = state.current.reconciler
        reconciler.interrupted()
    }

    func run() async throws {
        let plan = plan
        let input = input
        let client = ConsulClient(
            plan.consul, http: HTTPClient(), token: plan.token, tls: HTTPRequest.TLS(caFile: plan.caFile))
        var options = CatalogWatch.Options()
        options.longestRetry = .milliseconds(250)
        let watch = CatalogWatch(client, options: options)
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                for await event in watch { input.yield(.catalog(event)) }
                input.finish()
            }
            if plan.certificates != nil {
                group.addTask {
                    while (try? await Task.sleep(for: Self.certificateInterval)) != nil { input.yield(.lookAtCertificates) }
                }
            }
            for await next in inputs { await take(next, &group) }
            group.cancelAll()
        }
        alarm?.cancel()
        if reconciler.isUnsaved { save(reconciler.accepted) }
        try Task.checkCancellation()
    }

    private func take(_ next: Input, _ group: inout TaskGroup<Void>) async {
        let now = ContinuousClock.now
        let address = plan.surroundings.bind
        let busyPorts = { (ports: Set<Int>) in PortProbe.busy(ports, on: address) }
        let actions: [Reconciler.Action]
        switch next {
        case .catalog(.view(let snapshot, let index)):
            let learned = reconciler.learned(await withHeads(of: snapshot), busyPorts: busyPorts, now: now)
            actions = learned + reconciler.view(snapshot, index: index, busyPorts: busyPorts, now: now)
        case .catalog(.failed(let error, _)): actions = reconciler.consulFailed(error.description, now: now)
        case .reloaded(let table, let served):
            state.update {
                $0.reloads += 1
                $0.lastReload = now
            }
            context.logger.info("HAProxy serves \(table.backends.count) services", metadata: ["generation": "\(served.generation)"])
            actions = reconciler.applied(table, served, now: now)
        case .reloadFailed(let error):
            state.update { $0.failedReloads += 1 }
            context.logger.error("what is new is not served, all else is; tried again: \(error)")
            actions = reconciler.failed(error.description, busyPorts: busyPorts, now: now)
        case .changed(let table, .applied(let served)):
            state.update { $0.runtimeChanges += 1 }
            actions = reconciler.applied(table, served, now: now)
        case .changed(_, .restarted(let table, let served)): actions = reconciler.restarted(table, served, now: now)
        case .changeFailed(let error): actions = reconciler.runtimeFailed(error.description, now: now)
        case .wakeUp: actions = reconciler.tick(now: now)
        case .lookAtCertificates:
            await askOfCertificates()
            let known = await lookAtCertificates()
            guard known != reconciler.known else { return }
            actions = reconciler.learned(known, busyPorts: busyPorts, now: now)
        }
        for action in actions { perform(action, &group) }
        let reconciler = reconciler
        state.update { $0.reconciler = reconciler }
        setAlarm()
        await publish()
    }

    /// How often the operator's certificates are looked at: they may be mounted, where no event tells of a change.
    private static let certificateInterval: Duration = .seconds(2)

    /// Asks HAProxy about the heads of a view that it was not asked about before.
    private func withHeads(of snapshot: CatalogSnapshot) async -> RouteTable.Known {
        var known = reconciler.known
        guard plan.policy.routes.allowsHeads else { return known }
        let instances = snapshot.instances
        let hasHeads = instances.contains { $0.meta.keys.contains { $0.hasSuffix("_HEAD") || $0.hasSuffix("_OPTIONS") } }
        guard hasHeads else { return known }
        // All instances: what a head is checked with depends on those without one, too.
        let used = heads(of: instances)
        // Heads that nobody has any more are forgotten some time.
        if known.heads.count > 1000 {
            let kept = used.union(heads(of: reconciler.accepted.instances))
            known.heads = known.heads.filter { kept.contains($0.key) }
        }
        let checker = HeadChecker(binary: plan.binary, httpsPort: plan.surroundings.httpsPort)
        for check in used where known.heads[check] == nil { known.heads[check] = await checker.verdict(check) }
        return known
    }

    /// All heads of these instances, as HAProxy is asked about them.
    private func heads(of instances: [ServiceInstance]) -> Set<RouteTable.HeadCheck> {
        var unasked = reconciler.known
        unasked.heads = [:]
        return RouteTable(instances, policy: plan.policy.routes, known: unasked).unchecked
    }

    /// Asks HAProxy what the certificates that it serves are for, where it has others than before.
    private func askOfCertificates() async {
        let served = reconciler.servedTable.certificates
        guard !reconciler.isApplying, served != state.current.certificateDigests else { return }
        let worker = WorkerSocket(plan.surroundings.statsSocket)
        var certificates: [String: CertificateInfo] = [:]
        for name in served.keys {
            guard let info = try? await worker.certificate("\(plan.surroundings.certificateDirectory)/\(name)") else { return }
            certificates[name] = info
        }
        state.update {
            $0.certificates = certificates
            $0.certificateDigests = served
        }
        if let warning = CertificateWatch.warning(certificates, now: Int64(time(nil))) { context.logger.warning("\(warning)") }
        guard let expiry = CertificateWatch.firstExpiry(certificates) else { return }
        await context.metrics.set(
            "haproxy_consul_certificate_expiry_seconds", help: "when the first certificate in use expires, in seconds since 1970",
            to: Double(expiry))
    }

    /// Looks at the operator's certificates, and copies those that have changed.
    private func lookAtCertificates() async -> RouteTable.Known {
        var known = reconciler.known
        guard let directory = plan.certificates else { return known }
        let before = known
        await directory.look(&known)
        for (name, digest) in known.certificates where before.certificates[name] != digest {
            do throws(ClusterError) {
                try directory.copy(name, digest)
                context.logger.info("certificate \(name) is new or has changed")
            } catch {
                known.certificates[name] = before.certificates[name]
                known.refusedCertificates[name] = error.description
            }
        }
        for (name, reason) in known.refusedCertificates where before.refusedCertificates[name] != reason {
            context.logger.warning("certificate \(name) can't be used, the one of before stays: \(reason)")
        }
        return known
    }

    private func perform(_ action: Reconciler.Action, _ group: inout TaskGroup<Void>) {
        switch action {
        case .reload(let table):
            group.addTask { [applier, input] in
                do throws(ClusterError) {
                    input.yield(.reloaded(table, try await applier.reload(table)))
                } catch {
                    input.yield(.reloadFailed(error))
                }
            }
        case .change(let change, let table):
            guard let served = reconciler.served else { return }
            group.addTask { [applier, input] in
                do throws(ClusterError) {
                    input.yield(.changed(table, try await applier.change(change, to: table, from: served)))
                } catch {
                    input.yield(.changeFailed(error))
                }
            }
        case .persist(let view): save(view)
        case .log(let line): log(line)
        }
    }

    private func save(_ view: AcceptedView) {
        do throws(ClusterError) {
            try Files.write(plan.lastGoodPath, view.json.text().utf8, mode: 0o640)
        } catch {
            context.logger.error("the last good view can't be kept for a restart: \(error)")
        }
    }

    private func log(_ line: Reconciler.Line) {
        let logger = context.logger
        switch line {
        case .problem(let problem): logger.warning("service \(problem.service): \(problem.text)")
        case .problemGone(let problem): logger.info("service \(problem.service): no longer: \(problem.text)")
        case .consulLost(let reason): logger.warning("Consul does not answer, the routes stay: \(reason)")
        case .consulBack(let after): logger.info("Consul answers again after \(after.milliseconds) ms")
        case .holding(let reason): logger.warning("routes are kept: \(reason)")
        case .runtimeFailed(let reason): logger.warning("HAProxy is reloaded, since its runtime API did not do what it was told: \(reason)")
        case .released: logger.info("nothing is kept any more beyond what Consul lists")
        }
    }

    private func setAlarm() {
        alarm?.cancel()
        guard let time = reconciler.wakeUp else { return }
        let input = input
        alarm = Task {
            do {
                try await Task.sleep(until: time, clock: .continuous)
                input.yield(.wakeUp)
            } catch {
                // A later alarm has taken its place.
            }
        }
    }

    private func publish() async {
        let metrics = context.metrics
        let snapshot = state.current
        let table = reconciler.table
        await metrics.set("haproxy_consul_services", help: "services that are published", to: Double(table.backends.count))
        await metrics.set(
            "haproxy_consul_servers", help: "servers behind the published services",
            to: Double(table.backends.reduce(0) { $0 + $1.servers.count }))
        await metrics.set(
            "haproxy_consul_held_back_services", help: "services that HAProxy refused, left out or served as before",
            to: Double(reconciler.heldBack.count))
        await metrics.set("haproxy_consul_problems", help: "problems with labels", to: Double(table.problems.count))
        await metrics.set(
            "haproxy_consul_refused_certificates", help: "certificates that can't be used",
            to: Double(reconciler.known.refusedCertificates.count))
        await metrics.set("haproxy_consul_held_servers", help: "servers kept though Consul does not list them", to: Double(reconciler.held))
        await metrics.set("haproxy_consul_consul_up", help: "1 while Consul answers", to: reconciler.outage == nil ? 1 : 0)
        await metrics.set("haproxy_consul_reloads", help: "reloads of HAProxy since the start", to: Double(snapshot.reloads))
        await metrics.set(
            "haproxy_consul_runtime_changes", help: "changes of the running HAProxy without a reload", to: Double(snapshot.runtimeChanges))
        await metrics.set("haproxy_consul_failed_reloads", help: "reloads that HAProxy refused", to: Double(snapshot.failedReloads))
    }
}
