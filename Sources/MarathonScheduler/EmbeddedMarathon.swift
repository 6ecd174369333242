public import ClusterCore
import Glibc
import Logging
import MesosFramework

/// `embedded-engine marathon`: a Mesos framework with Marathon's REST API, command line, leader election and scheduling. It needs nothing
/// of Mesos but the public v1 scheduler API, and keeps its state in ZooKeeper below `<zk>/embedded/v1`.
public enum EmbeddedMarathon {
    /// Serves until the task is cancelled. Ends the process with status 1 where the command line is refused, as upstream does, and
    /// with 137 where it led and does no longer: whoever supervises it starts it anew.
    /// - Parameters:
    ///   - arguments: the words behind the program's name, in Marathon's syntax (`--name value`).
    ///   - environment: `MESOSPHERE_HTTP_CREDENTIALS` is read.
    /// - Throws: `ClusterError`: the port is in use, the master refuses the framework, the state can't be read.
    public static func run(arguments: [String], environment: [String: String]) async throws(ClusterError) {
        var logger = Logger(label: "marathon")
        let options: MarathonOptions
        do {
            options = try MarathonOptions(arguments, environment: environment, hostname: HostNames.own)
        } catch {
            let text = Array("[marathon] Error: \(error)\n".utf8)
            _ = write(2, text, text.count)
            exit(1)
        }
        if let level = options.logLevel.flatMap({ Logger.Level(rawValue: $0 == "warn" ? "warning" : $0) }) { logger.logLevel = level }
        logger.info(
            "the embedded Marathon serves the API of Marathon \(MarathonOptions.version); it also runs on an upstream Mesos, which production wants"
        )
        if !options.ineffective.isEmpty {
            logger.info("these options have no effect here", metadata: ["options": "\(options.ineffective.joined(separator: " "))"])
        }
        do {
            try await MarathonNode(options: options, logger: logger).run()
        } catch let lost as FrameworkNode.LostLeadership {
            logger.warning("leadership was lost: \(lost); ending, to be started anew")
            exit(137)
        } catch is MarathonNode.Abdicated {
            logger.warning("leadership was given up on request; ending, to be started anew")
            exit(137)
        } catch let error as ClusterError {
            throw error
        } catch is CancellationError {
            return
        } catch {
            throw ClusterError(.unavailable, "the embedded Marathon has failed", cause: error)
        }
    }
}
