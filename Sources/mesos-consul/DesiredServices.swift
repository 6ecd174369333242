import ClusterCore
import Consul

/// What ought to be registered, by the address of the Consul agent: a pure function of the master's state.
struct DesiredServices: Sendable, Hashable {
    /// Every id that the bridge owns begins with this.
    static let prefix = "mesos-consul:"
    /// The id of the master's own service, which the bridge beside it keeps, leading or not.
    static let masterID = "mesos-consul:master"

    /// By agent, then by service id. Each slave of the state has an entry, also with no task: what else the bridge owns there goes.
    var byAgent: [String: [String: ServiceRegistration]] = [:]
    /// Labels that Consul can't take, each in a sentence.
    var problems: [String] = []

    init(_ state: MesosState, serviceName: String) {
        var agents: [String: String] = [:]
        for slave in state.slaves {
            agents[slave.id] = slave.address
            byAgent[slave.address, default: [:]]["\(Self.prefix)slave:\(slave.id)"] = Self.follower(slave, serviceName)
        }
        for task in state.tasks where task.isHealthy != false {
            guard let agent = agents[task.slaveID] else { continue }
            for service in services(task, on: agent) { byAgent[agent, default: [:]][service.id] = service }
        }
    }

    private static func follower(_ slave: MesosState.Slave, _ name: String) -> ServiceRegistration {
        let url = "http://\(HostPort(host: slave.address, port: slave.port))/\(slave.process)/health"
        return ServiceRegistration(
            id: "\(prefix)slave:\(slave.id)", name: name, address: slave.address, port: slave.port, tags: ["follower"],
            checks: [healthCheck(url)])
    }

    /// The service of a master.
    static func master(_ address: HostPort, isLeader: Bool, serviceName: String) -> ServiceRegistration {
        ServiceRegistration(
            id: masterID, name: serviceName, address: address.host, port: address.port, tags: isLeader ? ["leader", "master"] : ["master"],
            checks: [healthCheck("http://\(address)/health")])
    }

    private static func healthCheck(_ url: String) -> ServiceCheck {
        ServiceCheck(
            "health", name: "answers /health", probe: .http(url: url, interval: .seconds(10), timeout: .seconds(5)), initial: .passing)
    }

    /// One service for each port: the first has the task's name, the others that and the port's.
    private mutating func services(_ task: MesosState.Task, on agent: String) -> [ServiceRegistration] {
        let given = task.labels["overrideTaskName"] ?? task.name
        let name = ServiceName.sanitized(given)
        guard !name.isEmpty else {
            problems.append("task \(task.id): its name can't be a service's name")
            return []
        }
        let tags = (task.labels["tags"] ?? "").split(separator: ",").map { String($0.filter { !$0.isWhitespace }) }.filter { !$0.isEmpty }
        let id = "\(Self.prefix)\(task.frameworkID):\(task.id)"
        guard !task.ports.isEmpty else {
            return [ServiceRegistration(id: id, name: name, address: agent, tags: tags, meta: meta(task, labels: [:], index: 0))]
        }
        return task.ports.enumerated().map { index, port in
            let suffix = index == 0 ? "" : "-\(ServiceName.sanitized(port.name ?? "port\(index)"))"
            return ServiceRegistration(
                id: "\(id):\(index)", name: name + suffix, address: agent, port: port.number, tags: tags,
                meta: meta(task, labels: port.labels, index: index))
        }
    }

    private mutating func meta(_ task: MesosState.Task, labels: [String: String], index: Int) -> [String: String] {
        var out: [String: String] = [:]
        for (key, value) in task.labels.merging(labels, uniquingKeysWith: { $1 }).sorted(by: { $0.key < $1.key }) {
            if ServiceName.isMeta(key, value), out.count < 60 {
                out[key] = value
            } else {
                problems.append("task \(task.name): label \(key.prefix(60)) is too long or has other letters than Consul takes; left out")
            }
        }
        out["task_id"] = ServiceName.isMeta("task_id", task.id) ? task.id : nil
        out["framework_id"] = task.frameworkID
        if index > 0 { out["port_index"] = String(index) }
        return out
    }
}

/// What to do at one agent.
struct ServiceDiff: Sendable, Hashable {
    /// Sorted by id.
    let registrations: [ServiceRegistration]
    /// Sorted.
    let deregistrations: [String]
    var isEmpty: Bool { registrations.isEmpty && deregistrations.isEmpty }

    /// Compares what an agent has with what it ought to have. Services of others are none of our business, nor is the master's.
    init(has: [String: ServiceRegistration], wants: [String: ServiceRegistration]) {
        registrations = wants.values.filter { want in
            guard let present = has[want.id] else { return true }
            // An agent does not tell a service's checks with it; they follow from the rest.
            var comparable = want
            comparable.checks = []
            var other = present
            other.checks = []
            return other != comparable
        }.sorted { $0.id < $1.id }
        deregistrations = has.keys.filter { id in
            id.hasPrefix(DesiredServices.prefix) && id != DesiredServices.masterID && wants[id] == nil
        }.sorted()
    }
}
