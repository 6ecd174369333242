import JSON
import Mesos

/// The JSON of `/state` and its relatives, member for member in the order in which Mesos 1.11 writes it (a recording of a real
/// master; Mesos source, `master/readonly_handler.cpp`).
extension MasterState {
    /// `{"disk":…,"mem":…,"gpus":…,"cpus":…,"ports":"[…]"}`
    static func summary(_ resources: Resources) -> JSON {
        var object: JSONObject = [
            "disk": .double(resources.disk), "mem": .double(resources.mem), "gpus": .double(resources.gpus),
            "cpus": .double(resources.cpus),
        ]
        for item in resources where !["disk", "mem", "gpus", "cpus"].contains(item.name) && object[item.name] == nil {
            switch item.value {
            case .scalar: object[item.name] = .double(resources.scalar(item.name))
            case .ranges: object[item.name] = .string(item.name == "ports" ? resources.ports.description : item.text)
            case .set(let names): object[item.name] = .string("{\(names.sorted().joined(separator: ", "))}")
            }
        }
        return .object(object)
    }

    /// Only what is there, for roles: `{"cpus":0.2,"mem":64.0}`
    static func brief(_ resources: Resources) -> JSON {
        var object = JSONObject()
        for item in resources {
            switch item.value {
            case .scalar: object[item.name] = .double(resources.scalar(item.name))
            case .ranges(let ranges): object[item.name] = .string(ranges.description)
            case .set(let names): object[item.name] = .string("{\(names.sorted().joined(separator: ", "))}")
            }
        }
        return .object(object)
    }

    private static func reserved(_ resources: Resources) -> [(String, Resources)] {
        let roles = Set(resources.lazy.map(\.role)).subtracting(["*"]).sorted()
        return roles.map { role in (role, Resources(resources.filter { $0.role == role })) }
    }

    /// An agent, without the members that only `/slaves` has.
    func agentSummary(_ agent: MasterAgent) -> JSONObject {
        let total = agent.info.resources
        var attributes = JSONObject()
        for attribute in agent.info.attributes {
            if case .scalar(let number) = attribute.value {
                attributes[attribute.name] = .double(number.double)
            } else {
                attributes[attribute.name] = .string(attribute.text)
            }
        }
        var object: JSONObject = [
            "id": .string(agent.id), "hostname": .string(agent.info.hostname), "port": .number(agent.info.port),
            "attributes": .object(attributes), "pid": .string(agent.pid), "registered_time": .double(agent.registeredTime),
        ]
        if let time = agent.reregisteredTime { object["reregistered_time"] = .double(time) }
        object["resources"] = Self.summary(total)
        object["used_resources"] = Self.summary(agent.used)
        object["offered_resources"] = Self.summary(agent.offered)
        object["reserved_resources"] = .object(JSONObject(Self.reserved(total).map { ($0.0, Self.summary($0.1)) }))
        object["unreserved_resources"] = Self.summary(Resources(total.filter { $0.role == "*" }))
        object["active"] = .bool(agent.isConnected)
        object["deactivated"] = false
        object["version"] = .string(EmbeddedMesosVersion.version)
        object["capabilities"] = .array(EmbeddedMesosVersion.agentCapabilities.map { .string($0) })
        return object
    }

    private func agentFull(_ agent: MasterAgent) -> JSON {
        var object = agentSummary(agent)
        let total = agent.info.resources
        object["reserved_resources_full"] = .object(JSONObject(Self.reserved(total).map { ($0.0, $0.1.json()) }))
        object["unreserved_resources_full"] = Resources(total.filter { $0.role == "*" }).json()
        object["used_resources_full"] = agent.used.json()
        object["offered_resources_full"] = agent.offered.json()
        return .object(object)
    }

    /// Agents in the order of their registration.
    var orderedAgents: [MasterAgent] { agents.values.sorted { ($0.registeredTime, $0.id) < ($1.registeredTime, $1.id) } }
    /// Frameworks in the order of their registration.
    var orderedFrameworks: [MasterFramework] { frameworks.values.sorted { ($0.registeredTime, $0.id) < ($1.registeredTime, $1.id) } }

    /// `/slaves`
    func slavesView(only id: String?) -> JSON {
        let list = orderedAgents.filter { id == nil || $0.id == id }
        return ["slaves": .array(list.map(agentFull)), "recovered_slaves": .array(recoveredView)]
    }

    private var recoveredView: [JSON] { recoveredAgents.keys.sorted().map { ["id": .string($0)] } }

