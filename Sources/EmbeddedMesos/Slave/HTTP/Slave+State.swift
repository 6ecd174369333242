import ClusterCore
import JSON
import Mesos
import Supervision

/// `/state`, member for member in the order in which Mesos 1.11 writes it (a recording of a real agent; Mesos source, `slave/http.cpp`).
extension Slave {
    private func used(_ tasks: some Sequence<SlaveTask>) -> Resources { tasks.reduce(into: Resources()) { $0 += $1.info.resources } }

    /// What running tasks take.
    var usedResources: Resources { used(state.tasks.values.lazy.filter { !$0.isTerminal }) }

    /// `/state`
    func stateView() -> JSON {
        let total = agent.resources
        let plain = Resources(total.filter { $0.role == "*" })
        let roles = Set(total.lazy.map(\.role)).subtracting(["*"]).sorted()
        func reserved(_ role: String) -> Resources { Resources(total.filter { $0.role == role }) }
        var attributes = JSONObject()
        for attribute in agent.attributes {
            if case .scalar(let number) = attribute.value {
                attributes[attribute.name] = .double(number.double)
            } else {
                attributes[attribute.name] = .string(attribute.text)
            }
        }
        var object = JSONObject()
        for name in ["version", "git_sha", "git_tag", "build_date", "build_time", "build_user"] {
            object[name] = EmbeddedMesosVersion.json[name]
        }
        object["start_time"] = .double(started)
        object["id"] = .string(agent.id ?? "")
        object["pid"] = .string(configuration.launch.slavePID)
        object["hostname"] = .string(agent.hostname)
        object["capabilities"] = .array(EmbeddedMesosVersion.agentCapabilities.map { .string($0) })
        object["resources"] = total.summary
        object["reserved_resources"] = .object(JSONObject(roles.map { ($0, reserved($0).summary) }))
        object["unreserved_resources"] = plain.summary
        object["reserved_resources_full"] = .object(JSONObject(roles.map { ($0, reserved($0).json()) }))
        object["unreserved_resources_full"] = plain.json()
        object["reserved_resources_allocated"] = [:]
        object["unreserved_resources_allocated"] = usedResources.summary
        object["resource_providers"] = []
        object["attributes"] = .object(attributes)
        if let master { object["master_hostname"] = .string(master.hostname) }
        object["flags"] = SlaveViews.flags(configuration.flags)
        let (active, ended) = frameworkViews()
        object["frameworks"] = .array(active)
        object["completed_frameworks"] = .array(ended)
        return .object(object)
    }

    private func frameworkViews() -> (active: [JSON], ended: [JSON]) {
        let running = Dictionary(grouping: state.tasks.values, by: \.frameworkID)
        let done = Dictionary(grouping: completed, by: \.frameworkID)
        var (active, ended): ([JSON], [JSON]) = ([], [])
        for id in Set(running.keys).union(done.keys).sorted() {
            let tasks = (running[id] ?? []).sorted { $0.containerID < $1.containerID }
            let past = Array((done[id] ?? []).suffix(configuration.maxCompletedTasks))
            guard let framework = (tasks.last ?? past.last)?.framework else { continue }
            if tasks.isEmpty { ended.append(view(framework, id, [], past)) } else { active.append(view(framework, id, tasks, past)) }
        }
        return (active, ended)
    }

    private func view(_ framework: FrameworkInfo, _ id: String, _ tasks: [SlaveTask], _ past: [SlaveTask]) -> JSON {
        var object: JSONObject = [
            "id": .string(id), "name": .string(framework.name), "user": .string(framework.user),
            "failover_timeout": .double(framework.failoverTimeout), "checkpoint": .bool(framework.checkpoint),
            "hostname": .string(framework.hostname ?? ""),
        ]
        if framework.capabilities.contains("MULTI_ROLE") {
            object["roles"] = .array(framework.roles.map { .string($0) })
        } else {
            object["role"] = .string(framework.role ?? "*")
        }
        if let principal = framework.principal { object["principal"] = .string(principal) }
        object["executors"] = .array(tasks.map { executorView($0, isCompleted: false) })
        object["completed_executors"] = .array(past.map { executorView($0, isCompleted: true) })
        return .object(object)
    }

    private func executorView(_ task: SlaveTask, isCompleted: Bool) -> JSON {
        let view = taskView(task)
        let isEnded = isCompleted || task.isTerminal
        return [
            "id": .string(task.info.taskID), "name": .string(SlaveViews.executorName(task)), "source": .string(task.info.taskID),
            "container": .string(task.containerID), "directory": .string(directory(task)),
            "resources": (isEnded ? Resources() : task.info.resources).summary, "role": .string(role(task)),
            "tasks": .array(isEnded ? [] : [view]), "queued_tasks": [], "completed_tasks": .array(isEnded ? [view] : []),
        ]
    }

    private func directory(_ task: SlaveTask) -> String {
        checkpoint.sandbox(agent: task.agentID, framework: task.frameworkID, task: task.info.taskID, container: task.containerID)
    }

