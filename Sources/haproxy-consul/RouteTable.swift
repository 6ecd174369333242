import ClusterCore
import Consul

/// What HAProxy shall serve: a pure function of the instances, the policy, and who had which name and port before.
struct RouteTable: Hashable {
    /// A server of a backend.
    struct Server: Hashable {
        let address: String
        let port: Int
        /// `10.0.0.1:31000`
        var name: String { "\(address):\(port)" }
        /// As the configuration has it.
        var endpoint: String { HostPort(host: address, port: port).description }
    }

    /// A service that is published.
    struct Backend: Hashable {
        let service: String
        let mode: ServiceLabels.Mode
        /// Host names that lead to it.
        var hosts: [String]
        /// Ports that lead to it.
        var ports: [Int]
        /// Passing instances, sorted.
        let servers: [Server]
        /// `web`, with all but letters, digits, `-` and `.` encoded.
        var name: String { "service_\(HostName.proxyName(service))" }
    }

    /// Something about a service that its owner should know.
    struct Problem: Hashable {
        let service: String
        let text: String
    }

    /// Which service has a host name or a port: whoever had it keeps it.
    struct Owners: Hashable {
        var hosts: [String: String] = [:]
        var ports: [Int: String] = [:]
    }

    /// What operators decide.
    struct Policy: Hashable {
        var groups: Set<String> = ["external"]
        var domain: String?
        var reservedPorts: Set<Int> = []
    }

    /// Sorted by service.
    let backends: [Backend]
    /// Sorted by service.
    let problems: [Problem]
    /// To be given to the next table.
    let owners: Owners

    /// True for instances that concern this load balancer.
    static func isRelevant(_ instance: ServiceInstance, _ policy: Policy) -> Bool {
        ServiceLabels(instance, groups: policy.groups) != nil
    }
}

extension RouteTable {
    /// Decides.
    /// - Parameters:
    ///   - busyPorts: ports that another process of this host has, with what is known of it.
    init(_ instances: [ServiceInstance], policy: Policy, before: Owners = Owners(), busyPorts: [Int: String] = [:]) {
        var builder = RouteTableBuilder(policy: policy, busyPorts: busyPorts)
        let services = Dictionary(grouping: instances, by: \.service).sorted { $0.key < $1.key }
        let drafts = services.compactMap { builder.draft($0.key, $0.value) }
        builder.decideOwners(drafts, before: before)
        backends = drafts.compactMap { builder.finish($0) }
        problems = builder.problems.sorted { ($0.service, $0.text) < ($1.service, $1.text) }
        owners = builder.owners
    }
}

/// Puts a table together.
private struct RouteTableBuilder {
    let policy: RouteTable.Policy
    let busyPorts: [Int: String]
    var owners = RouteTable.Owners()
    var problems: [RouteTable.Problem] = []

    /// What a service asks for.
    mutating func draft(_ service: String, _ instances: [ServiceInstance]) -> RouteTable.Backend? {
        var hosts: Set<String> = []
        var ports: Set<Int> = []
        var servers: Set<RouteTable.Server> = []
        var modes: Set<ServiceLabels.Mode> = []
        var isPublished = false
        for instance in instances {
            guard let labels = ServiceLabels(instance, groups: policy.groups) else { continue }
            isPublished = true
            for text in labels.problems { report(service, text) }
            hosts.formUnion(labels.hosts)
            if let port = labels.port { ports.insert(port) }
            modes.insert(labels.mode)
            if instance.health == .passing, let server = server(instance) { servers.insert(server) }
        }
        guard isPublished else { return nil }
        // Host names want HTTP; instances of two versions may differ while one replaces the other.
        let mode: ServiceLabels.Mode = hosts.isEmpty && !modes.contains(.http) ? .tcp : .http
        if mode == .http, let domain = policy.domain { addDomainName(service, domain, &hosts) }
        return RouteTable.Backend(
            service: service, mode: mode, hosts: hosts.sorted(), ports: ports.sorted(),
            servers: servers.sorted { ($0.address, $0.port) < ($1.address, $1.port) })
    }

    private mutating func addDomainName(_ service: String, _ domain: String, _ hosts: inout Set<String>) {
        let name = "\(service).\(domain)".lowercased()
        if HostName.isValid(name) { hosts.insert(name) } else { report(service, "its name can't be part of a host name below \(domain)") }
    }

    private mutating func server(_ instance: ServiceInstance) -> RouteTable.Server? {
        guard (1...65535).contains(instance.port) else {
            report(instance.service, "instance on \(instance.node) has no port")
            return nil
        }
        guard IPAddress.isValid(instance.address) || HostName.isValid(instance.address) else {
            report(instance.service, "instance on \(instance.node) has no usable address")
            return nil
        }
        return RouteTable.Server(address: instance.address, port: instance.port)
    }

    /// Whoever had a name or a port keeps it; else the first by service name gets it.
    mutating func decideOwners(_ drafts: [RouteTable.Backend], before: RouteTable.Owners) {
        for draft in drafts {
            for host in draft.hosts where owners.hosts[host] == nil || before.hosts[host] == draft.service {
                owners.hosts[host] = draft.service
            }
            for port in draft.ports where !policy.reservedPorts.contains(port) && busyPorts[port] == nil {
                if owners.ports[port] == nil || before.ports[port] == draft.service { owners.ports[port] = draft.service }
            }
        }
    }

    /// Leaves out what others own.
    mutating func finish(_ draft: RouteTable.Backend) -> RouteTable.Backend? {
        var backend = draft
        backend.hosts = draft.hosts.filter { host in
            guard let owner = owners.hosts[host], owner != draft.service else { return true }
            report(draft.service, "host name \(host) belongs to service \(owner)")
            return false
        }
        backend.ports = draft.ports.filter { port in
            if policy.reservedPorts.contains(port) {
                report(draft.service, "port \(port) is reserved")
                return false
            }
            if let user = busyPorts[port] {
                report(draft.service, "port \(port) is in use on this node \(user)")
                return false
            }
            guard let owner = owners.ports[port], owner != draft.service else { return true }
            report(draft.service, "port \(port) belongs to service \(owner)")
            return false
        }
        guard !backend.hosts.isEmpty || !backend.ports.isEmpty else {
            report(
                draft.service,
                "is in a published group but has neither a host name (HAPROXY_0_VHOST) nor a port (HAPROXY_0_PORT) to be reached by")
            return nil
        }
        return backend
    }

    private mutating func report(_ service: String, _ text: String) {
        let problem = RouteTable.Problem(service: service, text: text)
        if !problems.contains(problem) { problems.append(problem) }
    }
}
