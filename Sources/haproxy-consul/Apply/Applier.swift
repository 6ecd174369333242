import ClusterCore
import Entrypoint
import HAProxy
import Logging

/// Makes HAProxy serve tables: by its runtime API where that is enough, else by a reload. Verifies with HAProxy what it serves then.
///
/// One call at a time.
actor Applier {
    private let plan: LoadBalancerPlan
    private let logger: Logger
    private var renderer: Renderer
    /// What is on disk: what HAProxy serves after a restart of its own.
    private var written: (rendering: Rendering, table: RouteTable)
    /// How long HAProxy may take to serve a new configuration; a large one is parsed for seconds.
    private let deadline: Duration = .seconds(20)

    private let worker: WorkerSocket
    private let master: MasterSocket

    init(plan: LoadBalancerPlan, logger: Logger) {
        self.plan = plan
        self.logger = logger
        renderer = plan.renderer
        written = (plan.rendering, plan.table)
        worker = WorkerSocket(plan.surroundings.statsSocket)
        master = MasterSocket(plan.surroundings.masterSocket)
    }

    /// Returns once a new worker has said that it serves the table.
    /// - Throws: where HAProxy refuses it; the files of before are in place again then.
    func reload(_ table: RouteTable) async throws(ClusterError) -> ServedState {
        for (name, digest) in table.certificates where !Files.exists("\(plan.surroundings.certificateDirectory)/\(name)") {
            try plan.certificates?.copy(name, digest)
        }
        let isChecked = try await checkNews(of: table)
        let rendering = try renderer.render(table)
        for file in plan.files(of: rendering, isChecked: !isChecked) { _ = try await FileStage.put(file) }
        do throws(ClusterError) {
            try await reload(rendering)
        } catch {
            // A restart must not meet what HAProxy did not take.
            for file in plan.files(of: written.rendering) { _ = try? await FileStage.put(file) }
            throw error
        }
        written = (rendering, table)
        let served = rendering.served(table)
        removeOldFiles(except: [rendering.mapPath])
        return served
    }

    /// Lets HAProxy check a configuration of the backends alone that are new, which takes a fraction of the time: the others it has taken
    /// before, and each stands for itself.
    /// - Returns: false where so much is new that all is to be checked.
    private func checkNews(of table: RouteTable) async throws(ClusterError) -> Bool {
        let before = Set(written.table.backends)
        let news = table.backends.filter { !before.contains($0) }
        guard news.count < table.backends.count / 4 else { return false }
        var other = renderer
        let rendering = try other.render(table.only(news))
        let path = "\(plan.surroundings.directory)/.news.cfg"
        for file in plan.files(of: rendering, path: path) { try await FileStage.put(file) }
        try Files.remove(path)
        return true
    }

    enum ChangeOutcome {
        /// The worker has it, and the files say so too.
        case applied(ServedState)
        /// Nothing was done: HAProxy has started anew from the files, and has this.
        case restarted(RouteTable, ServedState)
    }

    /// Changes the running worker, which has `served`, so that it serves the table; then puts the table's files in place.
    /// - Throws: where HAProxy was not or not wholly changed.
    func change(_ change: RuntimeChange, to table: RouteTable, from served: ServedState) async throws(ClusterError) -> ChangeOutcome {
        let info = try await worker.info()
        guard info.description == Self.description(served.generation), !info.isStopping else {
            guard info.description == Self.description(written.rendering.generation), !info.isStopping else {
                throw ClusterError(.conflict, "HAProxy serves '\(info.description)', which it was not given")
            }
            return .restarted(written.table, written.rendering.served(written.table))
        }
        let commands = RuntimeCommands(change, check: plan.surroundings.check)
        var answers = try await worker.send(commands.beforeMap)
        if let hosts = change.hosts {
            try await worker.replaceMap(served.mapPath, hosts.sorted { $0.key < $1.key }.map { (key: $0.key, value: $0.value) })
        }
        answers += try await worker.send(commands.afterMap)
        for name in change.certificates {
            let path = "\(plan.surroundings.certificateDirectory)/\(name)"
            try await worker.replaceCertificate(path, pem: try Files.text(path))
        }
        if !change.isOnlyCleaning {
            let rendering = try renderer.render(table)
            // It differs from what HAProxy has checked by addresses, which were checked as such.
            for file in plan.files(of: rendering, isChecked: false) { try await FileStage.put(file) }
            written = (rendering, table)
            removeOldFiles(except: [rendering.mapPath, served.mapPath])
        }
        return .applied(try await verified(change, served.applying(change), answers))
    }

    /// Compares what HAProxy tells of the changed backends with what they shall have.
    private func verified(_ change: RuntimeChange, _ wanted: ServedState, _ answers: [String]) async throws(ClusterError) -> ServedState {
        var wanted = wanted
        for part in change.backends {
            guard let backend = wanted.backends[part.name] else { continue }
            let told = try await worker.servers(of: part.name)
            var present: [String: Int] = [:]
            var leaving: Set<String> = []
            for server in told {
                if server.administrative & ServerState.forcedMaintenance != 0 {
                    leaving.insert(server.name)
                } else {
                    present[server.name] = server.weight
                }
            }
            guard present == backend.serving else {
                let difference = Set(present.keys).symmetricDifference(backend.serving.keys).sorted().prefix(3).joined(separator: ", ")
                throw ClusterError(
                    .conflict,
                    "backend \(part.name) has not the servers that it was given (\(difference)): \(answers.prefix(3).joined(separator: " "))"
                )
            }
            wanted.backends[part.name]?.leaving = leaving
        }
        if let hosts = change.hosts {
            let told = try await worker.map(wanted.mapPath)
            guard told.count == hosts.count, told.allSatisfy({ hosts[$0.key] == $0.value }) else {
                throw ClusterError(
                    .conflict, "the map of host names has \(told.count) entries instead of the \(hosts.count) that it was given")
            }
        }
        return wanted
    }

    private func reload(_ rendering: Rendering) async throws(ClusterError) {
        let end = ContinuousClock.now + deadline
        let before = try await running(until: end)
        guard await !serves(rendering) else { return }
        try await master.reload()
        // 2.6 tells the result of a reload nowhere but here.
        while ContinuousClock.now < end {
            if await serves(rendering) { return }
            if let now = try? await master.processes(), now.master.pid == before.master.pid, now.failedReloads > before.failedReloads {
                throw ClusterError(.invalid, "HAProxy refuses the new configuration at its reload; its log has the reason")
            }
            try await pause()
        }
        throw ClusterError(.timeout, "HAProxy does not serve the new configuration after \(deadline)")
    }

    /// Waits for a master that answers: it may be starting.
    private func running(until end: ContinuousClock.Instant) async throws(ClusterError) -> MasterProcesses {
        var last: ClusterError?
        while ContinuousClock.now < end {
            do throws(ClusterError) {
                let processes = try await master.processes()
                if !processes.workers.isEmpty { return processes }
            } catch {
                last = error
            }
            try await pause()
        }
        throw ClusterError(.unavailable, "HAProxy does not run", cause: last)
    }

    /// True where the worker that answers has this configuration.
    private func serves(_ rendering: Rendering) async -> Bool {
        guard let info = try? await worker.info() else { return false }
        return info.description == Self.description(rendering.generation) && !info.isStopping
    }

    /// As the template has it.
    private static func description(_ generation: String) -> String { "mesos-cluster \(generation)" }

    private func pause() async throws(ClusterError) {
        do { try await Task.sleep(for: .milliseconds(5)) } catch { throw ClusterError(.unavailable, "stopped") }
    }

    /// Removes maps and lists of before, and the copies of certificates that nothing refers to: keys stay no longer than needed.
    private func removeOldFiles(except kept: Set<String>) {
        let directory = plan.surroundings.directory
        let kept = kept.union([written.rendering.certificateList?.path].compactMap { $0 })
        for name in (try? Files.list(directory)) ?? []
        where name.hasPrefix("hosts-") && name.hasSuffix(".map") || name.hasPrefix("certs-") && name.hasSuffix(".list") {
            if !kept.contains("\(directory)/\(name)") { try? Files.remove("\(directory)/\(name)") }
        }
        let copies = plan.surroundings.certificateDirectory
        for name in (try? Files.list(copies)) ?? [] where CertificateName.isValid(name) && written.table.certificates[name] == nil {
            try? Files.remove("\(copies)/\(name)")
        }
    }
}