    private func role(_ task: SlaveTask) -> String { task.info.resources.items.lazy.compactMap(\.allocationRole).first ?? "*" }

    private func taskView(_ task: SlaveTask) -> JSON {
        var object: JSONObject = [
            "id": .string(task.info.taskID), "name": .string(task.info.name), "framework_id": .string(task.frameworkID), "executor_id": "",
            "slave_id": .string(task.agentID), "state": .string(task.state.rawValue), "resources": task.info.resources.summary,
            "role": .string(role(task)),
        ]
        object["statuses"] = .array(
            task.events.map { event in
                let status = task.status(of: event, address: configuration.advertisedIP)
                var view: JSONObject = ["state": .string(event.status.state), "timestamp": .double(event.timestamp)]
                if let status = status.containerStatus { view["container_status"] = status }
                if let healthy = event.status.healthy { view["healthy"] = .bool(healthy) }
                return .object(view)
            })
        if !task.info.labels.isEmpty { object["labels"] = task.info.json["labels"]?["labels"] ?? [] }
        for name in ["discovery", "container", "health_check"] { if let value = task.info.json[name] { object[name] = value } }
        return .object(object)
    }

    // MARK: monitoring

    /// `/monitor/statistics`
    func statisticsView() async -> JSON { await monitored(withStatus: false) }

    /// `/containers`
    func containersView() async -> JSON { await monitored(withStatus: true) }

    private func monitored(withStatus: Bool) async -> JSON {
        let running = state.tasks.values.filter { !$0.isTerminal && !$0.events.isEmpty }.sorted { $0.containerID < $1.containerID }
        let (processes, now) = (await OwnThread.run("files") { HostProcesses.all() }, UnixTime.now())
        return .array(
            running.map { task in
                let statistics = SlaveViews.statistics(task, processes: processes, now: now)
                var object = JSONObject()
                if withStatus { object["container_id"] = .string(task.containerID) }
                object["executor_id"] = .string(task.info.taskID)
                object["executor_name"] = .string(SlaveViews.executorName(task))
                object["framework_id"] = .string(task.frameworkID)
                object["source"] = .string(task.info.taskID)
                object["statistics"] = statistics
                if withStatus {
                    object["status"] = .members([
                        "container_id": ["value": .string(task.containerID)],
                        "executor_pid": task.events.compactMap(\.pid).last.map { .number(Int($0)) },
                    ])
                }
                return .object(object)
            })
    }

    /// `/metrics/snapshot`: the keys of Mesos 1.11's agent.
    func metricsView() -> JSON {
        let (total, used) = (agent.resources, usedResources)
        let live = state.tasks.values.filter { !$0.isTerminal }
        let counters = state.counters
        func count(_ task: TaskState) -> Double { Double(live.count { $0.state == task }) }
        func ended(_ states: TaskState...) -> Double { Double(states.reduce(0) { $0 + (counters.ended[$1] ?? 0) }) }
        var values: [String: Double] = [
            "slave/registered": master == nil ? 0 : 1, "slave/uptime_secs": UnixTime.now() - started,
            "slave/recovery_errors": Double(counters.recoveryErrors), "slave/recovery_time_secs": recoveryTime,
            "slave/frameworks_active": Double(Set(live.map(\.frameworkID)).count), "slave/executors_running": Double(live.count),
            "slave/executors_registering": 0, "slave/executors_preempted": 0, "slave/executors_terminating": count(.killing),
            "slave/executors_terminated": Double(counters.ended.values.reduce(0, +)),
            "slave/executor_directory_max_allowed_age_secs": configuration.sandboxLife.seconds,
            "slave/container_launch_errors": Double(counters.launchErrors), "slave/valid_status_updates": Double(counters.updates),
            "slave/invalid_status_updates": 0, "slave/valid_framework_messages": 0, "slave/invalid_framework_messages": 0,
            "slave/tasks_staging": count(.staging), "slave/tasks_starting": count(.starting), "slave/tasks_running": count(.running),
            "slave/tasks_killing": count(.killing), "slave/tasks_finished": ended(.finished), "slave/tasks_failed": ended(.failed, .error),
            "slave/tasks_killed": ended(.killed), "slave/tasks_lost": ended(.lost, .dropped), "slave/tasks_gone": ended(.gone),
        ]
        for name in ["cpus", "mem", "disk", "gpus"] {
            let (all, taken) = (total.scalar(name), used.scalar(name))
            values["slave/\(name)_total"] = all
            values["slave/\(name)_used"] = taken
            values["slave/\(name)_percent"] = all > 0 ? taken / all : 0
            for kind in ["total", "used", "percent"] { values["slave/\(name)_revocable_\(kind)"] = 0 }
        }
        let pairs = values.map { ($0.key, JSON.double($0.value)) } + SlaveViews.systemMetrics()
        return .object(JSONObject(pairs.sorted { $0.0 < $1.0 }))
    }
}
