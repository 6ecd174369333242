import JSON
import Mesos

extension MasterState {
    /// An agent registers, or registers again with its tasks.
    /// - Parameter newID: the id of an agent that has none yet.
    /// - Returns: its id.
    mutating func register(_ request: AgentProtocol.Registration, newID: String? = nil, _ now: MasterTime) -> String {
        let known = request.agentID.flatMap { agents[$0] }
        counters[request.agentID == nil ? "messages_register_slave" : "messages_reregister_slave"] += 1
        let id = request.agentID ?? newID ?? makeAgentID()
        var info = request.agent
        info.id = id
        var agent = known ?? MasterAgent(id: id, info: info, ip: request.ip, registeredTime: now.wall)
        agent.info = info
        agent.ip = request.ip
        if request.agentID != nil { agent.reregisteredTime = now.wall }
        if known?.isConnected ?? false {
            agent.isConnected = false
            for offer in offers.values where offer.offer.agentID == id { rescind(offer.offer.id, now) }
            agent.offered = Resources([])
        }
        // Its stream opens next; if it doesn't, the agent is away.
        agent.unreachableDeadline = now.steady + limits.agentTimeout
        agents[id] = agent
        let wasUnreachable = unreachableAgents.removeValue(forKey: id) != nil
        recoveredAgents[id] = nil
        // Another agent at the same address is a predecessor that lost its work directory: it can't come back.
        for other in agents.values where other.id != id && other.ip == agent.ip && other.info.port == info.port && !other.isConnected {
            emit(.log("Agent \(other.id) was replaced by \(id) at \(agent.pid)"))
            markUnreachable(other.id, now)
        }
        takeOver(request.tasks, frameworks: request.frameworks, of: id, wasUnreachable: wasUnreachable, now)
        if known == nil {
            counters[request.agentID == nil ? "slave_registrations" : "slave_reregistrations"] += 1
            emit(.remember(agentID: id))
            if let agent = agents[id] { emit(.publish(["type": "AGENT_ADDED", "agent_added": ["agent": operatorJSON(agent)]])) }
        } else {
            counters["slave_reregistrations"] += 1
        }
        emit(.log("Agent \(id) at \(agent.pid) is registered with \(info.resources.flagText) and \(request.tasks.count) tasks"))
        return id
    }

    private mutating func takeOver(
        _ tasks: [AgentProtocol.Registration.Task], frameworks infos: [FrameworkInfo], of agentID: String, wasUnreachable: Bool,
        _ now: MasterTime
    ) {
        for info in infos {
            guard let id = info.id, frameworks[id] == nil, !completedFrameworks.contains(where: { $0.id == id }) else { continue }
            var framework = MasterFramework(info: info, id: id, registeredTime: now.wall)
            framework.isRecovered = true
            frameworks[id] = framework
        }
        // Tasks that this master believes to run there, but the agent doesn't know: they never arrived, or are lost.
        let reported = Set(tasks.map { "\($0.frameworkID) \($0.info.taskID)" })
        for framework in frameworks.values {
            for task in framework.orderedTasks
            where task.agentID == agentID && !reported.contains("\(framework.id) \(task.info.taskID)") {
                lose(
                    task, state: framework.isPartitionAware ? .gone : .lost, message: "Task is unknown to the agent",
                    reason: "REASON_RECONCILIATION", mayReturn: false, now)
            }
        }
        for reportedTask in tasks {
            let (frameworkID, taskID) = (reportedTask.frameworkID, reportedTask.info.taskID)
            guard let framework = frameworks[frameworkID] else {
                emit(.command(agentID: agentID, .shutdownFramework(frameworkID: frameworkID)))
                continue
            }
            let unreachable = framework.unreachableTasks.contains { $0.info.taskID == taskID }
            if unreachable { frameworks[frameworkID]?.unreachableTasks.removeAll { $0.info.taskID == taskID } }
            if unreachable, wasUnreachable, !framework.isPartitionAware {
                // It was told that the task is lost, and may have started another in its place.
                emit(.command(agentID: agentID, .killTask(frameworkID: frameworkID, taskID: taskID, policy: nil)))
            }
            if let task = framework.tasks[taskID] {
                if task.killAsked {
                    frameworks[frameworkID]?.tasks[taskID]?.killAsked = false
                    emit(.command(agentID: agentID, .killTask(frameworkID: frameworkID, taskID: taskID, policy: task.killPolicy)))
                }
                continue
            }
            let role = reportedTask.info.resources.items.first?.allocationRole ?? framework.roles.first ?? "*"
            var task = MasterTask(
                info: reportedTask.info, frameworkID: frameworkID, agentID: agentID, role: role, number: makeTaskNumber(),
                state: reportedTask.status.state)
            task.updateState = reportedTask.status.state
            task.updateUUID = reportedTask.status.uuid
            task.note(reportedTask.status)
            frameworks[frameworkID]?.tasks[taskID] = task
            if task.isActive { agents[agentID]?.used += task.resources }
            emit(.publish(["type": "TASK_ADDED", "task_added": ["task": task.operatorJSON]]))
            if unreachable, framework.isPartitionAware {
                var status = reportedTask.status
                status.uuid = nil
                status.source = "SOURCE_MASTER"
                status.reason = "REASON_SLAVE_REREGISTERED"
                status.timestamp = now.wall
                tell(framework, .update(status))
            }
        }
    }

