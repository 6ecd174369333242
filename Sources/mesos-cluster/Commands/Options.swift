import ArgumentParser
import ClusterCore
import Glibc

/// Where the cluster's state is.
struct StateOption: ParsableArguments {
    @Option(name: .customLong("state"), help: ArgumentHelp("Directory of the cluster's state.", valueName: "dir"))
    var path = ".cluster"

    var directory: StateDirectory { StateDirectory(path) }
}

/// Writes to the terminal.
enum Terminal {
    /// One line on standard output, at once.
    static func say(_ line: String) {
        write(line + "\n", to: STDOUT_FILENO)
    }

    /// One line on standard error.
    static func complain(_ line: String) {
        write(line + "\n", to: STDERR_FILENO)
    }

    private static func write(_ text: String, to descriptor: Int32) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 || errno == EINTR else { return }
            rest = rest.dropFirst(max(count, 0))
        }
    }
}

/// Runs a command's work; an error is said in one line, and becomes the documented exit status.
func reportingErrors(_ work: () async throws(ClusterError) -> Void) async throws {
    do {
        try await work()
    } catch {
        Terminal.complain("mesos-cluster: \(error)")
        throw ExitCode(error.code.exitStatus.rawValue)
    }
}

/// Reads the value of `--timeout`.
func timeLimit(_ text: String) throws(ClusterError) -> Duration {
    guard let limit = Duration(text: text) else { throw ClusterError(.usage, "--timeout \(text): give a duration such as 90s or 5m") }
    return limit
}
