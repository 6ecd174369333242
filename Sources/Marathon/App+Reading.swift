public import JSON

extension App {
    /// Reads an app as a client or a state node gives it.
    /// - Parameter base: group that a relative id is below; the id of the document must lie in it.
    /// - Throws: `InvalidDocument` with every problem of form; whether the app makes sense is for the scheduler to say.
    public init(json: JSON, below base: PathID = .root, at path: String = "/") throws(InvalidDocument) {
        guard let object = json.object else { throw InvalidDocument([FieldProblem(path, "error.expected.jsobject")]) }
        let problems = Problems()
        let reader = FieldReader(CanonicalApp.document(object, at: path, problems), at: path, problems)
        let app = App(reader, below: base)
        guard problems.found.isEmpty else { throw InvalidDocument(problems.found) }
        self = app
    }

    /// This app with the fields of an update in place of its own; fields that are absent or null stay.
    public func updated(by update: JSON, at path: String = "/") throws(InvalidDocument) -> App {
        guard let object = update.object else { throw InvalidDocument([FieldProblem(path, "error.expected.jsobject")]) }
        let problems = Problems()
        let canonical = CanonicalApp.document(object, at: path, problems)
        guard problems.found.isEmpty, var merged = json.object else { throw InvalidDocument(problems.found) }
        for (key, value) in canonical where !value.isNull && key != "id" && key != "version" && key != "versionInfo" { merged[key] = value }
        // Port definitions belong to the host's network and mappings to a bridge: what the update replaces must not stay behind.
        if let mode = canonical["networks"]?[0]?["mode"]?.string, mode != NetworkMode.host.rawValue, canonical["portDefinitions"] == nil {
            merged["portDefinitions"] = nil
        }
        // `cmd` and `args` exclude each other, so one given takes the other's place.
        let gives = { (key: String) in canonical[key].map { !$0.isNull } ?? false }
        if gives("cmd"), !gives("args") { merged["args"] = nil }
        if gives("args"), !gives("cmd") { merged["cmd"] = nil }
        let reader = FieldReader(merged, at: path, problems)
        let app = App(reader, below: .root)
        guard problems.found.isEmpty else { throw InvalidDocument(problems.found) }
        return app
    }

    private init(_ reader: FieldReader, below base: PathID) {
        let idText = reader.requiredString("id")
        let id = PathID(idText, below: base)
        if id == nil || (id?.isRoot ?? true), !idText.isEmpty {
            reader.problems.add(reader.pathOf("id"), "error.pattern: '\(idText)' is not a path of lower-case letters, digits, '-' and '.'")
        }
        self.init(id: id ?? .root)
        reader.refuse(["secrets"], "are not supported by this Marathon; hand the value over in 'env', or in a file of a host volume")
        reader.refuse(["ipAddress"], "is not supported by this Marathon; use 'networks' with the mode host or container/bridge")
        reader.refuse(["residency"], "is not supported by this Marathon, which has no persistent volumes; use a host volume")
        reader.refuse(["storeUrls"], "is not supported by this Marathon; use 'fetch'")
        if let role = reader.string("role"), role != "*" {
            reader.problems.add(reader.pathOf("role"), "'role' is not supported by this Marathon; --mesos_role sets it for all apps")
        }
        reader.refuse(["tty", "check", "executorResources", "resourceLimits"])
        readProcess(reader)
        readResources(reader)
        readNetwork(reader)
        readPlacement(reader, below: base)
        readLifecycle(reader)
        // The older forms are gone by now (`CanonicalApp`), but their names are good ones.
        _ = (reader.value("uris"), reader.value("ports"))
        reader.refuseRest(ignoring: Self.shownFields)
    }

    /// What Marathon adds to an app that it shows (RAML type `AppInfo`; `taskStats` is its name before 1.4): clients send it back.
    private static let shownFields: Set<String> = [
        "tasksStaged", "tasksRunning", "tasksHealthy", "tasksUnhealthy", "deployments", "readinessCheckResults", "tasks", "lastTaskFailure",
        "tasksStats", "taskStats",
    ]

