import JSON
import Marathon
import Mesos

/// Makes the Mesos description of a task.
struct TaskBuilder {
    /// Put before HOST and PORT variables (`--env_vars_prefix`).
    let variablePrefix: String

    func task(for app: App, taskID: String, agentID: String, host: String, hostPorts: [Int], resources: Resources) -> TaskInfo {
        TaskInfo(
            name: app.id.taskName, taskID: taskID, agentID: agentID, resources: resources,
            command: command(app, taskID, host, hostPorts), container: container(app, hostPorts),
            healthCheck: app.healthChecks.lazy.compactMap { healthCheck($0, app, hostPorts) }.first,
            killPolicy: app.taskKillGracePeriodSeconds.map { KillPolicy(gracePeriod: .seconds($0)) },
            labels: Labels(app.labels.sorted { $0.key < $1.key }.map { (key: $0.key, value: $0.value) }),
            discovery: DiscoveryInfo(visibility: "FRAMEWORK", name: app.id.taskName, ports: discoveryPorts(app, hostPorts)))
    }

    private func command(_ app: App, _ taskID: String, _ host: String, _ hostPorts: [Int]) -> CommandInfo {
        let variables = TaskEnvironment.variables(of: app, taskID: taskID, host: host, hostPorts: hostPorts, prefix: variablePrefix)
        var command = CommandInfo(
            value: app.cmd, shell: app.cmd != nil,
            uris: app.fetch.map {
                CommandInfo.URI($0.uri, executable: $0.executable, extract: $0.extract, cache: $0.cache, outputFile: $0.destPath)
            }, environment: variables.sorted { $0.key < $1.key }.map { CommandInfo.Variable($0.key, $0.value) }, user: app.user)
        if app.cmd == nil, !app.args.isEmpty {
            // In an image the words follow its entry point; elsewhere the first is the program.
            if app.container?.docker == nil { command.value = app.args[0] }
            command.arguments = app.args
        }
        return command
    }

    private func container(_ app: App, _ hostPorts: [Int]) -> ContainerInfo? {
        guard let container = app.container else { return nil }
        let volumes = container.volumes.map {
            ContainerInfo.Volume(containerPath: $0.containerPath, hostPath: $0.hostPath, isReadWrite: $0.isWritable)
        }
        switch container.engine {
        case .docker:
            guard let docker = container.docker else { return nil }
            var info = DockerInfo(
                image: docker.image, network: app.network == .bridge ? "BRIDGE" : "HOST", privileged: docker.privileged,
                parameters: docker.parameters.map { DockerInfo.Parameter($0.key, $0.value) }, forcePullImage: docker.forcePullImage)
            info.portMappings = zip(container.portMappings, hostPorts).flatMap { mapping, hostPort in
                mapping.transport.rawValue.split(separator: ",").map {
                    DockerInfo.PortMapping(
                        hostPort: hostPort, containerPort: mapping.containerPort == 0 ? hostPort : mapping.containerPort,
                        transport: String($0))
                }
            }
            return ContainerInfo(kind: .docker, volumes: volumes, docker: info)
        case .mesos:
            let image: JSON? = container.docker.map {
                [
                    "image": [
                        "type": "DOCKER", "docker": ["name": .string($0.image)], "cached": .bool(!$0.forcePullImage),
                    ]
                ]
            }
            return ContainerInfo(kind: .mesos, volumes: volumes, mesos: image ?? [:])
        }
    }

    /// The check as the executor runs it; nil for those that Marathon's leader runs itself.
    private func healthCheck(_ check: Marathon.HealthCheck, _ app: App, _ hostPorts: [Int]) -> Mesos.HealthCheck? {
        let kind: Mesos.HealthCheck.Kind
        // The executor checks inside the container's network, so a bridged task is asked at its container port.
        var port: Int? {
            if let port = check.port, port != 0 { return port }
            guard let index = check.portIndex, hostPorts.indices.contains(index) else { return nil }
            let mappings = app.container?.portMappings ?? []
            if app.network == .bridge, mappings.indices.contains(index), mappings[index].containerPort != 0 {
                return mappings[index].containerPort
            }
            return hostPorts[index]
        }
        switch check.checkProtocol {
        case .http, .https, .tcp: return nil
        case .command: kind = .command(CommandInfo(value: check.command ?? "true"))
        case .mesosHTTP, .mesosHTTPS:
            guard let port else { return nil }
            kind = .http(scheme: check.checkProtocol == .mesosHTTP ? "http" : "https", port: port, path: check.path ?? "/")
        case .mesosTCP:
            guard let port else { return nil }
            kind = .tcp(port: port)
        }
        return Mesos.HealthCheck(
            kind, delaySeconds: Double(check.delaySeconds), intervalSeconds: Double(check.intervalSeconds),
            timeoutSeconds: Double(check.timeoutSeconds), consecutiveFailures: check.maxConsecutiveFailures,
            gracePeriodSeconds: Double(check.gracePeriodSeconds))
    }

    private func discoveryPorts(_ app: App, _ hostPorts: [Int]) -> [DiscoveryInfo.Port] {
        let declared: [(service: Int, name: String?, transport: PortProtocol, labels: [String: String])] =
            app.network == .host
            ? app.portDefinitions.map { ($0.port, $0.name, $0.transport, $0.labels) }
            : (app.container?.portMappings ?? []).map { ($0.servicePort, $0.name, $0.transport, $0.labels) }
        return zip(declared, hostPorts).flatMap { declared, hostPort in
            declared.transport.rawValue.split(separator: ",").map { transport in
                var labels = declared.labels
                labels["service_port"] = String(declared.service)
                return DiscoveryInfo.Port(
                    number: hostPort, name: declared.name, transport: String(transport),
                    labels: Labels(labels.sorted { $0.key < $1.key }.map { (key: $0.key, value: $0.value) }))
            }
        }
    }
}
