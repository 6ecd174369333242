import ArgumentParser
import ClusterCore
import Glibc

struct LogsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "logs", abstract: "Shows the last lines of the components' logs.",
        discussion: "Names are nodes (master-1), components (marathon) or both (master-1.marathon); none means all.")

    @OptionGroup var state: StateOption
    @Option(name: .shortAndLong, help: "How many lines of each log.") var lines = 20
    @Argument(help: "Nodes and components.") var names: [String] = []

    func run() async throws {
        try await reportingErrors { () throws(ClusterError) in
            let directory = state.directory
            guard Files.isDirectory(directory.logs) else { throw ClusterError(.notFound, "no logs in \(directory.logs)") }
            let logs = try Files.list(directory.logs).filter { $0.hasSuffix(".log") }.map { String($0.dropLast(4)) }
            let wanted = logs.filter { log in
                names.isEmpty || names.contains { $0 == log || log.hasPrefix($0 + ".") || log.hasSuffix("." + $0) }
            }
            guard !wanted.isEmpty else {
                throw ClusterError(.notFound, "no log of \(names.joined(separator: ", ")); there are \(logs.joined(separator: ", "))")
            }
            for log in wanted {
                Terminal.say("==> \(log)")
                for line in LogTail.lines(of: "\(directory.logs)/\(log).log", count: lines) { Terminal.say("    \(line)") }
            }
        }
    }
}

/// The end of a log file.
enum LogTail {
    /// The last lines, oldest first; reads at most the last 256 KiB.
    static func lines(of path: String, count: Int) -> [String] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return [] }
        defer { close(descriptor) }
        let size = lseek(descriptor, 0, SEEK_END)
        lseek(descriptor, max(0, size - 256 << 10), SEEK_SET)
        var bytes = [UInt8](repeating: 0, count: 256 << 10)
        let read = Glibc.read(descriptor, &bytes, bytes.count)
        guard read > 0 else { return [] }
        return String(decoding: bytes[..<read], as: UTF8.self).split(separator: "\n").suffix(count).map(String.init)
    }
}