    /// The agent's command stream is open.
    /// - Returns: false where the agent is not known: it must register first.
    mutating func agentConnected(_ id: String, streamNumber: Int, _ now: MasterTime) -> Bool {
        guard var agent = agents[id] else { return false }
        agent.isConnected = true
        agent.streamNumber = streamNumber
        agent.unreachableDeadline = agent.answersPings ? now.steady + limits.agentTimeout : nil
        agents[id] = agent
        scheduleAllocation(now)
        return true
    }

    /// The agent's command stream has ended; its tasks run on, and it has the ping time-outs to come back.
    mutating func agentDisconnected(_ id: String, streamNumber: Int, _ now: MasterTime) {
        guard var agent = agents[id], agent.isConnected, agent.streamNumber == streamNumber else { return }
        agent.isConnected = false
        agent.unreachableDeadline = now.steady + limits.agentTimeout
        agents[id] = agent
        for offer in offers.values where offer.offer.agentID == id { rescind(offer.offer.id, now) }
        emit(.log("Agent \(id) at \(agent.pid) is disconnected; it is unreachable unless it is back within \(limits.agentTimeout) s"))
    }

    /// The agent has answered a ping.
    mutating func pong(_ id: String, _ now: MasterTime) -> Bool {
        guard agents[id] != nil else { return false }
        agents[id]?.answersPings = true
        heard(from: id, now)
        return true
    }

    mutating func heard(from id: String, _ now: MasterTime) {
        guard let agent = agents[id], agent.isConnected, agent.answersPings else { return }
        agents[id]?.unreachableDeadline = now.steady + limits.agentTimeout
    }

    /// The agent is away for too long.
    mutating func markUnreachable(_ id: String, _ now: MasterTime) {
        remove(id, state: .unreachable, reason: "REASON_SLAVE_REMOVED", message: "Agent \(id) is unreachable", now)
        unreachableAgents[id] = now.wall
        counters["slave_unreachable_completed"] += 1
        counters["slave_removals/reason_unhealthy"] += 1
    }

    /// The agent has ended for good, and its tasks with it.
    /// - Returns: false where it is not known.
    mutating func agentGone(_ id: String, _ now: MasterTime) -> Bool {
        guard agents[id] != nil else { return false }
        remove(id, state: .gone, reason: "REASON_SLAVE_REMOVED", message: "Agent \(id) has ended", now)
        counters["slave_removals/reason_unregistered"] += 1
        return true
    }

    private mutating func remove(_ id: String, state: TaskState, reason: String, message: String, _ now: MasterTime) {
        guard let agent = agents[id] else { return }
        emit(.disconnect(agentID: id))
        for offer in offers.values where offer.offer.agentID == id { rescind(offer.offer.id, now) }
        for framework in frameworks.values {
            for task in framework.orderedTasks where task.agentID == id {
                lose(
                    task, state: framework.isPartitionAware ? state : .lost, message: message, reason: reason,
                    mayReturn: state == .unreachable, now)
            }
            tell(framework, .failure(agentID: id, executorID: nil, status: nil))
        }
        agents[id] = nil
        allocator.forgetFilters(agentID: id)
        counters["slave_removals"] += 1
        emit(.forget(agentID: id))
        emit(.publish(["type": "AGENT_REMOVED", "agent_removed": ["agent_id": ["value": .string(id)]]]))
        emit(.log("Agent \(id) at \(agent.pid) is removed: \(message)"))
    }

    /// The task is not there any more, or can't be seen.
    private mutating func lose(
        _ task: MasterTask, state: TaskState, message: String, reason: String, mayReturn: Bool, _ now: MasterTime
    ) {
        guard let framework = frameworks[task.frameworkID] else { return }
        var task = task
        if task.isActive { agents[task.agentID]?.used -= task.resources }
        guard !task.state.isTerminal else {
            // Its end was seen; only the acknowledgement is missing.
            complete(task)
            return
        }
        let status = TaskStatus(
            taskID: task.info.taskID, state: state, message: message, source: "SOURCE_MASTER", reason: reason, agentID: task.agentID,
            timestamp: now.wall, unreachableTime: state == .unreachable ? now.wall : nil)
        task.state = state
        task.note(status)
        frameworks[framework.id]?.tasks[task.info.taskID] = nil
        // A framework that only knows LOST is told so, but the task may come back with its agent.
        if mayReturn {
            frameworks[framework.id]?.unreachableTasks.append(task)
            if let count = frameworks[framework.id]?.unreachableTasks.count, count > limits.unreachableTasks {
                frameworks[framework.id]?.unreachableTasks.removeFirst()
            }
        } else {
            frameworks[framework.id]?.completedTasks.append(task)
        }
        counters["tasks_\(state.rawValue.dropFirst("TASK_".count).lowercased())"] += 1
        tell(framework, .update(status))
        emit(.publish(publishedUpdate(of: framework.id, status, state)))
        scheduleAllocation(now)
    }
}
