import Mesos

/// The command lines of the Docker client. Pure: no secret is in them, for variables travel in a file (`--env-file`, 0600), and those
/// with a line end, which such a file can't hold, in the client's own environment.
struct DockerCommand: Sendable {
    /// `--docker`: the client's program.
    let program: String
    /// `--docker_socket`: the engine's socket.
    let socket: String

    private func client(_ words: [String]) -> [String] { [program, "-H", "unix://\(socket)"] + words }

    /// Exits 0 where an engine answers.
    var version: [String] { client(["version", "--format", "{{.Server.Version}}"]) }
    /// Exits 0 where the image is there.
    func hasImage(_ image: String) -> [String] { client(["image", "inspect", "--format", "{{.Id}}", image]) }
    /// Fetches the image.
    func pull(_ image: String) -> [String] { client(["pull", image]) }
    /// Waits for the container's end and prints its exit status.
    func wait(_ name: String) -> [String] { client(["wait", name]) }
    /// Writes the container's output until its end.
    func logs(_ name: String) -> [String] { client(["logs", "--follow", name]) }
    /// Prints pid and whether the kernel killed it for its memory.
    func inspect(_ name: String) -> [String] { client(["inspect", "--format", "{{.State.Pid}} {{.State.OOMKilled}}", name]) }
    /// TERM, then KILL after that many seconds.
    func stop(_ name: String, seconds: Int) -> [String] { client(["stop", "--time", String(seconds), name]) }
    /// KILL.
    func kill(_ name: String) -> [String] { client(["kill", name]) }
    /// Removes the container and its anonymous volumes.
    func remove(_ name: String) -> [String] { client(["rm", "--force", "--volumes", name]) }

    /// Runs a program inside the container.
    func exec(_ name: String, _ program: TaskSpec.Program, _ variables: DockerVariables) -> [String] {
        client(["exec"] + variables.words + [name] + (program.argv ?? []))
    }

    /// Starts the container in the background (the options are those of upstream's `Docker::run`).
    /// - Parameters:
    ///   - variables: the environment, with what the container's parameters add to it.
    ///   - sandbox: the sandbox on the host; `mount` is where the container finds it.
    func run(
        _ docker: DockerSpec, task: TaskSpec, name: String, labels: [String], _ variables: DockerVariables, sandbox: String, mount: String
    ) -> [String] {
        var words = ["run", "--detach", "--name", name]
        for label in labels { words += ["--label", label] }
        if docker.info.privileged { words.append("--privileged") }
        // 1024 shares a processor, at least 2 (the kernel's least); upstream gives no container less than 32 MB.
        let (cpus, memory) = (task.info.resources.cpus, task.info.resources.mem)
        if cpus > 0 { words += ["--cpu-shares", String(max(2, Int(cpus * 1024)))] }
        if memory > 0 { words += ["--memory", String(max(32 << 20, Int64(memory * 1_048_576)))] }
        words += variables.words
        if let user = task.user { words += ["--user", user] }
        if let hostname = docker.hostname { words += ["--hostname", hostname] }
        words += ["--volume", "\(sandbox):\(mount)"]
        for volume in docker.volumes {
            let source = volume.isNamed || volume.source.hasPrefix("/") ? volume.source : "\(sandbox)/\(volume.source)"
            let target = volume.containerPath.hasPrefix("/") ? volume.containerPath : "\(mount)/\(volume.containerPath)"
            words += ["--volume", "\(source):\(target):\(volume.isReadOnly ? "ro" : "rw")"]
        }
        if let driver = docker.volumes.compactMap(\.driver).first { words += ["--volume-driver", driver] }
        switch docker.network {
        case .host: words += ["--network", "host"]
        case .bridge: words += ["--network", "bridge"]
        case .none: words += ["--network", "none"]
        case .named(let network): words += ["--network", network]
        }
        for mapping in docker.info.portMappings {
            for transport in mapping.transport.split(separator: ",") {
                words += ["--publish", "\(mapping.hostPort):\(mapping.containerPort)/\(transport)"]
            }
        }
        for parameter in docker.info.parameters where DockerVariables.variable(parameter) == nil {
            words.append("--\(parameter.key)=\(parameter.value)")
        }
        return client(words + Self.program(task.program, image: docker.info.image))
    }

    private static func program(_ program: TaskSpec.Program, image: String) -> [String] {
        switch program {
        case .shell(let line): ["--entrypoint", "/bin/sh", image, "-c", line]
        // As upstream: value is the image's program or its own entrypoint's first argument, arguments follow.
        case .arguments(let path, let words): [image] + (path.map { [$0] } ?? []) + words
        }
    }
}
