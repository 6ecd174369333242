import Mesos

extension MasterState {
    /// Tells a framework the latest state of its tasks: of those it names, or of all.
    mutating func reconcile(_ framework: MasterFramework, _ references: [SchedulerCall.TaskReference], _ now: MasterTime) {
        counters["messages_reconcile_tasks"] += 1
        guard !references.isEmpty else {
            for task in framework.orderedTasks { tell(framework, .update(latest(task, now))) }
            return
        }
        for reference in references {
            if let status = status(of: reference, framework, now) { tell(framework, .update(status)) }
        }
    }

    /// nil: nothing is known yet, since the agent may still come back.
    private func status(
        of reference: SchedulerCall.TaskReference, _ framework: MasterFramework, _ now: MasterTime
    ) -> TaskStatus? {
        if let task = framework.tasks[reference.taskID] { return latest(task, now) }
        func answer(_ state: TaskState, _ words: String, since: Double? = nil) -> TaskStatus {
            TaskStatus(
                taskID: reference.taskID, state: framework.isPartitionAware ? state : .lost, message: "Reconciliation: \(words)",
                source: "SOURCE_MASTER", reason: "REASON_RECONCILIATION", agentID: reference.agentID, timestamp: now.wall,
                unreachableTime: framework.isPartitionAware ? since : nil)
        }
        if let task = framework.unreachableTasks.last(where: { $0.info.taskID == reference.taskID }) {
            return answer(.unreachable, "Task is unreachable", since: unreachableAgents[task.agentID])
        }
        if let agentID = reference.agentID {
            if recoveredAgents[agentID] != nil { return nil }
            if agents[agentID] != nil { return answer(.gone, "Task is unknown to the agent") }
            if let since = unreachableAgents[agentID] { return answer(.unreachable, "Task is unreachable", since: since) }
        } else if !recoveredAgents.isEmpty {
            return nil
        }
        return answer(.unknown, "Task is unknown")
    }

    private func latest(_ task: MasterTask, _ now: MasterTime) -> TaskStatus {
        let last = task.statuses.last
        return TaskStatus(
            taskID: task.info.taskID, state: task.updateState ?? task.state, message: "Reconciliation: Latest task state",
            source: "SOURCE_MASTER", reason: "REASON_RECONCILIATION", agentID: task.agentID, timestamp: now.wall,
            healthy: last?.healthy, labels: last?.labels ?? Labels(), containerStatus: last?.containerStatus)
    }
}
