import JSON
import Mesos

extension MasterState {
    /// A framework opens its event stream.
    /// - Parameter streamID: identifies the stream; effects name it.
    mutating func subscribe(
        _ info: FrameworkInfo, suppressedRoles: [String], streamID: String, principal: String?, _ now: MasterTime
    ) {
        if let error = problem(with: info, suppressedRoles, principal) {
            emit(.log("Framework '\(info.name)' is refused: \(error)"))
            emit(.tell(streamID: streamID, .error(error)))
            emit(.close(streamID: streamID))
            return
        }
        var info = info
        let isNew = info.id == nil
        let id = info.id ?? makeFrameworkID()
        info.id = id
        let suppressed = Set(suppressedRoles)
        if var framework = frameworks[id] {
            counters["messages_reregister_framework"] += 1
            let wasRecovered = framework.isRecovered
            if let old = framework.streamID {
                emit(.tell(streamID: old, .error("Framework failed over")))
                emit(.close(streamID: old))
            }
            for offer in offers.values where offer.offer.frameworkID == id { removeOffer(offer.offer.id, now) }
            framework.info = info
            framework.streamID = streamID
            framework.principal = principal
            framework.isRecovered = false
            framework.failoverDeadline = nil
            framework.reregisteredTime = now.wall
            framework.suppressedRoles = suppressed
            frameworks[id] = framework
            allocator.forgetFilters(frameworkID: id)
            let type = wasRecovered ? "FRAMEWORK_ADDED" : "FRAMEWORK_UPDATED"
            emit(.publish(.object(["type": .string(type), type.lowercased(): ["framework": framework.operatorJSON]])))
        } else {
            counters[isNew ? "messages_register_framework" : "messages_reregister_framework"] += 1
            var framework = MasterFramework(info: info, id: id, registeredTime: now.wall)
            framework.streamID = streamID
            framework.principal = principal
            framework.suppressedRoles = suppressed
            frameworks[id] = framework
            emit(.publish(["type": "FRAMEWORK_ADDED", "framework_added": ["framework": framework.operatorJSON]]))
        }
        emit(.log("Framework \(id) (\(info.name)) is subscribed"))
        emit(.tell(streamID: streamID, .subscribed(frameworkID: id, heartbeatInterval: 15, master: master)))
        emit(.tell(streamID: streamID, .heartbeat))
        scheduleAllocation(now)
    }

    private func problem(with info: FrameworkInfo, _ suppressedRoles: [String], _ principal: String?) -> String? {
        if let id = info.id, completedFrameworks.contains(where: { $0.id == id }) { return "Framework has been removed" }
        if let claimed = info.principal, let principal, claimed != principal {
            return "Authenticated principal '\(principal)' does not match principal '\(claimed)' set in FrameworkInfo"
        }
        if !limits.allowsRoot, info.user == "root" {
            return "User 'root' is not allowed to run frameworks without --root_submissions set"
        }
        guard info.failoverTimeout >= 0, info.failoverTimeout < 1e10 else {
            return "The framework failover_timeout (\(info.failoverTimeout)) is invalid"
        }
        if info.capabilities.contains("MULTI_ROLE") {
            if info.role != nil { return "'FrameworkInfo.role' must not be set when the framework is MULTI_ROLE capable" }
            if Set(info.roles).count != info.roles.count { return "'FrameworkInfo.roles' contains duplicate items" }
        } else if !info.roles.isEmpty {
            return "'FrameworkInfo.roles' must not be set when the framework is not MULTI_ROLE capable"
        }
        for role in info.effectiveRoles {
            if let problem = Self.problem(withRole: role) { return problem }
            if let allowed = limits.allowedRoles, role != "*", !allowed.contains(role) {
                return "Role '\(role)' is not present in the master's --roles"
            }
        }
        for role in suppressedRoles where !info.effectiveRoles.contains(role) {
            return "Suppressed role '\(role)' is not contained in the list of roles"
        }
        return nil
    }

    private static func problem(withRole role: String) -> String? {
        if role.isEmpty { return "Empty role name is invalid" }
        if role == "." || role == ".." || role.hasPrefix("-") { return "Role name '\(role)' is invalid" }
        if role.contains(where: { $0.isWhitespace }) || role.hasPrefix("/") || role.hasSuffix("/") {
            return "Role name '\(role)' is invalid because it contains spaces or begins or ends with a slash"
        }
        return nil
    }

    /// A framework's stream has ended; it has its failover timeout to come back.
    mutating func frameworkGone(streamID: String, _ now: MasterTime) {
        guard var framework = frameworks.values.first(where: { $0.streamID == streamID }) else { return }
        framework.streamID = nil
        framework.failoverDeadline = now.steady + framework.info.failoverTimeout
        frameworks[framework.id] = framework
        for offer in offers.values where offer.offer.frameworkID == framework.id { removeOffer(offer.offer.id, now) }
        emit(
            .log(
                "Framework \(framework.id) (\(framework.info.name)) is away; it is removed unless it is back within "
                    + "\(framework.info.failoverTimeout) s"))
        emit(.publish(["type": "FRAMEWORK_UPDATED", "framework_updated": ["framework": framework.operatorJSON]]))
    }

    /// Ends a framework and all its tasks.
    mutating func removeFramework(_ id: String, _ now: MasterTime) {
        guard var framework = frameworks[id] else { return }
        if let stream = framework.streamID { emit(.close(streamID: stream)) }
        framework.streamID = nil
        for offer in offers.values where offer.offer.frameworkID == id { removeOffer(offer.offer.id, now) }
        for agent in agents.values where agent.isConnected {
            emit(.command(agentID: agent.id, .shutdownFramework(frameworkID: id)))
        }
        for var task in framework.orderedTasks {
            if task.isActive { agents[task.agentID]?.used -= task.resources }
            if !task.state.isTerminal {
                task.state = .killed
                counters["tasks_killed"] += 1
            }
            let status = TaskStatus(
                taskID: task.info.taskID, state: .killed, message: "Framework \(id) removed", source: "SOURCE_MASTER",
                reason: "REASON_FRAMEWORK_REMOVED", agentID: task.agentID, timestamp: now.wall)
            task.note(status)
            framework.completedTasks.append(task)
            emit(.publish(publishedUpdate(of: id, status, task.state)))
        }
        framework.completedTasks = framework.completedTasks.suffix(limits.completedTasks)
        framework.tasks = [:]
        framework.failoverDeadline = nil
        framework.unregisteredTime = now.wall
        frameworks[id] = nil
        allocator.forgetFilters(frameworkID: id)
        completedFrameworks.append(framework)
        if completedFrameworks.count > limits.completedFrameworks { completedFrameworks.removeFirst() }
        emit(.publish(["type": "FRAMEWORK_REMOVED", "framework_removed": ["framework_info": framework.info.json]]))
        emit(.log("Framework \(id) (\(framework.info.name)) is removed"))
        scheduleAllocation(now)
    }

    /// The framework wants offers again.
    mutating func revive(_ framework: MasterFramework, _ roles: [String], _ now: MasterTime) {
        counters["messages_revive_offers"] += 1
        let named = Set(roles.isEmpty ? framework.roles : roles)
        frameworks[framework.id]?.suppressedRoles.subtract(named)
        allocator.forgetFilters(frameworkID: framework.id, roles: named)
        scheduleAllocation(now)
    }

    /// The framework wants no offers.
    mutating func suppress(_ framework: MasterFramework, _ roles: [String]) {
        counters["messages_suppress_offers"] += 1
        frameworks[framework.id]?.suppressedRoles.formUnion(roles.isEmpty ? framework.roles : roles)
    }
}
