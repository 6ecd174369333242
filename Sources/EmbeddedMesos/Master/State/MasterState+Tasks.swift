import JSON
import Mesos

extension MasterState {
    /// Hands a task to its agent.
    mutating func launch(_ info: TaskInfo, of frameworkID: String, role: String, _ now: MasterTime) {
        guard let framework = frameworks[frameworkID], agents[info.agentID] != nil else { return }
        let task = MasterTask(
            info: info, frameworkID: frameworkID, agentID: info.agentID, role: role, number: makeTaskNumber(), state: .staging)
        frameworks[frameworkID]?.tasks[info.taskID] = task
        agents[info.agentID]?.used += task.resources
        emit(.command(agentID: info.agentID, .runTask(framework: framework.info, task: info)))
        emit(.publish(["type": "TASK_ADDED", "task_added": ["task": task.operatorJSON]]))
        emit(.log("Launching task \(info.taskID) of framework \(frameworkID) on agent \(info.agentID)"))
    }

    /// The task's description is wrong.
    mutating func refuse(_ task: TaskInfo, of framework: MasterFramework, message: String, _ now: MasterTime) {
        counters["tasks_error"] += 1
        counters["task_error/source_master/reason_task_invalid"] += 1
        emit(.log("Task \(task.taskID) of framework \(framework.id) is refused: \(message)"))
        tell(
            framework,
            .update(
                TaskStatus(
                    taskID: task.taskID, state: .error, message: message, source: "SOURCE_MASTER", reason: "REASON_TASK_INVALID",
                    agentID: task.agentID, timestamp: now.wall)))
    }

    /// The task was never launched.
    mutating func drop(_ task: TaskInfo, of framework: MasterFramework, message: String, reason: String, _ now: MasterTime) {
        let state: TaskState = framework.isPartitionAware ? .dropped : .lost
        counters[state == .dropped ? "tasks_dropped" : "tasks_lost"] += 1
        tell(
            framework,
            .update(
                TaskStatus(
                    taskID: task.taskID, state: state, message: message, source: "SOURCE_MASTER", reason: reason, agentID: task.agentID,
                    timestamp: now.wall)))
    }

    /// An agent says what became of a task. The framework acknowledges it; until then the agent repeats it.
    /// - Returns: false where the agent is not known: it must register again.
    mutating func update(_ update: AgentProtocol.Update, from agentID: String, _ now: MasterTime) -> Bool {
        guard agents[agentID] != nil else { return false }
        heard(from: agentID, now)
        counters["messages_status_update"] += 1
        guard let framework = frameworks[update.frameworkID] else {
            counters["invalid_status_updates"] += 1
            if completedFrameworks.contains(where: { $0.id == update.frameworkID }) {
                emit(.command(agentID: agentID, .shutdownFramework(frameworkID: update.frameworkID)))
            }
            return true
        }
        counters["valid_status_updates"] += 1
        if var task = framework.tasks[update.status.taskID], task.agentID == agentID {
            let wasActive = task.isActive
            let isNews = task.updateState != update.status.state || task.statuses.last?.healthy != update.status.healthy
            if !task.state.isTerminal { task.state = update.latestState }
            task.updateState = update.status.state
            task.updateUUID = update.status.uuid
            task.note(update.status)
            frameworks[framework.id]?.tasks[task.info.taskID] = task
            if wasActive, !task.isActive {
                agents[agentID]?.used -= task.resources
                countEnd(task.state, update.status)
                scheduleAllocation(now)
            }
            if isNews { publishUpdate(of: framework.id, update.status, task.state) }
        }
        tell(framework, .update(update.status))
        return true
    }

    func publishedUpdate(of frameworkID: String, _ status: TaskStatus, _ state: TaskState) -> JSON {
        [
            "type": "TASK_UPDATED",
            "task_updated": ["framework_id": ["value": .string(frameworkID)], "status": status.json, "state": .string(state.rawValue)],
        ]
    }

    private mutating func publishUpdate(of frameworkID: String, _ status: TaskStatus, _ state: TaskState) {
        emit(.publish(publishedUpdate(of: frameworkID, status, state)))
    }

    private mutating func countEnd(_ state: TaskState, _ status: TaskStatus) {
        let name = state.rawValue.dropFirst("TASK_".count).lowercased()
        counters["tasks_\(name)"] += 1
        guard let source = status.source?.lowercased(), let reason = status.reason?.lowercased() else { return }
        counters["task_\(name)/\(source)/\(reason)"] += 1
    }

    /// The framework has taken an update.
    mutating func acknowledge(_ framework: MasterFramework, agentID: String, taskID: String, uuid: String, _ now: MasterTime) {
        counters["messages_status_update_acknowledgement"] += 1
        guard agents[agentID]?.isConnected ?? false else {
            counters["invalid_status_update_acknowledgements"] += 1
            return
        }
        counters["valid_status_update_acknowledgements"] += 1
        if let task = framework.tasks[taskID], task.agentID == agentID, task.updateUUID == uuid, task.updateState?.isTerminal ?? false {
            complete(task)
        }
        emit(.command(agentID: agentID, .acknowledge(frameworkID: framework.id, taskID: taskID, uuid: uuid)))
    }

    /// The task is history.
    mutating func complete(_ task: MasterTask) {
        frameworks[task.frameworkID]?.tasks[task.info.taskID] = nil
        frameworks[task.frameworkID]?.completedTasks.append(task)
        if let count = frameworks[task.frameworkID]?.completedTasks.count, count > limits.completedTasks {
            frameworks[task.frameworkID]?.completedTasks.removeFirst(count - limits.completedTasks)
        }
    }

    /// The framework wants a task to end.
    mutating func kill(_ framework: MasterFramework, taskID: String, agentID: String?, policy: KillPolicy?, _ now: MasterTime) {
        counters["messages_kill_task"] += 1
        guard let task = framework.tasks[taskID] else {
            emit(.log("Task \(taskID) of framework \(framework.id) is to be killed but not known: telling what is known of it"))
            reconcile(framework, [.init(taskID: taskID, agentID: agentID)], now)
            return
        }
        if agents[task.agentID]?.isConnected ?? false {
            emit(.command(agentID: task.agentID, .killTask(frameworkID: framework.id, taskID: taskID, policy: policy)))
        } else {
            // The agent is told as soon as it is back.
            frameworks[framework.id]?.tasks[taskID]?.killAsked = true
            frameworks[framework.id]?.tasks[taskID]?.killPolicy = policy
        }
    }
}
