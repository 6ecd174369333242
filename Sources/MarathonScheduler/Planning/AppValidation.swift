import Marathon

/// Whether an app makes sense (Marathon's AppValidation). What is not supported is refused by name.
struct AppValidation {
    /// Features that were switched on (`--enable_features`).
    let features: Set<String>
    /// True where the tasks go to the embedded Mesos, which runs processes and Docker containers, but no images by itself and no GPUs.
    var isOnEmbeddedMesos = false

    /// The problems of one app, none where it is fine.
    func problems(of app: App) -> [FieldProblem] {
        var problems: [FieldProblem] = []
        func add(_ path: String, _ message: String) { problems.append(FieldProblem(path, message)) }

        if let last = app.id.segments.last, ["restart", "tasks", "versions"].contains(last) {
            add("/id", "must not end with any of the following reserved keywords: restart, tasks, versions")
        }
        let hasImage = app.container?.docker != nil
        if app.cmd != nil, !app.args.isEmpty {
            add("/", "AppDefinition must either contain one of 'cmd' or 'args', and/or a 'container'.")
        } else if app.cmd == nil, app.args.isEmpty, !hasImage {
            add("/", "AppDefinition must either contain one of 'cmd' or 'args', and/or a 'container'.")
        }
        if !app.executor.isEmpty, app.executor != "//cmd" {
            add("/executor", "the executor '\(app.executor)' is not supported by this Marathon; use '//cmd'")
        }
        if isOnEmbeddedMesos, hasImage, app.container?.engine == .mesos {
            add(
                "/container/type",
                "the Mesos containerizer of the embedded Mesos runs no images; use the container type DOCKER, or Apache Mesos")
        }
        if isOnEmbeddedMesos, app.gpus > 0 {
            add("/gpus", "the embedded Mesos has no GPUs to give; leave 'gpus' out, or use Apache Mesos")
        } else if app.gpus > 0 {
            if !features.contains("gpu_resources") {
                add("/gpus", "must be 0: Feature gpu_resources is not enabled. Enable with --enable_features gpu_resources)")
            } else if app.container?.engine == .docker {
                add("/gpus", "GPU resources only work with the Mesos containerizer")
            }
        }
        if app.acceptedResourceRoles?.isEmpty == true { add("/acceptedResourceRoles", "must not be empty") }
        if app.isSingleInstance, app.instances > 1 { add("/instances", "Single instance app may only have one instance") }
        if app.isSingleInstance, app.upgradeStrategy != UpgradeStrategy(minimumHealthCapacity: 0, maximumOverCapacity: 0) {
            add("/upgradeStrategy", "Single instance app must have minimumHealthCapacity and maximumOverCapacity 0")
        }
        if case .enabled(let inactive, let expunge) = app.unreachableStrategy, inactive > expunge {
            add("/unreachableStrategy", "expungeAfterSeconds must not be less than inactiveAfterSeconds")
        }
        if app.dependencies.contains(app.id) { add("/dependencies", "an app must not depend on itself") }
        for label in app.labels.keys where label.isEmpty { add("/labels", "a label's key must not be empty") }
        return problems + portProblems(app) + checkProblems(app) + constraintProblems(app) + volumeProblems(app)
    }

    private func portProblems(_ app: App) -> [FieldProblem] {
        var problems: [FieldProblem] = []
        let path = app.network == .host ? "/portDefinitions" : "/container/portMappings"
        let names =
            app.network == .host
            ? app.portDefinitions.compactMap(\.name) : (app.container?.portMappings ?? []).compactMap(\.name)
        if Set(names).count != names.count { problems.append(FieldProblem(path, "Port names must be unique.")) }
        for name in names where !Self.isPortName(name) {
            problems.append(FieldProblem(path, "error.pattern: '\(name)' is not a port name ([a-z0-9]([-a-z0-9]*[a-z0-9])?)"))
        }
        let service = app.servicePorts.filter { $0 != 0 }
        if Set(service).count != service.count { problems.append(FieldProblem(path, "Ports must be unique.")) }
        let host = app.wantedHostPorts.filter { $0 != 0 }
        if app.network == .bridge, Set(host).count != host.count {
            problems.append(FieldProblem(path, "Host ports must be unique."))
        }
        if app.network == .bridge, app.container?.engine == .mesos {
            problems.append(
                FieldProblem("/networks", "bridge networking of the Mesos containerizer is not supported by this Marathon; use DOCKER"))
        }
        return problems
    }

    private func checkProblems(_ app: App) -> [FieldProblem] {
        var problems: [FieldProblem] = []
        for (index, check) in app.healthChecks.enumerated() where check.checkProtocol != .command && check.port == nil {
            if !app.servicePorts.indices.contains(check.portIndex ?? 0) {
                problems.append(
                    FieldProblem(
                        "/healthChecks(\(index))",
                        "Health check port indices must address an element of the ports array or container port mappings."))
            }
        }
        if app.healthChecks.count(where: \.checkProtocol.isByExecutor) > 1 {
            problems.append(FieldProblem("/healthChecks", "AppDefinition can contain at most one Mesos health check"))
        }
        if app.readinessChecks.count > 1 { problems.append(FieldProblem("/readinessChecks", "may have at most 1 element")) }
        for (index, check) in app.readinessChecks.enumerated() {
            let names = app.portDefinitions.map(\.name) + (app.container?.portMappings ?? []).map(\.name)
            if !names.contains(check.portName) {
                problems.append(
                    FieldProblem("/readinessChecks(\(index))/portName", "No port definition is named '\(check.portName)'"))
            }
        }
        return problems
    }

    private func constraintProblems(_ app: App) -> [FieldProblem] {
        app.constraints.enumerated().compactMap { index, constraint in
            let path = "/constraints(\(index))"
            switch constraint.operation {
            case .unique:
                return constraint.value.map { $0.isEmpty } ?? true ? nil : FieldProblem(path, "UNIQUE takes no value")
            case .cluster: return nil
            case .groupBy:
                guard let value = constraint.value, !value.isEmpty, Int(value) == nil else { return nil }
                return FieldProblem(path, "GROUP_BY takes a whole number, not '\(value)'")
            case .maxPer:
                guard let value = constraint.value, Int(value) != nil else {
                    return FieldProblem(path, "MAX_PER needs a whole number")
                }
                return nil
            case .like, .unlike:
                guard let value = constraint.value, (try? Regex(value)) != nil else {
                    return FieldProblem(path, "\(constraint.operation.rawValue) needs a valid regular expression")
                }
                return nil
            }
        }
    }

    private func volumeProblems(_ app: App) -> [FieldProblem] {
        (app.container?.volumes ?? []).enumerated().compactMap { index, volume in
            guard volume.containerPath.contains("..") else { return nil }
            return FieldProblem("/container/volumes(\(index))/containerPath", "must not contain '..'")
        }
    }

    private static func isPortName(_ name: String) -> Bool {
        let isFine = name.utf8.allSatisfy {
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
                || $0 == UInt8(ascii: "-")
        }
        return isFine && !name.isEmpty && !name.hasPrefix("-") && !name.hasSuffix("-")
    }
}
