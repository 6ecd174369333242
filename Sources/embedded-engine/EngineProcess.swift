import ClusterCore
import Glibc
import Logging
import Supervision

/// The process around a role: signals in, exit status out.
enum EngineProcess {
    /// How long a role may take to let go of its ZooKeeper session and sockets once it is told to stop.
    private static let patience: Duration = .milliseconds(900)

    /// Runs a role until it ends by itself or a signal asks for it.
    /// - Returns: the exit status: 0 when asked to stop, 1 for any error, as upstream's programs have it.
    static func run(_ role: EngineRole, _ arguments: [String], _ environment: [String: String]) async -> Int32 {
        // A peer that went away must not end the process.
        signal(SIGPIPE, SIG_IGN)
        let signals = ProcessReaper.shared.signals([SIGTERM, SIGINT])
        let logger = Logger(label: role.rawValue)
        return await withTaskGroup(of: Int32.self) { group in
            group.addTask {
                do throws(ClusterError) {
                    try await role.run(arguments, environment)
                    return 0
                } catch {
                    report(error, role, logger)
                    return 1
                }
            }
            group.addTask {
                for await number in signals {
                    logger.info("Stopping: received signal \(number)")
                    return -1
                }
                // Cancelled because the role has ended.
                return -2
            }
            let first = await group.next() ?? 0
            group.cancelAll()
            guard first == -1 else { return first }
            let patient = Task {
                try? await Task.sleep(for: patience)
                if !Task.isCancelled { exit(0) }
            }
            _ = await group.next()
            patient.cancel()
            return 0
        }
    }

    private static func report(_ error: ClusterError, _ role: EngineRole, _ logger: Logger) {
        logger.error("\(error)")
        if error.code == .usage { complain("\(error.message)\n\n\(role.help)") }
    }
}
