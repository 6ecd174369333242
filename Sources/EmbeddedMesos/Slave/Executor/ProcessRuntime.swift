import ClusterCore
import Glibc
import HTTPClient
import JSON
import Mesos
import Supervision

/// A task as a process in its sandbox: its own session, its user, output in the files `stdout` and `stderr`.
actor ProcessRuntime: TaskRuntime {
    private let record: LaunchRecord
    private let task: TaskSpec
    private let files: RunFiles
    private let http: HTTPClient
    private let sweeper: SessionSweeper
    private let environment: [String: String]
    private var process: TaskProcess?
    private var identity: ProcessSpec.Identity?

    init(record: LaunchRecord, task: TaskSpec, files: RunFiles, http: HTTPClient, sweeper: SessionSweeper) {
        self.record = record
        self.task = task
        self.files = files
        self.http = http
        self.sweeper = sweeper
        environment = TaskEnvironment.process(record, task)
    }

    func prepare() async throws(PreparationFailure) {
        guard record.settings.runsProcesses else {
            throw PreparationFailure("None of the enabled containerizers could run the task: --containerizers has no 'mesos'")
        }
        do throws(ClusterError) {
            identity = try TaskUser.identity(
                command: task.user, framework: record.framework["user"]?.string, switches: record.settings.switchesUser)
            try await Fetcher(
                http: http, sandbox: record.sandbox, user: identity, stall: record.settings.fetchStall,
                frameworksHome: record.settings.frameworksHome, environment: record.settings.environment
            ).fetch(task.uris)
            if let identity {
                let sandbox = record.sandbox
                await OwnThread.run("files") { TaskUser.give(sandbox, to: identity) }
            }
        } catch {
            throw PreparationFailure("\(error)")
        }
    }

    func start() async throws(PreparationFailure) {
        guard let argv = task.program.argv else { throw PreparationFailure("The task has no command") }
        var spec = ProcessSpec(argv, environment: environment, workingDirectory: record.sandbox)
        spec.input = .null
        spec.output = .append("\(record.sandbox)/stdout")
        spec.error = .append("\(record.sandbox)/stderr")
        spec.identity = identity
        do throws(ClusterError) {
            let process = try await TaskProcess.start(spec)
            self.process = process
            try files.write(process.identity)
        } catch {
            process?.signalGroup(SIGKILL)
            throw PreparationFailure("\(error)")
        }
    }

    func adopt() async -> Bool {
        guard let identity = files.readProcess() else { return false }
        process = TaskProcess.adopt(identity)
        return process != nil
    }

    func exit() async -> (exit: ProcessExit, message: String?) {
        guard let process else { return (.unknown, nil) }
        return (await process.exit(), nil)
    }

    func terminate(grace: Duration) async { process?.signalGroup(SIGTERM) }

    func kill() async {
        guard let process else { return }
        process.signalGroup(SIGKILL)
        await sweeper.end(process.identity.pid)
    }

    // Upstream's launcher, too, kills what is left of the container when its main process has ended.
    func cleanUp() async { await kill() }

    func pid() async -> Int32? { process?.identity.pid }

    func probe(_ program: TaskSpec.Program, environment extra: [String: String], timeout: Duration) async -> String? {
        guard let argv = program.argv else { return "the health check has no command" }
        var command = Command(argv, deadline: timeout)
        command.spec.environment = environment.merging(extra) { $1 }
        command.spec.workingDirectory = record.sandbox
        command.spec.identity = identity
        command.outputLimit = 4096
        return await command.problem()
    }

    nonisolated func hostPort(_ port: Int) -> Int { port }
}

extension Command {
    /// Runs it as a health check: nil where it exits with 0, else what is wrong.
    func problem() async -> String? {
        do throws(ClusterError) {
            let result = try await run()
            return result.termination.isSuccess ? nil : "the command \(result.termination)"
        } catch {
            return error.message
        }
    }
}
