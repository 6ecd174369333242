import ClusterCore
import Consul

/// What ought to be registered for one slave: a pure function of what Mesos says.
struct DesiredServices: Sendable, Hashable {
    /// By service id.
    var services: [String: ServiceRegistration] = [:]
    /// Labels that Consul can't take, each in a sentence.
    var problems: [String] = []
    private let rules: ServiceRules

    init(_ slave: MesosState.Slave, _ view: MesosView, rules: ServiceRules) {
        self.rules = rules
        add(follower(slave))
        for task in view.tasks(of: slave.id) where task.isRunning && task.isHealthy != false {
            if rules.filtersFrameworks, !(view.frameworks[task.frameworkID].map(rules.allows(framework:)) ?? false) { continue }
            add(task, on: slave)
        }
    }

    private mutating func add(_ service: ServiceRegistration) { services[service.id] = service }

    /// A name with dots (an app in a group, `web.shop`) is no DNS label: Consul's DNS takes what is before the last dot for a tag. So it is
    /// found as `web--shop`, too. Two hyphens: `web-shop` may be another app. It carries no labels, and so is no other service to publish.
    private mutating func addResolvable(_ service: ServiceRegistration, _ task: MesosState.Task) {
        let name = ServiceName.resolvable(service.name)
        guard name != service.name else { return }
        var alias = service
        alias.id += ":dns"
        alias.name = name
        alias.meta = identity(task)
        add(alias)
    }

    private func follower(_ slave: MesosState.Slave) -> ServiceRegistration {
        let url = "http://\(HostPort(host: slave.address, port: slave.port))/\(slave.process)/health"
        return ServiceRegistration(
            id: rules.slaveServiceID(slave.id), name: rules.hostName, address: slave.address, port: slave.port,
            tags: rules.tags(ofHost: ["follower"]), meta: ["slave_id": slave.id], checks: [Self.healthCheck(url)])
    }

    /// The service of a master.
    static func master(_ address: HostPort, isLeader: Bool, rules: ServiceRules) -> ServiceRegistration {
        ServiceRegistration(
            id: rules.masterID, name: rules.hostName, address: address.host, port: address.port,
            tags: rules.tags(ofHost: isLeader ? ["leader", "master"] : ["master"]), checks: [healthCheck("http://\(address)/health")])
    }

    private static func healthCheck(_ url: String) -> ServiceCheck {
        ServiceCheck(
            "health", name: "answers /health", probe: .http(url: url, interval: .seconds(10), timeout: .seconds(5)), initial: .passing)
    }

    /// One service for each port: the first has the task's name, the others `<name>-port<n>`, counted from 1; a port's own name is a tag.
    private mutating func add(_ task: MesosState.Task, on slave: MesosState.Slave) {
        let name = rules.name(of: task)
        guard !name.isEmpty else {
            problems.append("task \(task.id): its name can't be a service's name")
            return
        }
        guard rules.allows(task: name) else { return }
        let address = rules.address(of: task, on: slave)
        let tags = rules.tags(of: task, name: name)
        let id = "\(rules.idPrefix):\(task.frameworkID):\(task.id)"
        let ports = wanted(task)
        guard !ports.isEmpty else {
            let service = ServiceRegistration(
                id: id, name: name, address: address, tags: tags, meta: meta(task, labels: [:], index: 0),
                checks: checks(task, address, nil))
            add(service)
            return addResolvable(service, task)
        }
        for (index, port) in ports {
            let own = (port.name.map { $0.isEmpty ? [] : [$0] } ?? []) + ServiceRules.words(port.labels["tags"])
            let service = ServiceRegistration(
                id: "\(id):\(index)", name: index == 0 ? name : "\(name)-port\(index + 1)", address: address, port: port.number,
                tags: tags + own.filter { !tags.contains($0) }, meta: meta(task, labels: port.labels, index: index),
                checks: checks(task, address, port.number))
            add(service)
            addResolvable(service, task)
            // A further port with a name is found below the task's name too, by that tag. It carries no labels, and says what it is: a load
            // balancer must not take it for one more server of the first port's service.
            guard index > 0, let portName = port.name, !portName.isEmpty else { continue }
            let mark = ["named_port": ServiceName.isMeta("named_port", portName) ? portName : "true"]
            add(
                ServiceRegistration(
                    id: "\(id):\(index):named", name: name, address: address, port: port.number, tags: service.tags,
                    meta: identity(task).merging(mark) { $1 }, checks: checks(task, address, port.number)))
        }
    }

