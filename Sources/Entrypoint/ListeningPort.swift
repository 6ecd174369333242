public import ClusterCore
import Glibc
import Logging

/// A port that a component will listen on.
public struct ListeningPort: Sendable, Hashable {
    /// Kind of a port.
    public enum Transport: String, Sendable, Hashable {
        /// Connections.
        case tcp = "TCP"
        /// Datagrams.
        case udp = "UDP"
    }

    /// A literal address, `0.0.0.0` and `::` for all of the host's, and the port.
    public let place: HostPort
    /// Kind.
    public let transport: Transport
    /// The variable that chooses the port.
    public let setting: String

    /// - Parameters:
    ///   - address: a literal address.
    ///   - port: 1–65535.
    ///   - setting: the variable that chooses the port.
    public init(_ address: String, _ port: Int, _ transport: Transport = .tcp, setting: String) {
        place = HostPort(host: address, port: port)
        self.transport = transport
        self.setting = setting
    }

    /// `127.0.0.1:8080`; `127.0.0.1:8600 (UDP)`.
    var name: String { transport == .tcp ? "\(place)" : "\(place) (\(transport.rawValue))" }

    /// As `plan` shows it.
    var text: String { "\(name), by \(setting)" }
}

/// Sees that a component will find its ports free: most components say it in a stack trace, or start again and again.
enum PortCheck {
    /// How long a port that is in use is waited for: a predecessor may be going.
    static let patience: Duration = .seconds(3)

    /// Returns when all are free.
    /// - Throws: `.conflict`, one line for each that another process still has.
    static func wait(for ports: [ListeningPort], _ logger: Logger) async throws(ClusterError) {
        let deadline = ContinuousClock.now + patience
        var isTold = false
        while true {
            // Nothing tells of a port that gets free. What else is wrong (an address that is to come, a privilege that only the
            // component has) is the component's to say.
            let taken = ports.filter { PortProbe.problem($0.place, $0.transport) == EADDRINUSE }
            if taken.isEmpty { return }
            guard ContinuousClock.now < deadline else {
                let lines = taken.map { "\($0.name) is in use by another process: end it, or choose another port (\($0.setting))" }
                throw ClusterError(.conflict, lines.joined(separator: "\n"))
            }
            if !isTold {
                logger.info(
                    "\(taken.map(\.name).joined(separator: ", ")) in use by another process: waits up to \(patience.mesosText) for its end")
                isTold = true
            }
            do { try await Task.sleep(for: .milliseconds(100)) } catch { throw ClusterError(.unavailable, "stopped") }
        }
    }
}