    private mutating func readProcess(_ reader: FieldReader) {
        cmd = reader.string("cmd", minimumLength: 1)
        args = reader.strings("args") ?? []
        user = reader.string("user")
        executor = reader.string("executor") ?? ""
        labels = reader.stringMap("labels") ?? [:]
        if let variables = reader.reader("env") {
            for (name, value) in variables.object {
                switch value {
                case .string(let text): env[name] = text
                // Older clients give numbers and booleans, and Marathon takes them as text.
                case .int, .double, .bool: env[name] = value.text()
                case .object: reader.problems.add("/env/\(name)", "a secret in 'env' is not supported by this Marathon")
                default: reader.problems.add("/env/\(name)", "error.expected.jsstring")
                }
            }
        }
        fetch = (reader.readers("fetch") ?? []).map { artifact in
            defer { artifact.refuseRest() }
            return Artifact(
                uri: artifact.requiredString("uri"), extract: artifact.bool("extract") ?? true,
                executable: artifact.bool("executable") ?? false, cache: artifact.bool("cache") ?? false,
                destPath: artifact.string("destPath", minimumLength: 1))
        }
        container = reader.reader("container").map(Container.init)
    }

    private mutating func readResources(_ reader: FieldReader) {
        cpus = reader.number("cpus", minimum: 0.001) ?? cpus
        mem = reader.number("mem", minimum: 0) ?? mem
        disk = reader.number("disk", minimum: 0) ?? disk
        gpus = reader.integer("gpus", in: 0...Int(Int32.max)) ?? gpus
        instances = reader.integer("instances", in: 0...Int(Int32.max)) ?? instances
    }

    private mutating func readNetwork(_ reader: FieldReader) {
        requirePorts = reader.bool("requirePorts") ?? false
        let networks = reader.readers("networks") ?? []
        if networks.count > 1 { reader.problems.add(reader.pathOf("networks"), "more than one network is not supported by this Marathon") }
        if let first = networks.first {
            let mode = first.string("mode") ?? "container"
            if let known = NetworkMode(rawValue: mode) {
                network = known
            } else {
                reader.problems.add(first.pathOf("mode"), "the network mode '\(mode)' is not supported by this Marathon")
            }
            first.refuse(["name", "labels"])
            first.refuseRest()
        }
        if let definitions = reader.readers("portDefinitions") {
            portDefinitions = definitions.map(PortDefinition.init)
            if network == .bridge, !portDefinitions.isEmpty {
                reader.problems.add(
                    reader.pathOf("portDefinitions"), "portDefinitions are only allowed with host networking; use container.portMappings")
            }
        } else if network == .host {
            portDefinitions = [PortDefinition(port: 0, transport: .tcp, name: "default", labels: [:])]
        }
        switch network {
        case .host:
            if container?.portMappings.isEmpty == false {
                reader.problems.add(
                    reader.pathOf("container") + "/portMappings", "portMappings are not allowed with host networking; use portDefinitions")
            }
        case .bridge:
            if container == nil {
                reader.problems.add(reader.pathOf("container"), "a container is required for bridge networking")
            } else if reader.reader("container")?.has("portMappings") == false {
                container?.portMappings = [
                    PortMapping(containerPort: 0, hostPort: 0, servicePort: 0, transport: .tcp, name: "default", labels: [:])
                ]
            }
        }
    }

    private mutating func readPlacement(_ reader: FieldReader, below base: PathID) {
        acceptedResourceRoles = reader.strings("acceptedResourceRoles")
        for (index, element) in (reader.value("constraints")?.array ?? []).enumerated() {
            let path = "\(reader.pathOf("constraints"))(\(index))"
            let parts = (element.array ?? []).compactMap(\.string)
            guard parts.count == element.array?.count, (2...3).contains(parts.count) else {
                reader.problems.add(path, "a constraint is a list of two or three strings: [field, operator, value]")
                continue
            }
            guard let operation = Constraint.Operator(rawValue: parts[1]) else {
                reader.problems.add(path, "'\(parts[1])' is none of UNIQUE, CLUSTER, GROUP_BY, LIKE, UNLIKE, MAX_PER")
                continue
            }
            constraints.append(Constraint(field: parts[0], operation: operation, value: parts.count == 3 ? parts[2] : nil))
        }
        dependencies = (reader.strings("dependencies") ?? []).enumerated().compactMap { index, text in
            let dependency = PathID(text, below: id.parent ?? base)
            if dependency == nil { reader.problems.add("\(reader.pathOf("dependencies"))(\(index))", "error.pattern") }
            return dependency
        }
    }

