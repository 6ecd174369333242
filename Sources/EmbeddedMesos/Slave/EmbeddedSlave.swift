public import ClusterCore
import EngineSupport
import Glibc
import Logging
import Mesos
import Supervision
import ZooKeeper

/// `embedded-engine mesos-slave`: an agent for one host that takes upstream's flags, speaks to the embedded master, and runs tasks as
/// processes in sandboxes, or as Docker containers.
public enum EmbeddedSlave {
    /// Runs until its task is cancelled (tasks live on), or until USR1 has ended all tasks.
    /// - Parameters:
    ///   - arguments: the words behind `mesos-slave`.
    ///   - environment: the process's; `MESOS_…` variables count as flags.
    /// - Throws: `ClusterError`: `.usage` for flags, `.conflict` where the checkpoint contradicts them, `.io` for the port.
    public static func run(arguments: [String], environment: [String: String]) async throws(ClusterError) {
        try await run(arguments: arguments, environment: environment, executor: [ownPath, "executor"])
    }

    /// - Parameter executor: program and arguments of an executor.
    static func run(arguments: [String], environment: [String: String], executor: [String]) async throws(ClusterError) {
        let begun = ContinuousClock.now
        let directory = arguments.last { $0.hasPrefix("--work_dir=") }.map { String($0.dropFirst("--work_dir=".count)) }
        let configuration = try SlaveConfiguration(
            arguments: arguments, environment: environment,
            host: HostResources.detect(directory: directory ?? environment["MESOS_WORK_DIR"] ?? "/"),
            readFile: { (path) throws(ClusterError) in try Files.text(path) })
        let logger = Logger(label: "mesos-slave")
        logger.notice("embedded Mesos slave: for development and tests on one host; production runs Apache Mesos")
        for name in configuration.withoutEffect { logger.warning("--\(name) has no effect in the embedded slave") }

        let checkpoint = SlaveCheckpoint(workDirectory: configuration.workDirectory)
        try checkpoint.prepare()
        let lock = try checkpoint.lock()
        defer { close(lock) }
        let (agent, recovered) = try recover(checkpoint, configuration, logger)
        let slave = Slave(
            configuration: configuration, checkpoint: checkpoint, agent: agent, recovered: recovered,
            recoveryTime: (ContinuousClock.now - begun).seconds, executor: executor, logger: logger)
        try await serve(slave, configuration, logger)
    }

    private static func recover(
        _ checkpoint: SlaveCheckpoint, _ configuration: SlaveConfiguration, _ logger: Logger
    ) throws(ClusterError) -> (AgentInfo, [SlaveTask]) {
        var agent = AgentInfo(
            hostname: configuration.hostname, port: configuration.advertisedPort, resources: configuration.resources,
            attributes: configuration.attributes)
        guard let old = try checkpoint.agent(), let id = old.id else { return (agent, []) }
        let tasks = checkpoint.tasks(agent: id) { logger.error("\($0)") }
        if configuration.recovery == .reconnect,
            let problem = agent.incompatibility(with: old, isAdditive: configuration.isAdditive)
        {
            throw ClusterError(
                .conflict,
                "Incompatible agent info detected: \(problem). Give this slave its former settings"
                    + (configuration.isAdditive ? "" : " (or more of them and --reconfiguration_policy=additive)")
                    + ", or end its tasks and remove \(checkpoint.meta)/slaves/latest to start as a new agent; nothing was changed")
        }
        agent.id = id
        if agent != old && configuration.recovery == .reconnect { try checkpoint.keep(agent) }
        logger.info("recovered agent \(id) with \(tasks.count) tasks")
        return (agent, tasks)
    }

    private static func serve(_ slave: Slave, _ configuration: SlaveConfiguration, _ logger: Logger) async throws(ClusterError) {
        let routes = SlaveRoutes(slave: slave, configuration: configuration)
        let router = routes.router
        let server = EngineServer(host: configuration.ip, port: configuration.port, logger: logger) { await router.respond(to: $0) }
        let result: Result<Void, ClusterError> = await withTaskGroup(of: Result<Void, ClusterError>?.self) { group in
            group.addTask { await outcome { () throws(ClusterError) in try await server.run() } }
            group.addTask { await outcome { () throws(ClusterError) in try await slave.waitForEnd() } }
            group.addTask {
                await slave.followExecutor()
                return nil
            }
            group.addTask {
                if configuration.recovery == .cleanup { await slave.endAll() } else { await followMasters(slave, configuration, logger) }
                return nil
            }
            group.addTask {
                for await _ in ProcessReaper.shared.signals([SIGUSR1]) { await slave.endAll() }
                return nil
            }
            group.addTask {
                await SandboxCollector(workDirectory: configuration.workDirectory, life: configuration.sandboxLife).run(logger)
                return nil
            }
            var result = Result<Void, ClusterError>.success(())
            while let finished = await group.next() {
                guard let finished else { continue }
                result = finished
                break
            }
            group.cancelAll()
            return result
        }
        try result.get()
    }

    private static func outcome(_ work: () async throws(ClusterError) -> Void) async -> Result<Void, ClusterError> {
        do throws(ClusterError) {
            try await work()
            return .success(())
        } catch {
            return .failure(error)
        }
    }

    // Follows the election: one registration at a time, always with the leader of now.
    private static func followMasters(_ slave: Slave, _ configuration: SlaveConfiguration, _ logger: Logger) async {
        while !Task.isCancelled {
            let client = ZooKeeperClient(url: configuration.zooKeeper, sessionTimeout: configuration.sessionTimeout, logger: logger)
            client.start()
            var session: Task<Void, Never>?
            do {
                for try await state in MesosLeaderDetector(client: client).changes() {
                    session?.cancel()
                    await session?.value
                    session = nil
                    if let leader = state.leader {
                        session = Task { await slave.follow(leader) }
                    } else {
                        await slave.noLeader()
                        logger.warning("no Mesos master leads; waiting for one at \(configuration.zooKeeper)")
                    }
                }
            } catch {
                logger.warning("the election can't be watched: \(error)")
            }
            session?.cancel()
            await client.close()
            // Paces attempts against an ensemble that ends every session at once (wrong credentials, a path that may not be read): it
            // tells of no event when that is mended. The slave misses nothing meanwhile, for a changed leader is found by the next watch.
            try? await Task.sleep(for: .seconds(1))
        }
    }

    private static var ownPath: String {
        var buffer = [CChar](repeating: 0, count: 4096)
        let count = readlink("/proc/self/exe", &buffer, buffer.count)
        return String(decoding: buffer[..<max(0, count)].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
