public import JSON

extension ChronosJob {
    /// The job as Chronos of that version writes it, keys in its order. What the version has no key for is written only where it
    /// is not the default, so that nothing gets lost between reading a job and posting it again.
    /// - Parameter defaultEpsilon: what 2.4.0 writes for a job without an epsilon of its own.
    public func json(_ version: ChronosVersion = .v3_0, defaultEpsilon: String = "PT60S") -> JSON {
        let isOld = version == .v2_4
        var members = JSONObject()
        members["name"] = .string(name)
        members["command"] = .string(command)
        members["shell"] = .bool(isShell)
        if let epsilon { members["epsilon"] = .string(epsilon.description) } else if isOld { members["epsilon"] = .string(defaultEpsilon) }
        members["executor"] = ""
        members["executorFlags"] = ""
        if !isOld { members["taskInfoData"] = "" }
        members["retries"] = .number(retries)
        members["owner"] = .string(owner)
        members["ownerName"] = .string(ownerName)
        members["description"] = .string(description)
        if isOld { members["async"] = false }
        members["successCount"] = .number(statistics.successCount)
        members["errorCount"] = .number(statistics.errorCount)
        members["lastSuccess"] = .string(statistics.lastSuccess?.description ?? "")
        members["lastError"] = .string(statistics.lastError?.description ?? "")
        members["cpus"] = .double(cpus)
        members["disk"] = .double(disk)
        members["mem"] = .double(mem)
        if gpus != 0 { members["gpus"] = .double(gpus) }
        members["disabled"] = .bool(isDisabled)
        members["softError"] = .bool(hasSoftError)
        members["dataProcessingJobType"] = false
        members["errorsSinceLastSuccess"] = .number(statistics.errorsSinceLastSuccess)
        if !isOld || !fetch.isEmpty { members["fetch"] = .array(fetch.map(\.json)) }
        members["uris"] = .array(uris.map(JSON.string))
        members["environmentVariables"] = .array(environment.map { ["name": .string($0.name), "value": .string($0.value)] })
        members["arguments"] = .array(arguments.map(JSON.string))
        members["highPriority"] = .bool(isHighPriority)
        members["runAsUser"] = .string(runAsUser)
        if !isOld || isConcurrent { members["concurrent"] = .bool(isConcurrent) }
        if let container { members["container"] = container.json(version) }
        members["constraints"] = .array(
            constraints.map { [.string($0.attribute), .string($0.comparison.rawValue), .string($0.value)] })
        switch trigger {
        case .parents(let parents): members["parents"] = .array(parents.map(JSON.string))
        case .schedule(let interval, let timeZone):
            members["schedule"] = .string(interval.description)
            members["scheduleTimeZone"] = .string(timeZone)
        }
        return .object(members)
    }
}

extension ChronosJob.Fetch {
    fileprivate var json: JSON {
        .members([
            "uri": .string(uri), "executable": .bool(isExecutable), "cache": .bool(isCached), "extract": .bool(isExtracted),
            "output_file": outputFile.map(JSON.string),
        ])
    }
}

extension ChronosContainer {
    fileprivate func json(_ version: ChronosVersion) -> JSON {
        let isOld = version == .v2_4
        return .members([
            "type": .string(isOld ? kind.rawValue.lowercased() : kind.rawValue),
            "image": .string(image),
            "network": .string(network.rawValue),
            "networkInfos": isOld ? nil : [],
            "volumes": .array(
                volumes.map { volume in
                    .members([
                        "hostPath": volume.hostPath.map(JSON.string), "containerPath": .string(volume.containerPath),
                        "mode": volume.isReadOnly ? "RO" : "RW",
                    ])
                }),
            "forcePullImage": .bool(forcePullImage),
            "parameters": isOld && parameters.isEmpty
                ? nil : .array(parameters.map { ["key": .string($0.key), "value": .string($0.value)] }),
        ])
    }
}
