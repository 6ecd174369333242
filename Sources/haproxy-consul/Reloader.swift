import ClusterCore
import Entrypoint
import HAProxy

/// Puts a rendering in place and makes HAProxy serve it.
struct Reloader: Sendable {
    let plan: LoadBalancerPlan
    let context: CompanionContext
    /// How long HAProxy may take to serve a new configuration; a large one is parsed for seconds.
    let deadline: Duration = .seconds(20)

    private var worker: WorkerSocket { WorkerSocket(plan.surroundings.statsSocket) }
    private var master: MasterSocket { MasterSocket(plan.surroundings.masterSocket) }

    /// Returns once a new worker has said that it serves the rendering.
    /// - Throws: where HAProxy refuses it; the files of `previous` are in place again then.
    func serve(_ rendering: Rendering, insteadOf previous: Rendering) async throws(ClusterError) {
        for file in plan.files(of: rendering) { _ = try await FileStage.put(file) }
        do throws(ClusterError) {
            try await reload(rendering)
        } catch {
            // A restart must not meet what HAProxy did not take.
            for file in plan.files(of: previous) { _ = try? await FileStage.put(file) }
            throw error
        }
        removeMaps(except: [rendering.mapPath, previous.mapPath])
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
    func serves(_ rendering: Rendering) async -> Bool {
        guard let info = try? await worker.info() else { return false }
        return info.description == "mesos-cluster \(rendering.generation)" && !info.isStopping
    }

    private func pause() async throws(ClusterError) {
        do { try await Task.sleep(for: .milliseconds(5)) } catch { throw ClusterError(.unavailable, "stopped") }
    }

    private func removeMaps(except kept: Set<String>) {
        for name in (try? Files.list(plan.surroundings.directory)) ?? [] where name.hasPrefix("hosts-") && name.hasSuffix(".map") {
            let path = "\(plan.surroundings.directory)/\(name)"
            if !kept.contains(path) { try? Files.remove(path) }
        }
    }
}