    private func frameworkSummary(_ framework: MasterFramework) -> JSONObject {
        [
            "id": .string(framework.id), "name": .string(framework.info.name), "used_resources": Self.summary(framework.used),
            "offered_resources": Self.summary(offered(to: framework.id)),
            "capabilities": .array(framework.info.capabilities.map { .string($0) }), "hostname": .string(framework.info.hostname ?? ""),
            "webui_url": .string(framework.info.webuiURL ?? ""), "active": .bool(framework.isConnected),
            "connected": .bool(framework.isConnected), "recovered": .bool(framework.isRecovered),
        ]
    }

    private func offered(to frameworkID: String) -> Resources {
        offers.values.lazy.filter { $0.offer.frameworkID == frameworkID }.reduce(Resources([])) { $0 + $1.offer.resources }
    }

    private func frameworkFull(_ framework: MasterFramework) -> JSON {
        var object = frameworkSummary(framework)
        object["user"] = .string(framework.info.user)
        object["failover_timeout"] = .double(framework.info.failoverTimeout)
        object["checkpoint"] = .bool(framework.info.checkpoint)
        object["registered_time"] = .double(framework.registeredTime)
        object["unregistered_time"] = .double(framework.unregisteredTime ?? 0)
        if let principal = framework.info.principal ?? framework.principal { object["principal"] = .string(principal) }
        object["resources"] = Self.summary(framework.used + offered(to: framework.id))
        if framework.info.capabilities.contains("MULTI_ROLE") {
            object["roles"] = .array(framework.roles.map { .string($0) })
        } else {
            object["role"] = .string(framework.info.role ?? "*")
        }
        if let time = framework.reregisteredTime { object["reregistered_time"] = .double(time) }
        object["tasks"] = .array(framework.orderedTasks.map(\.classicJSON))
        object["unreachable_tasks"] = .array(framework.unreachableTasks.map(\.classicJSON))
        object["completed_tasks"] = .array(framework.completedTasks.map(\.classicJSON))
        let own = offers.values.filter { $0.offer.frameworkID == framework.id }.sorted { $0.number < $1.number }
        object["offers"] = .array(
            own.map {
                [
                    "id": .string($0.offer.id), "framework_id": .string(framework.id),
                    "allocation_info": ["role": .string($0.offer.role ?? "*")], "slave_id": .string($0.offer.agentID),
                    "resources": Self.summary($0.offer.resources),
                ]
            })
        object["executors"] = []
        if !framework.info.labels.isEmpty { object["labels"] = framework.info.labels.listJSON }
        object["offer_constraints"] = [:]
        return .object(object)
    }

    /// `/frameworks`
    func frameworksView(only id: String?) -> JSON {
        [
            "frameworks": .array(orderedFrameworks.filter { id == nil || $0.id == id }.map(frameworkFull)),
            "completed_frameworks": .array(completedFrameworks.filter { id == nil || $0.id == id }.map(frameworkFull)),
            "unregistered_frameworks": [],
        ]
    }

    /// The part of `/state` that depends on this state; `MasterViews` puts the process's own part before it.
    func stateView(into object: inout JSONObject) {
        object["slaves"] = .array(orderedAgents.map { .object(agentSummary($0)) })
        object["recovered_slaves"] = .array(recoveredView)
        object["frameworks"] = .array(orderedFrameworks.map(frameworkFull))
        object["completed_frameworks"] = .array(completedFrameworks.map(frameworkFull))
        object["orphan_tasks"] = []
        object["unregistered_frameworks"] = []
    }

    /// `/tasks`: newest first unless `ascending`.
    func tasksView(limit: Int, offset: Int, ascending: Bool, frameworkID: String?, taskID: String?) -> JSON {
        var tasks = (frameworks.values.map { $0 } + completedFrameworks).flatMap {
            $0.tasks.values + $0.unreachableTasks + $0.completedTasks
        }
        tasks = tasks.filter { (frameworkID == nil || $0.frameworkID == frameworkID) && (taskID == nil || $0.info.taskID == taskID) }
        func start(_ task: MasterTask) -> Double { task.statuses.first?.timestamp ?? .infinity }
        tasks.sort { left, right in
            let (a, b) = (start(left), start(right))
            let isLess = a == b ? left.number < right.number : a < b
            return ascending ? isLess : !isLess && (a != b || left.number != right.number)
        }
        let rest = tasks.dropFirst(max(0, offset))
        return ["tasks": .array((limit < 0 ? rest : rest.prefix(limit)).map(\.classicJSON))]
    }