    private mutating func readLifecycle(_ reader: FieldReader) {
        backoffSeconds = reader.integer("backoffSeconds", in: 0...Int(Int32.max)) ?? backoffSeconds
        backoffFactor = reader.number("backoffFactor", minimum: 1) ?? backoffFactor
        maxLaunchDelaySeconds = reader.integer("maxLaunchDelaySeconds", in: 0...Int(Int32.max)) ?? maxLaunchDelaySeconds
        taskKillGracePeriodSeconds = reader.integer("taskKillGracePeriodSeconds", in: 0...Int(Int32.max))
        killSelection = reader.word("killSelection", KillSelection.self) ?? killSelection
        healthChecks = (reader.readers("healthChecks") ?? []).map(HealthCheck.init)
        readinessChecks = (reader.readers("readinessChecks") ?? []).map(ReadinessCheck.init)
        if let strategy = reader.reader("upgradeStrategy") {
            defer { strategy.refuseRest() }
            upgradeStrategy = UpgradeStrategy(
                minimumHealthCapacity: strategy.number("minimumHealthCapacity", minimum: 0, maximum: 1) ?? 1,
                maximumOverCapacity: strategy.number("maximumOverCapacity", minimum: 0, maximum: 1) ?? 1)
        } else if isSingleInstance {
            upgradeStrategy = UpgradeStrategy(minimumHealthCapacity: 0, maximumOverCapacity: 0)
        }
        if reader.value("unreachableStrategy") == .string("disabled") {
            unreachableStrategy = .disabled
        } else if let strategy = reader.reader("unreachableStrategy") {
            defer { strategy.refuseRest() }
            unreachableStrategy = .enabled(
                inactiveAfterSeconds: strategy.integer("inactiveAfterSeconds", in: 0...Int.max) ?? 0,
                expungeAfterSeconds: strategy.integer("expungeAfterSeconds", in: 0...Int.max) ?? 0)
        }
        version = timestamp(reader, "version") ?? version
        if let info = reader.reader("versionInfo") {
            lastScalingAt = timestamp(info, "lastScalingAt") ?? version
            lastConfigChangeAt = timestamp(info, "lastConfigChangeAt") ?? version
            info.refuseRest()
        }
    }

    private func timestamp(_ reader: FieldReader, _ key: String) -> Timestamp? {
        guard let text = reader.string(key) else { return nil }
        let moment = Timestamp(text)
        if moment == nil { reader.problems.add(reader.pathOf(key), "error.expected.date.isoformat") }
        return moment
    }
}

extension Container {
    fileprivate init(_ reader: FieldReader) {
        self.init(engine: reader.word("type", Engine.self) ?? .docker)
        defer { reader.refuseRest() }
        reader.refuse(["appc", "linuxInfo"])
        if let image = reader.reader("docker") {
            defer { image.refuseRest() }
            // Read by `CanonicalApp`.
            _ = (image.value("network"), image.value("portMappings"))
            image.refuse(["credential", "pullConfig"], "is not supported by this Marathon; log the agents in to the registry")
            docker = DockerImage(
                image: image.requiredString("image"), forcePullImage: image.bool("forcePullImage") ?? false,
                privileged: image.bool("privileged") ?? false,
                parameters: (image.readers("parameters") ?? []).map { parameter in
                    defer { parameter.refuseRest() }
                    return DockerImage.Parameter(key: parameter.requiredString("key"), value: parameter.string("value") ?? "")
                })
            if engine == .mesos { image.refuse(["privileged", "parameters"], "is only allowed with the container type DOCKER") }
        } else if engine == .docker {
            reader.problems.add(reader.pathOf("docker"), "error.path.missing: a container of type DOCKER names its image in 'docker'")
        }
        volumes = (reader.readers("volumes") ?? []).map { volume in
            defer { volume.refuseRest() }
            volume.refuse(
                ["persistent", "external", "secret"], "volumes are not supported by this Marathon; use a host volume ('hostPath')")
            return HostVolume(
                containerPath: volume.requiredString("containerPath"),
                hostPath: volume.has("persistent") || volume.has("external") || volume.has("secret")
                    ? "" : volume.requiredString("hostPath"),
                isWritable: Self.isWritable(volume))
        }
        portMappings = (reader.readers("portMappings") ?? []).map(PortMapping.init)
    }

