public import JSON

extension App {
    /// The app as Marathon 1.5.15 writes it: its keys in its order, nothing else.
    public var json: JSON {
        .members([
            "id": .string(id.description),
            "acceptedResourceRoles": acceptedResourceRoles.map(JSON.strings),
            "args": args.isEmpty ? nil : .strings(args),
            "backoffFactor": .short(backoffFactor),
            "backoffSeconds": .number(backoffSeconds),
            "cmd": cmd.map { .string($0) },
            "constraints": constraints.isEmpty ? nil : .array(constraints.map(\.json)),
            "container": container?.json(network),
            "cpus": .short(cpus),
            "dependencies": dependencies.isEmpty ? nil : .strings(dependencies.map(\.description)),
            "disk": .short(disk),
            "env": env.isEmpty ? nil : .map(env),
            "executor": .string(executor),
            "fetch": fetch.isEmpty ? nil : .array(fetch.map(\.json)),
            "healthChecks": healthChecks.isEmpty ? nil : .array(healthChecks.map(\.json)),
            "instances": .number(instances),
            "labels": .map(labels),
            "maxLaunchDelaySeconds": .number(maxLaunchDelaySeconds),
            "mem": .short(mem),
            "gpus": .number(gpus),
            "networks": [.members(["mode": .string(network.rawValue)])],
            "portDefinitions": network == .host ? .array(portDefinitions.map(\.json)) : nil,
            "readinessChecks": readinessChecks.isEmpty ? nil : .array(readinessChecks.map(\.json)),
            "requirePorts": .bool(requirePorts),
            "taskKillGracePeriodSeconds": taskKillGracePeriodSeconds.map { .number($0) },
            "upgradeStrategy": .members([
                "maximumOverCapacity": .short(upgradeStrategy.maximumOverCapacity),
                "minimumHealthCapacity": .short(upgradeStrategy.minimumHealthCapacity),
            ]),
            "user": user.map { .string($0) },
            "version": .string(version.description),
            "versionInfo": .members([
                "lastScalingAt": .string(lastScalingAt.description), "lastConfigChangeAt": .string(lastConfigChangeAt.description),
            ]),
            "killSelection": .string(killSelection.rawValue),
            "unreachableStrategy": unreachableStrategy.json,
        ])
    }
}

extension UnreachableStrategy {
    fileprivate var json: JSON {
        switch self {
        case .disabled: "disabled"
        case .enabled(let inactive, let expunge):
            .members(["inactiveAfterSeconds": .number(inactive), "expungeAfterSeconds": .number(expunge)])
        }
    }
}

extension Constraint {
    fileprivate var json: JSON { .strings([field, operation.rawValue] + (value.map { [$0] } ?? [])) }
}

extension Artifact {
    fileprivate var json: JSON {
        .members([
            "uri": .string(uri), "extract": .bool(extract), "executable": .bool(executable), "cache": .bool(cache),
            "destPath": destPath.map { .string($0) },
        ])
    }
}

extension Container {
    fileprivate func json(_ network: NetworkMode) -> JSON {
        .members([
            "type": .string(engine.rawValue),
            "docker": docker.map { docker in
                .members([
                    "forcePullImage": .bool(docker.forcePullImage), "image": .string(docker.image),
                    "parameters": engine == .docker
                        ? .array(docker.parameters.map { .members(["key": .string($0.key), "value": .string($0.value)]) }) : nil,
                    "privileged": engine == .docker ? .bool(docker.privileged) : nil,
                ])
            },
            "volumes": .array(
                volumes.map {
                    .members([
                        "containerPath": .string($0.containerPath), "hostPath": .string($0.hostPath),
                        "mode": .string($0.isWritable ? "RW" : "RO"),
                    ])
                }),
            "portMappings": network == .bridge ? .array(portMappings.map(\.json)) : nil,
        ])
    }
}

extension PortMapping {
    fileprivate var json: JSON {
        .members([
            "containerPort": .number(containerPort), "hostPort": .number(hostPort), "labels": .map(labels),
            "name": name.map { .string($0) }, "protocol": .string(transport.rawValue), "servicePort": .number(servicePort),
        ])
    }
}

extension PortDefinition {
    fileprivate var json: JSON {
        .members([
            "labels": .map(labels), "name": name.map { .string($0) }, "port": .number(port), "protocol": .string(transport.rawValue),
        ])
    }
}

extension HealthCheck {
    /// The check as Marathon writes it, in apps and in events.
    public var json: JSON {
        .members([
            "command": command.map { .members(["value": .string($0)]) },
            "gracePeriodSeconds": .number(gracePeriodSeconds),
            "ignoreHttp1xx": checkProtocol.isHTTP && !checkProtocol.isByExecutor ? .bool(ignoreHttp1xx) : nil,
            "intervalSeconds": .number(intervalSeconds),
            "maxConsecutiveFailures": .number(maxConsecutiveFailures),
            "path": path.map { .string($0) },
            "port": port.map { .number($0) },
            "portIndex": portIndex.map { .number($0) },
            "protocol": .string(checkProtocol.rawValue),
            "timeoutSeconds": .number(timeoutSeconds),
            "delaySeconds": .number(delaySeconds),
        ])
    }
}

extension ReadinessCheck {
    fileprivate var json: JSON {
        .members([
            "name": .string(name), "protocol": .string(isHTTPS ? "HTTPS" : "HTTP"), "path": .string(path), "portName": .string(portName),
            "intervalSeconds": .number(intervalSeconds), "timeoutSeconds": .number(timeoutSeconds),
            "httpStatusCodesForReady": .array(readyStatuses.map { .number($0) }), "preserveLastResponse": .bool(preserveLastResponse),
        ])
    }
}
