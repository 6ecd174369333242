import ClusterCore
import JSON
import Mesos

/// What a task wants, of its Mesos v1 `TaskInfo`: only what this engine can do. Anything else is refused by name.
struct TaskSpec: Sendable {
    /// What is run: a shell's command line, or a program with its arguments. Both may be absent for a Docker image's own command.
    enum Program: Sendable, Hashable {
        /// `/bin/sh -c`
        case shell(String)
        /// `words` is the whole argv, its first word included; `path` is what is executed.
        case arguments(path: String?, words: [String])

        /// Reads a command. A command without a shell whose argv is empty gets its program as first word.
        init(_ command: CommandInfo?) {
            if let command, command.shell, let line = command.value {
                self = .shell(line)
            } else {
                self = .arguments(path: command?.value, words: command?.arguments ?? [])
            }
        }

        /// Program and arguments; nil where there are none.
        var argv: [String]? {
            switch self {
            case .shell(let line): ["/bin/sh", "-c", line]
            case .arguments(let path?, let words): [path] + words.dropFirst()
            case .arguments(nil, let words): words.isEmpty ? nil : words
            }
        }
    }

    /// The task as it came.
    let info: TaskInfo
    /// What is run.
    let program: Program
    /// Docker container; nil: a process in the sandbox.
    let docker: DockerSpec?
    /// How its health is checked.
    let healthCheck: HealthCheck?

    var id: String { info.taskID }
    var uris: [CommandInfo.URI] { info.command?.uris ?? [] }
    var environment: [CommandInfo.Variable] { info.command?.environment ?? [] }
    var user: String? { info.command?.user }
    /// How long after TERM comes KILL; nil: the slave's default.
    var killGrace: Duration? { info.killPolicy?.gracePeriod.map { max(.zero, $0) } }

    /// Reads a task.
    /// - Throws: `ClusterError` `.invalid` that names what this engine does not support, or what is malformed.
    init(task: JSON) throws(ClusterError) {
        if let executor = task["executor"], !executor.isNull {
            throw Self.unsupported("a custom executor (executor); give the task a command")
        }
        if let check = task["check"], !check.isNull { throw Self.unsupported("a general check (check); use health_check") }
        info = try TaskInfo(json: task)
        guard SafeName.isComponent(info.taskID) else {
            throw ClusterError(.invalid, "the task id '\(info.taskID)' can't be a directory's name")
        }
        if info.command?.further["container"] != nil { throw Self.unsupported("command.container") }
        try Self.check(info.command?.environment ?? [])
        program = Program(info.command)
        docker = try DockerSpec(container: info.container)
        healthCheck = info.healthCheck
        try Self.check(info.healthCheck)
        if info.resources.gpus > 0 { throw Self.unsupported("gpus") }
        if docker == nil && program.argv == nil {
            throw ClusterError(.invalid, "the task has neither a command nor a Docker image")
        }
    }

    static func unsupported(_ what: String) -> ClusterError {
        ClusterError(.invalid, "the embedded slave does not support \(what)")
    }

    private static func check(_ variables: [CommandInfo.Variable]) throws(ClusterError) {
        for variable in variables {
            guard !variable.name.isEmpty, !variable.name.contains("="), !variable.name.utf8.contains(0) else {
                throw ClusterError(.invalid, "a variable of the task has no name, or one with '=' in it")
            }
            guard !variable.value.utf8.contains(0) else {
                throw ClusterError(.invalid, "the value of \(variable.name) holds a NUL byte")
            }
        }
    }

    private static func check(_ health: HealthCheck?) throws(ClusterError) {
        switch health?.kind {
        case .http(let scheme, let port, let path):
            guard scheme == "http" || scheme == "https" else { throw unsupported("the scheme '\(scheme)' in a health check") }
            guard (1...65535).contains(port), path.hasPrefix("/") else {
                throw ClusterError(.invalid, "an HTTP health check needs a port, 1–65535, and a path that starts with '/'")
            }
        case .tcp(let port):
            guard (1...65535).contains(port) else { throw ClusterError(.invalid, "a TCP health check needs a port, 1–65535") }
        case .command(let command):
            guard Program(command).argv != nil else { throw ClusterError(.invalid, "a COMMAND health check has no command") }
            try check(command.environment)
        case nil: break
        }
        if let family = health?.addressFamily, family != "IPv4" { throw unsupported("health checks by \(family)") }
    }
}