    /// The ports to register, each with its index: those that the label names, where there is one; all else.
    private func wanted(_ task: MesosState.Task) -> [(index: Int, port: MesosState.Port)] {
        let all = task.ports.enumerated().map { (index: $0.offset, port: $0.element) }
        guard let label = rules.portLabel, let text = task.labels[label] else { return all }
        let chosen = Set(ServiceRules.words(text).compactMap { Int($0) })
        return chosen.isEmpty ? all : all.filter { chosen.contains($0.index) }
    }

    /// `check_http` (with `{host}` and `{port}`) and `check_interval`, as the original reads them. A script would be run by Consul: refused.
    private mutating func checks(_ task: MesosState.Task, _ host: String, _ port: Int?) -> [ServiceCheck] {
        if task.labels["check_script"] != nil {
            problems.append("task \(task.name): label check_script has no effect: Consul's script checks are off")
        }
        guard let url = task.labels["check_http"] else { return [] }
        let full = url.replacing("{host}", host).replacing("{port}", port.map { String($0) } ?? "")
        guard full.hasPrefix("http://") || full.hasPrefix("https://") else {
            problems.append("task \(task.name): label check_http is no URL: \(url.prefix(100))")
            return []
        }
        let interval = task.labels["check_interval"].flatMap { Duration(text: $0) } ?? .seconds(10)
        return [
            ServiceCheck("task", name: "check_http", probe: .http(url: full, interval: max(interval, .seconds(1)), timeout: .seconds(5)))
        ]
    }

    /// Consul takes 64 pairs; the others are the bridge's own.
    private static let mostLabels = 60

    private mutating func meta(_ task: MesosState.Task, labels: [String: String], index: Int) -> [String: String] {
        var out: [String: String] = [:]
        for (key, value) in task.labels.merging(labels, uniquingKeysWith: { $1 }).sorted(by: { $0.key < $1.key }) {
            let reason: String? =
                if !ServiceName.isMeta(key, value) {
                    key.hasPrefix("consul-") ? "begins as Consul's own do" : "is too long or has other letters than Consul takes"
                } else if out.count == Self.mostLabels {
                    "is beyond the first \(Self.mostLabels) by name"
                } else {
                    nil
                }
            if let reason {
                problems.append("task \(task.name): label \(key.prefix(60)) \(reason); left out")
            } else {
                out[key] = value
            }
        }
        out.merge(identity(task)) { $1 }
        if index > 0 { out["port_index"] = String(index) }
        return out
    }

    private func identity(_ task: MesosState.Task) -> [String: String] {
        ["task_id": task.id, "framework_id": task.frameworkID, "slave_id": task.slaveID].filter { ServiceName.isMeta($0.key, $0.value) }
    }
}

extension String {
    fileprivate func replacing(_ part: String, _ other: String) -> String {
        var (out, rest) = ("", self[...])
        while let first = rest.first {
            if rest.hasPrefix(part) {
                out += other
                rest = rest.dropFirst(part.count)
            } else {
                out.append(first)
                rest = rest.dropFirst()
            }
        }
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
    /// - Parameter keeps: services that stay for now, though nothing asks for them.
    init(
        has: [String: ServiceRegistration], wants: [String: ServiceRegistration], rules: ServiceRules,
        keeps: (ServiceRegistration) -> Bool = { _ in false }
    ) {
        registrations = wants.values.filter { want in has[want.id].map { !Self.isSame($0, want) } ?? true }.sorted { $0.id < $1.id }
        deregistrations = has.values.filter { rules.owns($0.id) && wants[$0.id] == nil && !keeps($0) }.map(\.id).sorted()
    }

    /// An agent does not tell a service's checks with it; they follow from the rest.
    static func isSame(_ left: ServiceRegistration, _ right: ServiceRegistration) -> Bool {
        left.id == right.id && left.name == right.name && left.address == right.address && left.port == right.port
            && left.tags == right.tags
            && left.meta == right.meta
    }
}
