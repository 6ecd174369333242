import ClusterCore

/// Whether HAProxy on this node can take traffic, as keepalived and the probes want to know it.
public enum HAProxyHealth: Sendable, Hashable {
    /// A worker answers and takes connections.
    case serving(WorkerInfo)
    /// It does not; the reason in a sentence.
    case notServing(String)

    /// Asks the worker's stats socket.
    public static func look(_ socket: WorkerSocket, timeout: Duration = .seconds(1)) async -> HAProxyHealth {
        do throws(ClusterError) {
            let info = try await socket.info(timeout: timeout)
            return info.isStopping ? .notServing("HAProxy \(info.pid) is draining") : .serving(info)
        } catch {
            return .notServing(error.description)
        }
    }

    /// True where it takes traffic.
    public var isServing: Bool {
        if case .serving = self { true } else { false }
    }
}

/// The check of a configuration file by HAProxy itself.
public enum ConfigurationCheck {
    /// The command: it exits 0 where the file is good, and says what is wrong on standard error.
    /// - Parameter file: `{}` stands for a staged file.
    public static func argv(binary: String, file: String) -> [String] { [binary, "-c", "-f", file] }

    /// The lines of HAProxy's complaint that say what is wrong, without its time stamps and process ids.
    public static func reasons(_ output: String) -> [String] {
        output.split(whereSeparator: \.isNewline).compactMap { line in
            guard line.hasPrefix("[ALERT]") || line.hasPrefix("[WARNING]"), let colon = line.firstIndex(of: ":") else { return nil }
            let text = line[line.index(after: colon)...].drop { $0 == " " }
            return text.hasPrefix("config : Fatal errors") || text.contains("Error(s) found in configuration file") ? nil : String(text)
        }
    }
}
