import JSON
import Marathon

/// Health and readiness of tasks: which checks the leader runs, and what their results lead to.
extension SchedulerCore {
    /// Asks for the checks of a task that runs.
    mutating func startProbes(_ instance: Instance) {
        guard let app = app(of: instance) else { return }
        var probes = app.healthChecks.enumerated().compactMap { probe($1, at: $0, instance) }
        if deployment(of: instance.appID)?.currentAction(for: instance.appID) != nil, !isReadinessKnown(instance, app) {
            probes += app.readinessChecks.enumerated().compactMap { probe($1, at: $0, app, instance) }
        }
        if !probes.isEmpty { emit(.startProbes(probes)) }
    }

    private func isReadinessKnown(_ instance: Instance, _ app: App) -> Bool {
        app.readinessChecks.indices.allSatisfy { readiness[instance.taskID]?[$0]?.isReady ?? false }
    }

    private func probe(_ check: HealthCheck, at index: Int, _ instance: Instance) -> Probe? {
        guard !check.checkProtocol.isByExecutor else { return nil }
        let port: Int
        if let fixed = check.port, fixed != 0 {
            port = fixed
        } else {
            guard let portIndex = check.portIndex, instance.hostPorts.indices.contains(portIndex) else { return nil }
            port = instance.hostPorts[portIndex]
        }
        let method: Probe.Method =
            check.checkProtocol == .tcp
            ? .tcp(host: instance.host, port: port)
            : .http(url: Self.url(check.checkProtocol == .https, instance.host, port, check.path ?? "/"))
        return Probe(
            taskID: instance.taskID, purpose: .health(index), method: method, interval: .seconds(max(1, check.intervalSeconds)),
            timeout: .seconds(max(1, check.timeoutSeconds)), patience: .seconds(check.gracePeriodSeconds))
    }

    private func probe(_ check: ReadinessCheck, at index: Int, _ app: App, _ instance: Instance) -> Probe? {
        let names = app.network == .host ? app.portDefinitions.map(\.name) : (app.container?.portMappings ?? []).map(\.name)
        guard let port = names.firstIndex(of: check.portName), instance.hostPorts.indices.contains(port) else { return nil }
        return Probe(
            taskID: instance.taskID, purpose: .readiness(index),
            method: .http(url: Self.url(check.isHTTPS, instance.host, instance.hostPorts[port], check.path)),
            interval: .seconds(max(1, check.intervalSeconds)), timeout: .seconds(check.timeoutSeconds), patience: .zero)
    }

    private static func url(_ isTLS: Bool, _ host: String, _ port: Int, _ path: String) -> String {
        let place = host.contains(":") ? "[\(host)]" : host
        return "\(isTLS ? "https" : "http")://\(place):\(port)\(path.hasPrefix("/") ? "" : "/")\(path)"
    }

    /// Takes a probe's result in; what follows from it is left to `settle`.
    mutating func probed(_ probe: Probe, _ result: ProbeResult, now: Timestamp) {
        guard let instance = instances[probe.taskID], let app = app(of: instance) else { return }
        switch probe.purpose {
        case .health(let index):
            guard app.healthChecks.indices.contains(index) else { return }
            let check = app.healthChecks[index]
            switch result {
            case .answer(let status, _, _):
                if (100..<200).contains(status), check.ignoreHttp1xx { return }
                let isWell = status == 0 || (200..<400).contains(status)
                healthResult(isWell ? nil : "HTTP status \(status)", of: check, at: index, instance, now)
            case .failure(let why): healthResult(why, of: check, at: index, instance, now)
            }
        case .readiness(let index):
            guard app.readinessChecks.indices.contains(index) else { return }
            readinessResult(result, of: app.readinessChecks[index], at: index, instance)
        }
    }

    mutating func healthResult(_ failure: String?, of check: HealthCheck, at index: Int, _ instance: Instance, _ now: Timestamp) {
        var tracker = health[instance.taskID] ?? HealthTracker()
        let wasHealthy = isHealthy(instance)
        let verdict = tracker.take(failure, of: check, at: index, startedAt: instance.startedAt ?? instance.stagedAt, now: now)
        health[instance.taskID] = tracker
        recount(instance.taskID, of: instance.appID, instance.appVersion)
        if verdict.hasFailed {
            statistics.healthFailures += 1
            publish(
                "failed_health_check_event", at: now,
                [
                    "appId": .string(instance.appID.description), "instanceId": .string(instance.instanceID),
                    "healthCheck": check.json,
                ])
        }
        if verdict.hasChanged {
            publish(
                "health_status_changed_event", at: now,
                [
                    "appId": .string(instance.appID.description), "instanceId": .string(instance.instanceID),
                    "version": .string(instance.appVersion.description), "alive": .bool(failure == nil),
                ])
        }
        if isHealthy(instance) != wasHealthy {
            dirty.insert(instance.appID)
            publish(
                "instance_health_changed_event", at: now,
                [
                    "instanceId": .string(instance.instanceID), "runSpecId": .string(instance.appID.description),
                    "runSpecVersion": .string(instance.appVersion.description), "healthy": .bool(!wasHealthy),
                ])
        }
        if verdict.mustKill, instance.isActive {
            publish(
                "unhealthy_instance_kill_event", at: now,
                [
                    "appId": .string(instance.appID.description), "taskId": .string(instance.taskID),
                    "instanceId": .string(instance.instanceID), "version": .string(instance.appVersion.description),
                    "reason": .string(failure ?? ""), "host": .string(instance.host), "slaveId": .string(instance.agentID),
                ])
            kill(instance, now)
            dirty.insert(instance.appID)
        }
    }

    private mutating func readinessResult(_ result: ProbeResult, of check: ReadinessCheck, at index: Int, _ instance: Instance) {
        let isReady: Bool
        var response: JSON?
        switch result {
        case .answer(let status, let type, let body):
            isReady = check.readyStatuses.contains(status)
            response = ["status": .number(status), "contentType": .string(type ?? ""), "body": .string(String(body.prefix(4096)))]
        case .failure: isReady = false
        }
        readiness[instance.taskID, default: [:]][index] = Readiness(isReady: isReady, lastResponse: response)
        recount(instance.taskID, of: instance.appID, instance.appVersion)
        guard isReady else { return }
        // Once ready is enough; its health checks go on.
        emit(.stopProbes(taskID: instance.taskID))
        startProbes(instance)
        dirty.insert(instance.appID)
    }
}
