import ClusterCore
import EmbeddedMesos
import Glibc
import Logging
import Supervision

/// `embedded-engine ROLE <flags>`: stands in for Apache Mesos, Marathon and Chronos on one host.
@main struct Main {
    static func main() async {
        var arguments = Array(CommandLine.arguments.dropFirst())
        guard let word = arguments.first else {
            complain(EngineRole.help)
            exit(1)
        }
        switch word {
        case "--help", "help", "-h":
            print(EngineRole.help, terminator: "")
        case "--version":
            print("embedded-engine \(EmbeddedMesosVersion.tag)")
        case "executor":
            await runExecutor()
        default:
            guard let role = EngineRole(rawValue: word) else {
                complain("embedded-engine: unknown role '\(word)'\n\n\(EngineRole.help)")
                exit(1)
            }
            arguments.removeFirst()
            await run(role, arguments)
        }
    }

    private static func run(_ role: EngineRole, _ arguments: [String]) async {
        if arguments.contains("--version") {
            print("\(role.rawValue) \(EmbeddedMesosVersion.tag)")
            return
        }
        if role == .mesosMaster, arguments.contains("--help") {
            print(role.help, terminator: "")
            return
        }
        let environment = ProcessEnvironment.current
        let level = environment["LOG_LEVEL"].flatMap { Logger.Level(rawValue: $0.lowercased()) } ?? .info
        LoggingSystem.bootstrap { label in
            var handler = StreamLogHandler.standardError(label: label)
            handler.logLevel = level
            return handler
        }
        exit(await EngineProcess.run(role, arguments, environment))
    }

    // Not a role: the slave starts it. It ends with its tasks, not at a signal, so it has no place in EngineProcess.
    private static func runExecutor() async {
        signal(SIGPIPE, SIG_IGN)
        do {
            try await EmbeddedExecutor.run()
        } catch {
            complain("embedded-engine executor: \(error)\n")
            exit(1)
        }
    }
}

/// Writes to standard error.
func complain(_ text: String) {
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
        let count = rest.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
        guard count > 0 else { return }
        rest = rest.dropFirst(count)
    }
}