    private static let countedStates: [TaskState] = [
        .staging, .starting, .running, .killing, .finished, .killed, .failed, .lost, .error, .unreachable,
    ]

    private func count(_ tasks: [MasterTask], into object: inout JSONObject) {
        for state in Self.countedStates { object[state.rawValue] = .number(tasks.count { $0.state == state }) }
    }

    /// `/state-summary`
    func summaryView(cluster: String?) -> JSON {
        let running = frameworks.values.flatMap { $0.tasks.values }
        let all = frameworks.values.flatMap { $0.tasks.values + $0.unreachableTasks + $0.completedTasks }
        let agentsJSON = orderedAgents.map { agent -> JSON in
            var object = agentSummary(agent)
            count(all.filter { $0.agentID == agent.id }, into: &object)
            let ids = Set(running.lazy.filter { $0.agentID == agent.id }.map(\.frameworkID)).sorted()
            object["framework_ids"] = .array(ids.map { .string($0) })
            return .object(object)
        }
        let frameworksJSON = orderedFrameworks.map { framework -> JSON in
            var object = frameworkSummary(framework)
            count(all.filter { $0.frameworkID == framework.id }, into: &object)
            let ids = Set(running.lazy.filter { $0.frameworkID == framework.id }.map(\.agentID)).sorted()
            object["slave_ids"] = .array(ids.map { .string($0) })
            return .object(object)
        }
        return .members([
            "hostname": .string(master.hostname), "cluster": cluster.map(JSON.string), "slaves": .array(agentsJSON),
            "frameworks": .array(frameworksJSON),
        ])
    }

    /// Roles that are in use, `*` always among them.
    private var roleNames: [String] { Set(frameworks.values.flatMap(\.roles) + limits.weights.keys + ["*"]).sorted() }

    private func allocated(_ role: String) -> (used: Resources, offered: Resources) {
        let used = frameworks.values.flatMap { $0.tasks.values }.filter { $0.isActive && $0.role == role }
        let out = offers.values.filter { $0.offer.role == role }
        return (used.reduce(Resources([])) { $0 + $1.resources }, out.reduce(Resources([])) { $0 + $1.offer.resources })
    }

    /// `/roles`
    func rolesView() -> JSON {
        let list = roleNames.map { role -> JSON in
            let (used, offered) = allocated(role)
            let ids = orderedFrameworks.filter { $0.roles.contains(role) }.map { JSON.string($0.id) }
            return [
                "name": .string(role), "weight": .double(limits.weights[role] ?? 1),
                "quota": ["role": .string(role), "guarantee": [:], "limit": [:], "consumed": Self.brief(used)],
                "resources": Self.brief(used + offered), "allocated": Self.brief(used), "offered": Self.brief(offered), "reserved": [:],
                "frameworks": .array(ids),
            ]
        }
        return ["roles": .array(list)]
    }

    /// The operator API's GET_ROLES.
    func operatorRoles() -> JSON {
        let list = roleNames.map { role -> JSON in
            let (used, offered) = allocated(role)
            let ids = orderedFrameworks.filter { $0.roles.contains(role) }.map { JSON.members(["value": .string($0.id)]) }
            return .members([
                "name": .string(role), "weight": .double(limits.weights[role] ?? 1), "frameworks": ids.isEmpty ? nil : .array(ids),
                "resources": (used + offered).isEmpty ? nil : (used + offered).allocated(to: nil).json(withRole: false),
            ])
        }
        return ["roles": .array(list)]
    }
}

extension MasterTask {
    /// The task as `/state` and `/tasks` write it.
    var classicJSON: JSON {
        let statuses = statuses.map { status -> JSON in
            var container = status.containerStatus?.object
            container?["executor_pid"] = nil
            return .members([
                "state": .string(status.state.rawValue), "timestamp": .double(status.timestamp ?? 0),
                "labels": status.labels.isEmpty ? nil : status.labels.listJSON, "container_status": container.map(JSON.object),
                "healthy": status.healthy.map(JSON.bool),
            ])
        }
        return .members([
            "id": .string(info.taskID), "name": .string(info.name), "framework_id": .string(frameworkID), "executor_id": "",
            "slave_id": .string(agentID), "state": .string(state.rawValue), "resources": MasterState.summary(info.resources),
            "role": .string(role), "statuses": .array(statuses), "user": info.command?.user.map(JSON.string),
            "labels": info.labels.isEmpty ? nil : info.labels.listJSON, "discovery": info.json["discovery"],
            "container": info.json["container"], "health_check": info.json["health_check"],
        ])
    }
}
