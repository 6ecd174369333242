public import ClusterCore
import Glibc
import Logging
import MesosFramework

/// `embedded-engine chronos`: a Mesos framework with Chronos' REST API, command line, leader election and scheduling. It needs nothing of
/// Mesos but the public v1 scheduler API, and keeps its state in ZooKeeper below `<zk_path>/embedded/v1`.
///
/// It serves 3.0.2's API and job shape under `/v1/scheduler`, and 2.4.0's under `/scheduler`. A run is retried up to its job's
/// `retries`, whether or not an earlier run failed (3.0.2 retries no more once a run has failed until one succeeds).
public enum EmbeddedChronos {
    /// Serves until the task is cancelled. Ends the process with status 1 where the command line is refused, and where it led and does
    /// no longer, as upstream does: whoever supervises it starts it anew.
    /// - Parameters:
    ///   - arguments: the words behind the program's name, in Chronos' syntax (`--name value`).
    ///   - environment: `MESOSPHERE_HTTP_CREDENTIALS` is read.
    /// - Throws: `ClusterError`: the port is in use, the master refuses the framework, the state can't be read.
    public static func run(arguments: [String], environment: [String: String]) async throws(ClusterError) {
        let logger = Logger(label: "chronos")
        let options: ChronosOptions
        do throws(ClusterError) {
            options = try ChronosOptions(
                arguments, environment: environment, hostname: HostNames.own, user: AccountName.own)
        } catch {
            let text = Array("[chronos] Error: \(error)\n".utf8)
            _ = write(2, text, text.count)
            exit(1)
        }
        logger.info(
            "the embedded Chronos serves the APIs of Chronos 3.0.2 and 2.4.0; it also runs on an upstream Mesos, which production wants")
        if !options.ineffective.isEmpty {
            logger.info("these options have no effect here: \(options.ineffective.joined(separator: " "))")
        }
        do {
            try await ChronosNode(options: options, logger: logger).run()
        } catch let lost as FrameworkNode.LostLeadership {
            logger.warning("leadership was lost: \(lost); ending, to be started anew")
            exit(1)
        } catch let error as ClusterError {
            throw error
        } catch is CancellationError {
            return
        } catch {
            throw ClusterError(.unavailable, "the embedded Chronos has failed", cause: error)
        }
    }
}
