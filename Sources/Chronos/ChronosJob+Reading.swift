public import ClusterCore
public import JSON

extension ChronosJob {
    /// What a job's JSON is expected to describe.
    public enum Form: Sendable {
        /// `POST iso8601`: no parents; without a schedule it is `R1//PT24H`, as in 3.0.2.
        case iso8601
        /// `POST dependency`: parents and no schedule.
        case dependency
        /// Either, by what is there.
        case any
    }

    /// Reads a job, of either version. `null` counts as absent; keys that change nothing here are taken at their neutral value only.
    /// - Throws: `ClusterError` `.invalid`, with the first field that is unknown, unsupported, malformed or contradictory.
    public init(json: JSON, form: Form = .any) throws(ClusterError) {
        guard case .object(let members) = json else { throw ClusterError(.invalid, "a job must be a JSON object, not \(json.kind)") }
        var fields = JobFields(members)
        let name = try fields.string("name") ?? ""
        guard !name.isEmpty else { throw ClusterError(.invalid, "a job needs a 'name'") }
        self.init(name: name, command: try fields.string("command") ?? "", trigger: try fields.trigger(form))
        isShell = try fields.bool("shell") ?? true
        if let text = try fields.string("epsilon"), !text.isEmpty {
            guard let period = Period(text) else {
                throw ClusterError(.invalid, "'epsilon' must be an ISO 8601 period such as PT60S, not '\(text)'")
            }
            epsilon = period
        }
        retries = try fields.count("retries") ?? 2
        owner = try fields.string("owner") ?? ""
        ownerName = try fields.string("ownerName") ?? ""
        description = try fields.string("description") ?? ""
        statistics.successCount = try fields.count("successCount") ?? 0
        statistics.errorCount = try fields.count("errorCount") ?? 0
        statistics.errorsSinceLastSuccess = try fields.count("errorsSinceLastSuccess") ?? 0
        statistics.lastSuccess = try fields.time("lastSuccess")
        statistics.lastError = try fields.time("lastError")
        cpus = try fields.amount("cpus") ?? 0
        disk = try fields.amount("disk") ?? 0
        mem = try fields.amount("mem") ?? 0
        gpus = try fields.amount("gpus") ?? 0
        isDisabled = try fields.bool("disabled") ?? false
        hasSoftError = try fields.bool("softError") ?? false
        isHighPriority = try fields.bool("highPriority") ?? false
        isConcurrent = try fields.bool("concurrent") ?? false
        runAsUser = try fields.string("runAsUser") ?? ""
        uris = try fields.strings("uris") ?? []
        arguments = try fields.strings("arguments") ?? []
        fetch = try fields.list("fetch") { entry throws(ClusterError) in try Fetch(fields: &entry) }
        environment = try fields.list("environmentVariables") { entry throws(ClusterError) in
            EnvironmentVariable(name: try entry.required("name"), value: try entry.string("value") ?? "")
        }
        constraints = try fields.constraints()
        if var entry = try fields.object("container") {
            container = try ChronosContainer(fields: &entry)
            try entry.refuseRest()
        }
        for key in ["executor", "executorFlags", "taskInfoData"] {
            guard try (fields.string(key) ?? "").isEmpty else { throw fields.unsupported(key) }
        }
        for key in ["async", "dataProcessingJobType"] {
            guard try fields.bool(key) != true else { throw fields.unsupported(key) }
        }
        try fields.refuseRest()
        guard fetch.isEmpty || uris.isEmpty else { throw ClusterError(.invalid, "a job may have 'fetch' or 'uris', not both") }
        guard gpus == gpus.rounded() else { throw ClusterError(.invalid, "'gpus' must be a whole number") }
        guard !command.isEmpty || container != nil else {
            throw ClusterError(.invalid, "job '\(name)' has neither a 'command' nor a 'container'")
        }
    }

    /// What is wrong with the name in that version's API; nil where it is fine.
    public static func problem(withName name: String, in version: ChronosVersion) -> String? {
        let others: Set<Character> = version == .v2_4 ? ["_", "-", "#", " ", "\t"] : ["_", "-", "."]
        let isAllowed = name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber) || others.contains($0) }
        guard isAllowed, !name.isEmpty else {
            let pattern = version == .v2_4 ? #"[\w\s#_-]+"# : #"[\w\.-]+"#
            return "the job's name '\(name)' must match \(pattern)"
        }
        guard name != ".", name != ".." else { return "'\(name)' can't be a job's name" }
        // The name is part of the task's id, which Mesos limits to 255 bytes.
        return name.utf8.count <= 200 ? nil : "the job's name is longer than 200 bytes"
    }
}

extension ChronosJob.Fetch {
    fileprivate init(fields: inout JobFields) throws(ClusterError) {
        self.init(uri: try fields.required("uri"))
        isExecutable = try fields.bool("executable") ?? false
        isCached = try fields.bool("cache") ?? false
        isExtracted = try fields.bool("extract") ?? true
        outputFile = try fields.string("output_file").flatMap { $0.isEmpty ? nil : $0 }
    }
}

extension ChronosContainer {
    fileprivate init(fields: inout JobFields) throws(ClusterError) {
        let type = try fields.string("type") ?? "DOCKER"
        guard let kind = Kind(rawValue: type.uppercased()) else {
            throw ClusterError(.invalid, "container type '\(type)' is not supported; expected DOCKER or MESOS")
        }
        let network = try fields.string("network") ?? "HOST"
        guard let network = Network(rawValue: network.uppercased()) else {
            throw ClusterError(.invalid, "container network '\(network)' is not supported; expected HOST, BRIDGE or NONE")
        }
        let image = try fields.string("image") ?? ""
        guard !image.isEmpty else { throw ClusterError(.invalid, "the container needs an 'image'") }
        for key in ["networkName", "network_name"] {
            guard try (fields.string(key) ?? "").isEmpty else { throw fields.unsupported(key) }
        }
        for key in ["networkInfos", "network_infos"] {
            guard try (fields.array(key) ?? []).isEmpty else { throw fields.unsupported(key) }
        }
        let volumes = try fields.list("volumes") { entry throws(ClusterError) in
            guard try entry.object("external") == nil else { throw entry.unsupported("external") }
            let mode = try entry.string("mode")?.uppercased() ?? "RW"
            guard mode == "RO" || mode == "RW" else { throw ClusterError(.invalid, "a volume's 'mode' must be RO or RW, not '\(mode)'") }
            return Volume(
                hostPath: try entry.string("hostPath").flatMap { $0.isEmpty ? nil : $0 },
                containerPath: try entry.required("containerPath"), isReadOnly: mode == "RO")
        }
        let parameters = try fields.list("parameters") { entry throws(ClusterError) in
            Parameter(key: try entry.required("key"), value: try entry.string("value") ?? "")
        }
        self.init(
            kind: kind, image: image, network: network, volumes: volumes, forcePullImage: try fields.bool("forcePullImage") ?? false,
            parameters: parameters)
        guard kind == .docker || parameters.isEmpty else {
            throw ClusterError(.invalid, "'container.parameters' are options of docker run; a MESOS container takes none")
        }
    }
}
