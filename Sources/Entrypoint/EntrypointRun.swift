import Checks
import ClusterCore
import Glibc
import HTTPServer
import JSON
import Logging
import Settings
import Supervision
import Synchronization

/// The `run` subcommand: carries a component's plan out.
struct EntrypointRun<C: Component>: Sendable {
    let schema: SettingsSchema
    let signals: AsyncStream<Int32>
    let logger: Logger
    /// How long those who watch the readiness may take to act on a stop.
    private static var stopNotice: Duration { .milliseconds(500) }
    private let stop = StopRequest()
    private let status: RunStatus
    private let metrics = MetricsRegistry()

    init(schema: SettingsSchema, signals: AsyncStream<Int32>, logger: Logger) {
        self.schema = schema
        self.signals = signals
        self.logger = logger
        status = RunStatus(prerequisites: PrerequisiteRunner(logger: logger))
    }

    /// All that the child's start needs.
    private struct Prepared: Sendable {
        let plan: LaunchPlan
        let settings: ResolvedSettings
    }

    func run() async -> Int32 {
        let forwarding = Task { await forward() }
        defer {
            forwarding.cancel()
            // Nobody takes the place of one that ended in order; after a kill the next one listens over what is left.
            if let path = status.probeSocket { unlink(path) }
        }
        // A stop ends the preparation at once, whatever it is busy with.
        let prepared = await Deadline.run(unless: stop) { () async -> Result<Prepared, ClusterError> in
            do throws(ClusterError) { return .success(try await prepare()) } catch { return .failure(error) }
        }
        switch prepared {
        case nil:
            logger.info("stopped before the component was started")
            return 128 + (stop.signal ?? SIGTERM)
        case .failure(let error):
            for line in error.description.split(separator: "\n") { logger.error("\(line)") }
            return error.code.exitStatus.rawValue
        case .success(let prepared): return await supervise(prepared)
        }
    }

    // MARK: Before the child

    private func prepare() async throws(ClusterError) -> Prepared {
        try ProcessReaper.shared.adoptOrphans()
        let settings = try loadSettings()
        let plan = try await makePlan(settings)
        for note in plan.notes { logger.info("\(note)") }
        if let program = plan.argv.first, Executable.find(program, path: plan.environment["PATH"]) == nil {
            throw ClusterError(.settings, "there is no program \(program) that this user may execute: install it, or correct its path")
        }
        try await listen(plan, settings)
        // Before a file is written, and once more when the wait is over.
        status.enter(.preparing("sees that the component's ports are free"))
        try await PortCheck.wait(for: plan.listens, logger)
        try await beforeStart(plan)
        try await putFiles(plan)
        status.enter(.waiting)
        try await status.prerequisites.wait(for: plan.prerequisites, deadline: settings[CommonSettings.startDeadline])
        if !plan.prerequisites.isEmpty { try await PortCheck.wait(for: plan.listens, logger) }
        return Prepared(plan: plan, settings: settings)
    }

    private func loadSettings() throws(ClusterError) -> ResolvedSettings {
        let settings: ResolvedSettings
        do throws(SettingsErrors) {
            settings = try SettingsLoader(schema: schema).load(environment: ProcessEnvironment.current)
        } catch {
            throw ClusterError(.settings, error.description)
        }
        LineLogHandler.commonLevel.withLock { $0 = settings[CommonSettings.logLevel].level }
        return settings
    }

    private func makePlan(_ settings: ResolvedSettings) async throws(ClusterError) -> LaunchPlan {
        status.enter(.preparing("gathers facts"))
        let facts = try await C.gatherFacts(settings, host: .gather())
        logger.debug("facts", metadata: ["facts": "\(facts.json.text())"])
        do throws(PlanRefusal) {
            return try C.plan(settings, facts: facts).adjusted(by: settings)
        } catch {
            throw ClusterError(.settings, error.description)
        }
    }

    private func listen(_ plan: LaunchPlan, _ settings: ResolvedSettings) async throws(ClusterError) {
        let service = ProbeService(plan: plan, status: status, metrics: metrics)
        let port = settings[CommonSettings.probePort(schema.component)]
        let socket = settings[CommonSettings.probeSocket(schema.component)]
        guard port != 0 || socket != "none" else { return }
        // Lives as long as the process.
        let server = HTTPServer { request in await service.answer(request) }
        if port != 0 { try await server.listen(.tcp(host: ProbeEndpoints.host(settings), port: port)) }
        if socket != "none" {
            if let slash = socket.lastIndex(of: "/"), slash != socket.startIndex { try Files.makeDirectory(String(socket[..<slash])) }
            try await server.listen(.unix(path: socket, mode: 0o660))
            status.listens(at: socket)
        }
    }

    private func beforeStart(_ plan: LaunchPlan) async throws(ClusterError) {
        for action in plan.beforeStart {
            status.enter(.preparing(action.description))
            logger.debug("before the start: \(action.description)")
            try await action.run(logger)
        }
    }

