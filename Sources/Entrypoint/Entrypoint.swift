import ClusterCore
import Glibc
import JSON
import Logging
import Settings
import Supervision

/// The main program of every component: reads settings, makes the plan, and carries it out, or prints what is asked for.
public enum Entrypoint {
    /// Runs the subcommand that the command line names (`run` where it names none) and ends the process.
    ///
    /// Exit statuses: the child's own code (128 + the signal that ended it); 64 wrong arguments, 65 a refused file or
    /// malformed facts, 69 a prerequisite that did not come, 70 a defect, 74 an operation that the system refused, 78 wrong settings or
    /// contradicting state; `health`: 0 or 1.
    public static func main<C: Component>(_ component: C.Type) async -> Never {
        let status = await run(component, arguments: Array(CommandLine.arguments.dropFirst()))
        // Not exit(): handlers registered by libraries would run beside threads that still use what they tear down.
        fflush(nil)
        _exit(status.rawValue)
    }

    /// As `main`, without ending the process.
    static func run<C: Component>(_ component: C.Type, arguments: [String]) async -> ExitStatus {
        // First of all: as process 1, a signal that nobody catches is dropped.
        let signals = ProcessReaper.shared.signals(EntrypointSignals.caught)
        signal(SIGPIPE, SIG_IGN)
        OpenStreams.ensure()
        LineLogHandler.install()
        let schema = C.schema.withCommonSettings
        let logger = Logger(label: schema.component)
        do throws(ClusterError) {
            let request = try CommandLineRequest.parse(arguments)
            if case .run = request {
                return ExitStatus(rawValue: await EntrypointRun<C>(schema: schema, signals: signals, logger: logger).run())
            }
            // The others end as programs do that catch no signals.
            for number in EntrypointSignals.caught { signal(number, SIG_DFL) }
            return try await answer(component, schema, request)
        } catch {
            complain(schema.component, error.description)
            return error.code.exitStatus
        }
    }

    private static func answer<C: Component>(
        _ component: C.Type, _ schema: SettingsSchema, _ request: CommandLineRequest
    ) async throws(ClusterError) -> ExitStatus {
        switch request {
        case .run: preconditionFailure("run is no question")
        case .plan(let file, let asJSON, let onlyFacts):
            return try await plan(component, schema, factsFile: file, asJSON: asJSON, onlyFacts: onlyFacts)
        case .health(let probe): return try health(schema, probe)
        case .settings(let form): return try settings(schema, form)
        case .help:
            let path = CommandLine.arguments.first ?? schema.component
            print(HelpText.of(schema, program: String(path[(path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex)...])))
        case .version: print("\(schema.component) \(ProjectVersion.text)")
        }
        return .success
    }

    /// Prints lines to standard error, each with the component's name.
    static func complain(_ component: String, _ text: String) {
        for line in text.split(separator: "\n") {
            var output = "\(component): \(line)\n"
            output.withUTF8 { _ = write(STDERR_FILENO, $0.baseAddress, $0.count) }
        }
    }
}

enum EntrypointSignals {
    /// Those that end the entrypoint.
    static let stopping: Set<Int32> = [SIGTERM, SIGINT]
    /// Those that are passed on to the child.
    static let forwarded: Set<Int32> = [SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2]
    static let caught = stopping.union(forwarded)
}

enum OpenStreams {
    /// Opens /dev/null in place of a closed standard stream, so that no file or socket gets its number.
    static func ensure() {
        for descriptor in Int32(0)...2 where fcntl(descriptor, F_GETFD) < 0 {
            // open takes the lowest free number, which is this one.
            _ = open("/dev/null", descriptor == 0 ? O_RDONLY : O_WRONLY)
        }
    }
}
