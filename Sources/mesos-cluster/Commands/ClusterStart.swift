import ClusterCore
import Glibc
import HTTPClient

/// Starts a cluster's supervisor and follows it until all is ready, saying what becomes ready; what fails first is shown at once.
struct ClusterStart {
    let context: ClusterContext
    let state: StateDirectory
    let limit: Duration

    func run(staysInForeground: Bool) async throws(ClusterError) {
        if SupervisorLock.isHeld(state) {
            Terminal.say("cluster in \(state.path) runs already: \(context.topology.summary)")
            return try await follow(isRunningAlready: true)
        }
        let left = await ClusterProcesses.end(context.identifier, state: state)
        if left > 0 { Terminal.say("ended \(left) process\(left == 1 ? "" : "es") that a killed supervisor had left") }
        try Preflight.check(context.topology, executables: context.executables)
        try makeDirectories()
        Terminal.say("starting \(context.topology.summary) on \(context.topology.networkText), state in \(state.path)")
        guard staysInForeground else {
            try await SupervisorProcess.start(state, executables: context.executables)
            return try await follow()
        }
        let supervisor = DevelopmentSupervisor(context: context, state: state)
        async let result: Void = supervisor.run()
        do throws(ClusterError) {
            try await follow()
        } catch {
            throw ClusterError(error.code, error.message.replacing("It goes on starting; see", with: "It was stopped; see"))
        }
        Terminal.say("Ctrl-C stops the cluster")
        do {
            try await result
        } catch let error as ClusterError {
            throw error
        } catch {
            throw ClusterError(.software, "the supervisor ended", cause: error)
        }
    }

    private func makeDirectories() throws(ClusterError) {
        try Files.makeDirectory(state.logs)
        try Files.makeDirectory(state.shared)
        try Files.makeDirectory(state.sockets, mode: 0o700)
        try Files.write(state.settingsFile, [])
        // The last run's record would be taken for this run's until the supervisor writes its own.
        try Files.remove(state.supervisorFile)
    }

    /// Asks the probes every 200 ms until all are ready.
    private func follow(isRunningAlready: Bool = false) async throws(ClusterError) {
        let start = ContinuousClock.now
        let http = HTTPClient()
        let reader = StatusReader(context: context, state: state, http: http)
        var ready: Set<String> = []
        var ends = EndLedger()
        // What has happened before is no news.
        if isRunningAlready { _ = ends.new(await reader.read(), SupervisorRecord.load(state)) }
        var lastReport = start
        while true {
            let status = await reader.read()
            let elapsed = ContinuousClock.now - start
            for entry in status.nodes {
                for component in entry.components where component.isReady {
                    let name = "\(entry.node.name) \(component.kind.rawValue)"
                    guard ready.insert(name).inserted else { continue }
                    Terminal.say("  \(Self.text(elapsed))  ready  \(name) (\(component.role))")
                }
            }
            if status.isHealthy {
                Terminal.say("all ready after \(Self.text(elapsed).drop(while: { $0 == " " }))")
                return
            }
            try await showEnds(status, &ends)
            guard elapsed < limit else { throw notReady(status) }
            if ContinuousClock.now - lastReport > .seconds(5) {
                lastReport = .now
                report(status, elapsed)
            }
            try? await Task.sleep(for: .milliseconds(200))
        }
    }

    /// What is waited for, where nothing has become ready for a while.
    private func report(_ status: ClusterStatus, _ elapsed: Duration) {
        for entry in status.nodes {
            for component in entry.components where !component.isReady {
                Terminal.say(
                    "  \(Self.text(elapsed))  waits  \(entry.node.name) \(component.kind.rawValue): \(component.reason ?? "no reason known")"
                )
                return
            }
        }
    }

    /// Shows each end of an entrypoint, or of the program that it runs, as soon as it is known, and gives up on one that can't be started.
    private func showEnds(_ status: ClusterStatus, _ ends: inout EndLedger) async throws(ClusterError) {
        guard let record = SupervisorRecord.load(state) else {
            if SupervisorLock.isHeld(state) { return }
            throw ClusterError(
                .unavailable, "the supervisor has ended: \(LogTail.lines(of: state.supervisorLog, count: 5).joined(separator: "\n"))")
        }
        for end in ends.new(status, record) {
            let log = "\(state.logs)/\(end.node).\(end.component.rawValue).log"
            Terminal.complain("\(end.name) \(end.text); the last lines of \(log):")
            for line in LogTail.lines(of: log, count: end.isFinal ? 10 : 5) { Terminal.complain("    \(line)") }
            guard end.isFinal else { continue }
            try? await ClusterStop(context: context, state: state).run()
            throw ClusterError(.settings, "\(end.name) can't be started (see above); the cluster was stopped")
        }
    }

    private func notReady(_ status: ClusterStatus) -> ClusterError {
        let waiting = status.nodes.flatMap { entry in
            entry.components.filter { !$0.isReady }.map { "\(entry.node.name) \($0.kind.rawValue): \($0.reason ?? "no reason known")" }
        }
        return ClusterError(
            .timeout,
            "not ready after \(limit.mesosText):\n  \(waiting.joined(separator: "\n  "))\nIt goes on starting; see 'mesos-cluster logs --state \(state.path)'"
        )
    }

    private static func text(_ duration: Duration) -> String {
        let tenths = duration.milliseconds / 100
        let text = "\(tenths / 10).\(tenths % 10) s"
        return String(repeating: " ", count: max(0, 7 - text.count)) + text
    }
}

/// Stops a cluster's supervisor, and whatever a killed one has left.
struct ClusterStop {
    let context: ClusterContext
    let state: StateDirectory

    func run() async throws(ClusterError) {
        let start = ContinuousClock.now
        if SupervisorLock.isHeld(state), let record = SupervisorRecord.load(state) {
            Terminal.say("stopping \(context.topology.summary)")
            kill(record.pid, SIGTERM)
            while SupervisorLock.isHeld(state), ContinuousClock.now - start < .seconds(60) {
                // The supervisor is not our child: its lock says when it has ended.
                try? await Task.sleep(for: .milliseconds(50))
            }
            if SupervisorLock.isHeld(state) { kill(record.pid, SIGKILL) }
        }
        _ = await ClusterProcesses.end(context.identifier, state: state)
        Terminal.say("stopped after \((ContinuousClock.now - start).milliseconds) ms")
    }
}