    private func putFiles(_ plan: LaunchPlan) async throws(ClusterError) {
        status.enter(.preparing("writes its files"))
        for directory in plan.directories { try Files.makeDirectory(directory.path, mode: mode_t(directory.mode)) }
        for file in plan.files {
            let hasChanged = try await FileStage.put(file)
            logger.info("\(hasChanged ? "wrote" : "unchanged:") \(file.path)")
        }
    }

    // MARK: With the child

    private func supervise(_ prepared: Prepared) async -> Int32 {
        let plan = prepared.plan
        let supervisor = plan.argv.isEmpty ? nil : makeSupervisor(prepared)
        status.supervise(supervisor)
        let companions = CompanionRunner(plan.companions, supervisor: supervisor, status: status, metrics: metrics, logger: logger)
        companions.start()
        var exitCode: Int32 = 0
        if let supervisor {
            // The signal may have come between the preparation and now.
            if stop.signal != nil { await supervisor.stop() }
            do throws(ClusterError) {
                exitCode = try await supervisor.run()
                if await supervisor.lastTermination == nil, let signal = stop.signal { exitCode = 128 + signal }
            } catch {
                logger.error("\(error)")
                exitCode = error.code == .notFound ? ExitStatus.settings.rawValue : error.code.exitStatus.rawValue
            }
        } else {
            logger.info("running")
            _ = await stop.wait()
        }
        status.enter(.stopping)
        await companions.stop()
        return await verifyStop(plan, exitCode)
    }

    private func makeSupervisor(_ prepared: Prepared) -> Supervisor {
        let plan = prepared.plan
        var spec = ProcessSpec(plan.argv, environment: plan.environment, workingDirectory: plan.workingDirectory)
        // However this process ends, the child does not run on without hand-over and probes, in the way of the next one.
        spec.diesWithParent = true
        var configuration = Supervisor.Configuration(spec)
        configuration.stop = plan.stop
        configuration.leftovers = plan.leavesSessions ? .sameSession : .all
        if prepared.settings[CommonSettings.restart] == .never { configuration.restarts = .never }
        let cleanUp: @Sendable (Supervisor.Exit) async -> Void = { [logger] exit in
            let child = ExitedChild(
                pid: exit.pid, exitCode: exit.termination.exitCode, isStopping: exit.isStopping, left: exit.left)
            for action in plan.afterExit {
                await Self.run("after the exit", action.description, action.timeout, logger) { () throws(ClusterError) in
                    try await action.run(child, logger)
                }
            }
        }
        let prepare: @Sendable () async -> Void = { [logger, stop] in
            for action in plan.beforeSpawn where stop.signal == nil {
                await Self.run("before the start", action.description, action.timeout, unless: stop, logger) { () throws(ClusterError) in
                    try await action.run(logger)
                }
            }
        }
        return Supervisor(
            configuration, logger: logger, afterExit: cleanUp, beforeStart: prepare, phaseChanged: { [status] in status.changes.ring() })
    }

    /// Carries a step out that must not hold up the rest, and logs what came of it.
    private static func run(
        _ moment: String, _ description: String, _ timeout: Duration, unless stop: StopRequest? = nil, _ logger: Logger,
        _ step: @escaping @Sendable () async throws(ClusterError) -> Void
    ) async {
        let began = ContinuousClock.now
        let problem = await Deadline.run(timeout, unless: stop) { () async -> ClusterError? in
            do throws(ClusterError) {
                try await step()
                return nil
            } catch {
                return error
            }
        }
        let took = "\((ContinuousClock.now - began).milliseconds)ms"
        switch problem {
        case .some(.none): logger.info("\(moment): \(description)", metadata: ["took": "\(took)"])
        case .some(.some(let error)): logger.warning("failed to \(description): \(error)", metadata: ["took": "\(took)"])
        case nil: logger.warning("gave up to \(description): not done within \(timeout.mesosText)")
        }
    }

    private func verifyStop(_ plan: LaunchPlan, _ exitCode: Int32) async -> Int32 {
        var exitCode = exitCode
        for action in plan.afterStop {
            do throws(ClusterError) {
                try await action.run(logger)
            } catch {
                logger.error("after the stop: failed to \(action.description): \(error)")
                if exitCode == 0 { exitCode = error.code.exitStatus.rawValue }
            }
        }
        logger.info("ended", metadata: ["exit": "\(exitCode)"])
        return exitCode
    }

    // MARK: Signals

    private func forward() async {
        for await number in signals {
            let name = SignalName.of(number)
            if EntrypointSignals.stopping.contains(number) {
                let isFirst = stop.signal == nil
                // Before anything of it stops: the load balancer's address leaves first, then HAProxy drains.
                if isFirst, status.supervisor != nil { await status.announceStop(atMost: Self.stopNotice) }
                stop.request(number)
                await status.supervisor?.stop()
                logger.info("\(name) received: \(isFirst ? "stopping" : "is stopping already")")
            } else if await status.supervisor?.signal(number) ?? false {
                logger.info("\(name) passed on to the component")
            } else {
                logger.info("\(name) received, but the component does not run: ignored")
            }
        }
    }
}

extension LogLevel {
    var level: Logger.Level {
        switch self {
        case .debug: .debug
        case .info: .info
        case .warning: .warning
        case .error: .error
        }
    }
}
