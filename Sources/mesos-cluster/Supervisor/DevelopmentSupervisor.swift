import ClusterCore
import Glibc
import Logging
import Supervision

/// Runs all entrypoints of a development cluster as processes of this host, until it is told to stop.
actor DevelopmentSupervisor {
    private let context: ClusterContext
    private let state: StateDirectory
    private let logger = Logger(label: "supervisor")
    private var record: SupervisorRecord
    private var children: [Int: Child] = [:]
    private let spawn: @Sendable (ProcessSpec) async throws(ClusterError) -> Child
    private(set) var isStopping = false

    init(
        context: ClusterContext, state: StateDirectory,
        spawn: @escaping @Sendable (ProcessSpec) async throws(ClusterError) -> Child = { spec throws(ClusterError) in
            try await ProcessReaper.shared.spawn(spec)
        }
    ) {
        self.context = context
        self.state = state
        self.spawn = spawn
        record = SupervisorRecord(pid: getpid(), processes: [])
    }

    /// Starts all at once, since order is the entrypoints' own job; returns when all have been stopped.
    func run() async throws(ClusterError) {
        // The kernel drops the lock when this process ends, however it ends.
        let lock = try SupervisorLock.take(state)
        let signals = ProcessReaper.shared.signals([SIGTERM, SIGINT, SIGHUP])
        try ProcessReaper.shared.adoptOrphans()
        await run(ComponentLaunch.all(context, state)) { [logger] in
            for await signal in signals {
                logger.info("\(SignalName.of(signal)): stopping")
                break
            }
        }
        _ = consume lock
    }

    /// Runs these until the stop comes; returns when none of them runs.
    func run(_ launches: [ComponentLaunch], until stop: @Sendable () async -> Void) async {
        record.processes = launches.map { .init(node: $0.node.name, component: $0.kind, state: .stopped) }
        await withTaskGroup(of: Void.self) { group in
            for (index, launch) in launches.enumerated() {
                group.addTask { await self.keepRunning(launch, index) }
            }
            await stop()
            isStopping = true
            await stopAll(launches)
            group.cancelAll()
        }
        save()
    }

    /// Starts one entrypoint, and starts it again when it ends by itself.
    private func keepRunning(_ launch: ComponentLaunch, _ index: Int) async {
        var decision = RestartDecision()
        while !isStopping && !Task.isCancelled {
            var exitCode = ExitStatus.unavailable.rawValue
            var lifetime = Duration.zero
            do {
                let child = try await start(launch)
                guard !isStopping else {
                    // The stop came while it was being started, and knew nothing of it.
                    await child.stop(Self.stopSequence)
                    return
                }
                children[index] = child
                set(index, .running(pid: child.pid))
                exitCode = await child.wait().exitCode
                lifetime = ContinuousClock.now - child.started
                // What the entrypoint's death has orphaned must not hold the ports of its successor.
                child.signalGroup(SIGKILL)
                children[index] = nil
            } catch {
                logger.error("\(launch.node.name) \(launch.kind.rawValue): \(error)")
            }
            guard !isStopping else { return set(index, .stopped) }
            let answer = decision.ended(exitCode: exitCode, after: lifetime)
            record.processes[index].failures = decision.failures
            switch answer {
            case .giveUp:
                logger.error(
                    "\(launch.node.name) \(launch.kind.rawValue) ended with \(exitCode), which a restart can't mend; its log: \(launch.log)"
                )
                return set(index, .failed(exitCode: exitCode))
            case .restart(let delay):
                logger.warning("\(launch.node.name) \(launch.kind.rawValue) ended with \(exitCode); started again in \(delay.mesosText)")
                set(index, .restarting(exitCode: exitCode))
                try? await Task.sleep(for: delay)
            }
        }
    }

    private func start(_ launch: ComponentLaunch) async throws(ClusterError) -> Child {
        try Files.makeDirectory(state.data(launch.node, launch.kind))
        var spec = ProcessSpec([launch.executable], environment: launch.environment, workingDirectory: state.path)
        spec.input = .null
        spec.output = .append(launch.log)
        spec.error = .append(launch.log)
        return try await spawn(spec)
    }

    /// What uses others is stopped before them.
    private static let stopOrder: [Set<ComponentKind>] = [
        [.haproxy, .marathon, .chronos, .marathonConsul], [.mesosSlave, .mesosConsul], [.mesosMaster], [.consul], [.zookeeper],
    ]

    /// Longer than an entrypoint gives its own component.
    private static let stopSequence = StopSequence(grace: .seconds(15))

    private func stopAll(_ launches: [ComponentLaunch]) async {
        for kinds in Self.stopOrder {
            let wave = launches.indices.filter { kinds.contains(launches[$0].kind) }
            await withTaskGroup(of: Void.self) { group in
                for index in wave {
                    guard let child = children[index] else { continue }
                    group.addTask { await child.stop(Self.stopSequence) }
                }
            }
            for index in wave { set(index, .stopped) }
        }
    }

    private func set(_ index: Int, _ new: SupervisorRecord.Process.State) {
        record.processes[index].state = new
        save()
    }

    private func save() {
        do {
            try record.save(state)
        } catch {
            logger.error("\(error)")
        }
    }
}

/// The supervisor as a process of its own, in a session of its own.
enum SupervisorProcess {
    static func start(_ state: StateDirectory, executables: String) async throws(ClusterError) {
        var spec = ProcessSpec([executables + "/mesos-cluster", "supervise", "--state", state.path], workingDirectory: "/")
        spec.input = .null
        spec.output = .append(state.supervisorLog)
        spec.error = .append(state.supervisorLog)
        spec.group = .ownSession
        let child = try await ProcessReaper.shared.spawn(spec)
        // It takes its lock at once, or ends and has said why.
        while !SupervisorLock.isHeld(state) {
            if let end = child.termination {
                let reason = LogTail.lines(of: state.supervisorLog, count: 5).joined(separator: "\n")
                throw ClusterError(.unavailable, "the supervisor \(end): \(reason)")
            }
            try? await Task.sleep(for: .milliseconds(10))
        }
    }
}