    private static func isWritable(_ volume: FieldReader) -> Bool {
        switch volume.string("mode") {
        case "RW": return true
        case "RO": return false
        case nil:
            volume.problems.add(volume.pathOf("mode"), "error.path.missing")
            return false
        case .some(let other):
            volume.problems.add(volume.pathOf("mode"), "error.unknown.enum.literal: '\(other)' is none of RO, RW")
            return false
        }
    }
}

extension PortMapping {
    fileprivate init(_ reader: FieldReader) {
        defer { reader.refuseRest() }
        self.init(
            containerPort: reader.integer("containerPort", in: 0...65535) ?? 0, hostPort: reader.integer("hostPort", in: 0...65535) ?? 0,
            servicePort: reader.integer("servicePort", in: 0...65535) ?? 0,
            transport: reader.word("protocol", PortProtocol.self) ?? .tcp, name: reader.string("name", minimumLength: 1),
            labels: reader.stringMap("labels") ?? [:])
        reader.refuse(["networkNames"])
    }
}

extension PortDefinition {
    fileprivate init(_ reader: FieldReader) {
        defer { reader.refuseRest() }
        self.init(
            port: reader.integer("port", in: 0...65535) ?? 0, transport: reader.word("protocol", PortProtocol.self) ?? .tcp,
            name: reader.string("name", minimumLength: 1), labels: reader.stringMap("labels") ?? [:])
    }
}

extension HealthCheck {
    fileprivate init(_ reader: FieldReader) {
        self.init()
        defer { reader.refuseRest() }
        checkProtocol = reader.word("protocol", CheckProtocol.self) ?? .http
        path = reader.string("path")
        portIndex = reader.integer("portIndex", in: 0...65535)
        port = reader.integer("port", in: 0...65535)
        command = reader.reader("command").map { command in
            defer { command.refuseRest() }
            return command.requiredString("value")
        }
        if let version = reader.string("ipProtocol"), version != "IPv4" {
            reader.problems.add(reader.pathOf("ipProtocol"), "'\(version)' is not supported by this Marathon; use IPv4")
        }
        gracePeriodSeconds = reader.integer("gracePeriodSeconds", in: 0...Int(Int32.max)) ?? gracePeriodSeconds
        intervalSeconds = reader.integer("intervalSeconds", in: 0...Int(Int32.max)) ?? intervalSeconds
        timeoutSeconds = reader.integer("timeoutSeconds", in: 0...Int(Int32.max)) ?? timeoutSeconds
        maxConsecutiveFailures = reader.integer("maxConsecutiveFailures", in: 0...Int(Int32.max)) ?? maxConsecutiveFailures
        delaySeconds = reader.integer("delaySeconds", in: 0...Int(Int32.max)) ?? delaySeconds
        ignoreHttp1xx = reader.bool("ignoreHttp1xx") ?? false
        if checkProtocol == .command, command == nil {
            reader.problems.add(reader.pathOf("command"), "error.path.missing: a COMMAND check needs command.value")
        }
        if checkProtocol != .command, portIndex == nil, port == nil { portIndex = 0 }
    }
}

extension ReadinessCheck {
    fileprivate init(_ reader: FieldReader) {
        self.init()
        defer { reader.refuseRest() }
        name = reader.string("name", minimumLength: 1) ?? name
        switch reader.string("protocol") ?? "HTTP" {
        case "HTTP": isHTTPS = false
        case "HTTPS": isHTTPS = true
        default: reader.problems.add(reader.pathOf("protocol"), "error.unknown.enum.literal: expected HTTP or HTTPS")
        }
        path = reader.string("path", minimumLength: 1) ?? path
        portName = reader.string("portName", minimumLength: 1) ?? portName
        intervalSeconds = reader.integer("intervalSeconds", in: 0...Int(Int32.max)) ?? intervalSeconds
        timeoutSeconds = reader.integer("timeoutSeconds", in: 1...Int(Int32.max)) ?? timeoutSeconds
        readyStatuses = reader.value("httpStatusCodesForReady")?.array?.compactMap(\.int) ?? readyStatuses
        preserveLastResponse = reader.bool("preserveLastResponse") ?? false
        if timeoutSeconds >= intervalSeconds {
            reader.problems.add(reader.pathOf("timeoutSeconds"), "Timeout (\(timeoutSeconds) seconds) must be less than the interval")
        }
    }
}
