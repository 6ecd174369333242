import Checks
import ClusterCore
import JSON
import Supervision
import Synchronization

/// Where a run stands, as its probes tell it.
final class RunStatus: Sendable {
    /// What it is busy with.
    enum Stage: Sendable, Hashable {
        /// Before the prerequisites: files, clean-up; what it does.
        case preparing(String)
        /// Waits for prerequisites.
        case waiting
        /// The component runs, or its supervisor sees to that.
        case supervising
        /// Asked to stop.
        case stopping
    }

    private struct State {
        var stage = Stage.preparing("starting")
        var supervisor: Supervisor?
        var companionFailures: [String: String] = [:]
        var probeSocket: String?
        var wasReady: Bool?
        /// How many long polls of readiness are under way.
        var watches = 0
    }
    private let state = Mutex(State())
    private let started = ContinuousClock.now
    let prerequisites: PrerequisiteRunner
    /// Rung whenever the standing may have changed.
    let changes = ChangeBell()
    /// Rung whenever somebody asks for readiness by a long poll.
    private let watchers = ChangeBell()

    init(prerequisites: PrerequisiteRunner) { self.prerequisites = prerequisites }

    func enter(_ stage: Stage) {
        state.withLock { $0.stage = stage }
        changes.ring()
    }
    func supervise(_ supervisor: Supervisor?) {
        state.withLock {
            $0.supervisor = supervisor
            $0.stage = .supervising
        }
        changes.ring()
    }
    func listens(at path: String) { state.withLock { $0.probeSocket = path } }
    func companion(_ name: String, failed reason: String?) {
        state.withLock { $0.companionFailures[name] = reason }
        changes.ring()
    }
    func watcherHasAsked() {
        state.withLock { $0.watches += 1 }
        watchers.ring()
    }
    func watcherHasLeft() { state.withLock { $0.watches -= 1 } }
    /// What anybody's question has found out is told to all who watch.
    func isSeenReady(_ isReady: Bool) {
        let isNews = state.withLock { state in
            defer { state.wasReady = isReady }
            return state.wasReady != isReady
        }
        if isNews { changes.ring() }
    }

    /// Shows that this run is about to stop before anything of it does. Those who watch its readiness hear of it at once; each asks anew
    /// when it has acted on that (keepalived-wrap has moved the virtual addresses away), which is waited for.
    func announceStop(atMost limit: Duration) async {
        let asked = watchers.count
        let isWatched = state.withLock { $0.watches } > 0
        enter(.stopping)
        guard isWatched else { return }
        _ = await Deadline.run(limit) { [watchers] in await watchers.wait(after: asked) }
    }

    var supervisor: Supervisor? { state.withLock { $0.supervisor } }
    /// The Unix socket that answers the probes, once there is one.
    var probeSocket: String? { state.withLock { $0.probeSocket } }
    var uptime: Duration { ContinuousClock.now - started }

    /// Why the component can't be asked now; nil where it runs.
    func pausedReason() async -> String? {
        switch state.withLock({ $0.stage }) {
        case .preparing(let what): return what
        case .waiting: return prerequisites.reason ?? "is about to be started"
        case .stopping: return "was asked to stop"
        case .supervising:
            guard let supervisor else { return nil }
            switch await supervisor.phase {
            case .idle: return "is about to be started"
            case .running: return nil
            case .pausing(let last): return "\(last); it is started again after a pause"
            case .stopping: return "was asked to stop"
            case .ended(let code): return "has ended with \(code)"
            }
        }
    }

    /// The check of the component's own process.
    func processCheck() -> Check {
        Check("process", proves: "the component has been started and runs", timeout: .seconds(1), gates: [.ready]) { [self] in
            if let reason = await pausedReason() { return .fail(reason) }
            guard let supervisor else { return .pass("runs within the entrypoint") }
            guard case .running(let pid, let since) = await supervisor.phase else { return .fail("does not run") }
            return .pass("pid \(pid) for \((ContinuousClock.now - since).rounded)")
        }
    }

    func companionCheck(_ name: String) -> Check {
        Check("companion-\(name)", proves: "\(name) runs beside the component", timeout: .seconds(1), gates: [.ready]) { [self] in
            guard let failure = state.withLock({ $0.companionFailures[name] }) else { return .pass("runs") }
            return .fail(failure)
        }
    }
}
