import ClusterCore
import Glibc
import HTTPClient
import Mesos
import Supervision

/// A task as a Docker container, driven by the Docker client. It is found again by its name after any restart.
actor DockerRuntime: TaskRuntime {
    private let record: LaunchRecord
    private let task: TaskSpec
    private let docker: DockerSpec
    private let command: DockerCommand?
    private let files: RunFiles
    private let http: HTTPClient
    private var main: Int32?

    init(record: LaunchRecord, task: TaskSpec, docker: DockerSpec, files: RunFiles, http: HTTPClient) {
        self.record = record
        self.task = task
        self.docker = docker
        self.files = files
        self.http = http
        command = record.settings.docker.map { DockerCommand(program: $0, socket: record.settings.dockerSocket) }
    }

    private var name: String { record.dockerName }

    func prepare() async throws(PreparationFailure) {
        guard let command else {
            throw PreparationFailure(
                state: "TASK_ERROR", "no Docker engine: this slave's --containerizers has no 'docker'; the task is not run as a process")
        }
        let version = await run(command.version, deadline: .seconds(20))
        if let problem = version.problem {
            throw PreparationFailure(
                state: "TASK_ERROR",
                "no Docker engine answers at \(record.settings.dockerSocket); the task is not run as a process (\(problem))")
        }
        do throws(ClusterError) {
            try await Fetcher(
                http: http, sandbox: record.sandbox, user: nil, stall: record.settings.fetchStall,
                frameworksHome: record.settings.frameworksHome, environment: record.settings.environment
            ).fetch(task.uris)
        } catch {
            throw PreparationFailure("\(error)")
        }
        let image = docker.info.image
        if !docker.info.forcePullImage, await run(command.hasImage(image), deadline: .seconds(60)).problem == nil { return }
        if let problem = await run(command.pull(image), deadline: .seconds(3600)).problem {
            throw PreparationFailure("Failed to pull the image '\(image)': \(problem)")
        }
    }

    func start() async throws(PreparationFailure) {
        guard let command else { return }
        var environment = TaskEnvironment.container(record, task)
        for (name, value) in docker.info.parameters.compactMap(DockerVariables.variable) { environment[name] = value }
        let variables = DockerVariables(environment, file: "\(files.directory)/environment")
        defer { variables.remove() }
        do throws(ClusterError) {
            try variables.write()
        } catch {
            throw PreparationFailure("\(error)")
        }
        let argv = command.run(
            docker, task: task, name: name,
            labels: ["mesos.agent_id=\(record.agentID)", "mesos.framework_id=\(record.frameworkID)", "mesos.task_id=\(task.id)"],
            variables, sandbox: record.sandbox, mount: record.settings.sandboxMount)
        if let problem = await run(argv, deadline: .seconds(120), adding: variables.passed).problem {
            _ = await run(command.remove(name), deadline: .seconds(30))
            throw PreparationFailure("Failed to start the Docker container: \(problem)")
        }
        main = await inspect().pid
    }

    func adopt() async -> Bool {
        guard record.settings.docker != nil else { return false }
        let found = await inspect()
        main = found.pid
        return found.exists
    }

    func exit() async -> (exit: ProcessExit, message: String?) {
        guard let command else { return (.unknown, nil) }
        // From its start on, in place of what another executor had written: Docker keeps the whole log.
        let logs = try? await ProcessReaper.shared.spawn(logSpec(command))
        var code: Int32?
        // The wait is the event. Docker's client may be cut off from the engine (a restart of the engine with live restore), and
        // nothing tells when it is back: ask again every second.
        while code == nil {
            let waited = await run(command.wait(name), deadline: .seconds(365 * 86400))
            code = Int32(waited.text.filter(\.isNumber))
            if code == nil, await !inspect().exists { break }
            if code == nil { try? await Task.sleep(for: .seconds(1)) }
        }
        let isOutOfMemory = await inspect().isOutOfMemory
        if let logs, await logs.wait(atMost: .seconds(10)) == nil { logs.signalGroup(SIGKILL) }
        guard let code else { return (.unknown, "The Docker container was removed while it ran") }
        // 128 + n is how Docker reports a signal.
        let message = "Container exited with status \(code)" + (isOutOfMemory ? ": it used more memory than its limit" : "")
        return (.exited(code), message)
    }

    func terminate(grace: Duration) async {
        guard let command else { return }
        _ = await run(command.stop(name, seconds: Int((grace.seconds + 0.999))), deadline: grace + .seconds(30))
    }

    func kill() async {
        guard let command else { return }
        _ = await run(command.kill(name), deadline: .seconds(30))
    }

    func cleanUp() async {
        guard let command else { return }
        _ = await run(command.remove(name), deadline: .seconds(60))
    }

    func pid() async -> Int32? { main }

    func probe(_ program: TaskSpec.Program, environment: [String: String], timeout: Duration) async -> String? {
        guard let command else { return "no Docker engine" }
        let variables = DockerVariables(environment, file: "\(files.directory)/probe-environment")
        defer { variables.remove() }
        do throws(ClusterError) {
            try variables.write()
        } catch {
            return error.message
        }
        return await run(command.exec(name, program, variables), deadline: timeout, adding: variables.passed).problem
    }

    nonisolated func hostPort(_ port: Int) -> Int { docker.info.portMappings.first { $0.containerPort == port }?.hostPort ?? port }

    private func inspect() async -> (exists: Bool, pid: Int32?, isOutOfMemory: Bool) {
        guard let command else { return (false, nil, false) }
        let result = await run(command.inspect(name), deadline: .seconds(30))
        guard result.problem == nil else { return (false, nil, false) }
        let words = result.text.split(whereSeparator: \.isWhitespace)
        return (true, words.first.flatMap { Int32($0) }.flatMap { $0 > 0 ? $0 : nil }, words.last == "true")
    }

    private func logSpec(_ command: DockerCommand) -> ProcessSpec {
        for name in ["stdout", "stderr"] { truncate("\(record.sandbox)/\(name)", 0) }
        var spec = ProcessSpec(command.logs(name), environment: clientEnvironment([:]))
        spec.input = .null
        spec.output = .append("\(record.sandbox)/stdout")
        spec.error = .append("\(record.sandbox)/stderr")
        spec.diesWithParent = true
        return spec
    }

    private func clientEnvironment(_ adding: [String: String]) -> [String: String] {
        var environment = record.settings.environment
        environment["HOME"] = environment["HOME"] ?? "/root"
        return environment.merging(adding) { $1 }
    }

    private func run(
        _ argv: [String], deadline: Duration, adding: [String: String] = [:]
    ) async -> (text: String, problem: String?) {
        var command = Command(argv, deadline: deadline)
        command.spec.environment = clientEnvironment(adding)
        do throws(ClusterError) {
            let result = try await command.run()
            return (result.outputText, result.termination.isSuccess ? nil : result.complaint)
        } catch {
            return ("", error.message)
        }
    }
}
