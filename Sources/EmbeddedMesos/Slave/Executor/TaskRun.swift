import ClusterCore
import EngineSupport
import Glibc
import HTTPClient
import JSON
import Mesos
import Supervision

/// The shell around one task's `TaskLifecycle`: does what it says and tells it what happened.
actor TaskRun {
    private let record: LaunchRecord
    private let task: TaskSpec
    private let files: RunFiles
    private let runtime: any TaskRuntime
    private let http: HTTPClient
    private let tell: @Sendable (TaskEvent) -> Void
    private let ended: @Sendable () -> Void

    private var lifecycle = TaskLifecycle()
    private var sequence = 0
    private var pid: Int32?
    private var begun = ContinuousClock.now
    private var work: Task<Void, Never>?
    private var health: Task<Void, Never>?

    /// - Parameters:
    ///   - tell: called with each event, after it is in the file.
    ///   - ended: called once, after the last.
    init(
        record: LaunchRecord, task: TaskSpec, files: RunFiles, runtime: any TaskRuntime, http: HTTPClient,
        tell: @escaping @Sendable (TaskEvent) -> Void, ended: @escaping @Sendable () -> Void
    ) {
        self.record = record
        self.task = task
        self.files = files
        self.runtime = runtime
        self.http = http
        self.tell = tell
        self.ended = ended
    }

    /// Prepares and starts it.
    func launch() {
        work = Task {
            do throws(PreparationFailure) {
                try await runtime.prepare()
                handle(.prepared)
            } catch {
                handle(.preparationFailed(state: error.state, reason: error.reason, message: error.message))
            }
        }
    }

    /// Takes it over from an executor that is gone.
    func adopt() async {
        let events = files.readEvents()
        sequence = events.count
        pid = files.readProcess()?.pid
        guard await runtime.adopt() else {
            // Its leader is gone; what else of its session runs is not known to anyone else.
            if let pid, events.contains(where: { $0.status.state == "TASK_RUNNING" }) || files.readProcess() != nil, pid > 1 {
                await runtime.cleanUp()
            }
            handle(.adopted(healthy: nil, wasStopping: false))
            handle(.exited(.unknown, message: nil))
            return
        }
        let states = Set(events.map(\.status.state))
        if states.contains("TASK_RUNNING") {
            handle(
                .adopted(healthy: events.last { $0.status.healthy != nil }?.status.healthy, wasStopping: states.contains("TASK_KILLING")))
        } else {
            handle(.started)
        }
        watch()
    }

    /// Ends it.
    func kill(grace: Duration?, reportsKilling: Bool) {
        handle(.killRequested(grace: grace ?? task.killGrace ?? record.settings.grace, reportsKilling: reportsKilling))
    }

    private func handle(_ input: TaskLifecycle.Input) {
        let wasEnded = lifecycle.phase == .ended
        for action in lifecycle.handle(input) { perform(action) }
        if lifecycle.phase == .ended && !wasEnded { ended() }
    }

    private func perform(_ action: TaskLifecycle.Action) {
        let runtime = runtime
        switch action {
        case .cancelPreparation: work?.cancel()
        case .start: start()
        case .startHealthChecks: startHealthChecks()
        case .stopHealthChecks: health?.cancel()
        case .terminate(let grace):
            Task { await runtime.terminate(grace: grace) }
        case .kill: Task { await runtime.kill() }
        case .arm(let number, let grace):
            Task {
                try? await Task.sleep(for: grace)
                handle(.graceElapsed(number))
            }
        case .report(let status): report(status)
        }
    }

    private func start() {
        Task {
            do throws(PreparationFailure) {
                begun = .now
                try await runtime.start()
            } catch {
                return handle(.preparationFailed(state: error.state, reason: error.reason, message: error.message))
            }
            pid = await runtime.pid()
            handle(.started)
            watch()
        }
    }

    private func watch() {
        Task {
            let (exit, message) = await runtime.exit()
            // Before the status: a framework that hears of the end may use the task's ports at once.
            await runtime.cleanUp()
            handle(.exited(exit, message: message))
        }
    }

    private func startHealthChecks() {
        guard let check = task.healthCheck else { return }
        let prober = TaskHealthProbe(check: check, runtime: runtime, http: http, address: record.settings.address)
        var state = HealthState(check, wasHealthy: files.readEvents().last { $0.status.healthy != nil }?.status.healthy)
        let grace = task.killGrace ?? record.settings.grace
        let begun = begun
        health = Task {
            try? await Task.sleep(for: .milliseconds(Int64(min(max(check.delaySeconds, 0), 1e6) * 1000)))
            while !Task.isCancelled {
                let problem = await prober.problem()
                guard !Task.isCancelled else { return }
                for action in state.result(problem, age: .now - begun) { handle(.health(action, grace: grace)) }
                try? await Task.sleep(for: .milliseconds(Int64(min(max(check.intervalSeconds, 0.1), 1e6) * 1000)))
            }
        }
    }

    private func report(_ status: StatusDraft) {
        sequence += 1
        let event = TaskEvent(
            sequence: sequence, uuid: Base64.encode(RandomID.bytes()), timestamp: UnixTime.now(), pid: pid, status: status)
        do throws(ClusterError) {
            try QuickFile.append(files.events, event.json.bytes() + [UInt8(ascii: "\n")])
        } catch {
            ExecutorLog.write("can't keep \(status.state) of task \(task.id): \(error)")
        }
        tell(event)
    }
}

/// The executor's log: its standard error, which the slave has connected to a file.
enum ExecutorLog {
    /// Writes a line.
    static func write(_ line: String) {
        let text = "\(UnixTime.now()) \(line)\n"
        _ = text.withCString { Glibc.write(2, $0, strlen($0)) }
    }
}
