import ClusterCore
import Consul

/// What HAProxy shall serve: a pure function of the instances, the policy, and who had which name and port before.
struct RouteTable: Hashable {
    /// A server of a backend.
    struct Server: Hashable {
        let address: String
        let port: Int
        /// Its share of the requests beside the others of its backend, 0–256.
        var weight = 1
        /// `10.0.0.1:31000`
        var name: String { "\(address):\(port)" }
        /// As the configuration has it.
        var endpoint: String { HostPort(host: address, port: port).description }
    }

    /// What of a backend can't be changed while HAProxy runs: a change of it takes a reload.
    struct Shape: Hashable {
        var mode: ServiceLabels.Mode
        /// Ports that lead to it.
        var ports: [Int]
        /// True where a client stays with its server by a cookie.
        var isSticky = false
    }

    /// A service that is published.
    struct Backend: Hashable {
        let service: String
        var shape: Shape
        /// Host names that lead to it.
        var hosts: [String]
        /// Passing instances, sorted.
        let servers: [Server]
        var mode: ServiceLabels.Mode { shape.mode }
        var ports: [Int] { shape.ports }
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

    private init(backends: [Backend], problems: [Problem], owners: Owners) {
        self.backends = backends
        self.problems = problems
        self.owners = owners
    }

    /// The part of it with these backends.
    func only(_ backends: [Backend]) -> RouteTable { RouteTable(backends: backends, problems: [], owners: owners) }

    /// True for instances that concern this load balancer.
    static func isRelevant(_ instance: ServiceInstance, _ policy: Policy) -> Bool {
        ServiceLabels.isPublished(instance, groups: policy.groups)
    }
}

/// Makes tables; keeps what services ask for, of which few change from one view to the next.
struct RouteTableMaker {
    let policy: RouteTable.Policy
    fileprivate var drafts: [String: (instances: ArraySlice<ServiceInstance>, draft: ServiceDraft?)] = [:]

    init(_ policy: RouteTable.Policy) { self.policy = policy }

    /// Decides.
    /// - Parameters:
    ///   - instances: sorted by service.
    ///   - busyPorts: finds out which of these ports another process of this host has, with what is known of it.
    mutating func table(
        _ instances: [ServiceInstance], before: RouteTable.Owners = .init(), busyPorts: (Set<Int>) -> [Int: String] = { _ in [:] }
    ) -> RouteTable {
        var next: [String: (instances: ArraySlice<ServiceInstance>, draft: ServiceDraft?)] = [:]
        next.reserveCapacity(drafts.count)
        var ordered: [ServiceDraft] = []
        ordered.reserveCapacity(drafts.count)
        var start = instances.startIndex
        while start < instances.endIndex {
            let service = instances[start].service
            let end = instances[start...].firstIndex { $0.service != service } ?? instances.endIndex
            let own = instances[start..<end]
            let draft = if let known = drafts[service], known.instances == own { known.draft } else { ServiceDraft(service, own, policy) }
            next[service] = (own, draft)
            if let draft { ordered.append(draft) }
            start = end
        }
        drafts = next
        let busy = busyPorts(Set(ordered.flatMap(\.backend.ports)))
        return RouteTable(ordered, policy: policy, before: before, busyPorts: busy)
    }
}

extension RouteTable {
    /// Decides, from instances in any order.
    init(_ instances: [ServiceInstance], policy: Policy, before: Owners = Owners(), busyPorts: [Int: String] = [:]) {
        var maker = RouteTableMaker(policy)
        self = maker.table(CatalogSnapshot(instances).instances, before: before) { _ in busyPorts }
    }

    /// Whoever had a name or a port keeps it; else the first by service name gets it. What others own is left out.
    fileprivate init(_ drafts: [ServiceDraft], policy: Policy, before: Owners, busyPorts: [Int: String]) {
        var owners = Owners()
        for draft in drafts {
            for host in draft.backend.hosts where owners.hosts[host] == nil || before.hosts[host] == draft.service {
                owners.hosts[host] = draft.service
            }
            for port in draft.backend.ports where !policy.reservedPorts.contains(port) && busyPorts[port] == nil {
                if owners.ports[port] == nil || before.ports[port] == draft.service { owners.ports[port] = draft.service }
            }
        }
        var backends: [Backend] = []
        backends.reserveCapacity(drafts.count)
        var problems: [Problem] = []
        for draft in drafts {
            problems += draft.problems
            if let backend = draft.backend(owners, policy, busyPorts, &problems) { backends.append(backend) }
        }
        self.init(
            backends: backends, problems: problems.sorted { ($0.service, $0.text) < ($1.service, $1.text) }, owners: owners)
    }
}

/// What a service asks for, before it is decided what it gets.
private struct ServiceDraft {
    let service: String
    let backend: RouteTable.Backend
    private(set) var problems: [RouteTable.Problem] = []

    /// Nil where no instance is meant for these groups.
    init?(_ service: String, _ instances: ArraySlice<ServiceInstance>, _ policy: RouteTable.Policy) {
        var texts: [String] = []
        var hosts: Set<String> = []
        var ports: Set<Int> = []
        var servers: Set<RouteTable.Server> = []
        var modes: Set<ServiceLabels.Mode> = []
        var isPublished = false
        for instance in instances {
            guard let labels = ServiceLabels(instance, groups: policy.groups) else { continue }
            isPublished = true
            texts += labels.problems
            hosts.formUnion(labels.hosts)
            if let port = labels.port { ports.insert(port) }
            modes.insert(labels.mode)
            guard instance.health == .passing else { continue }
            switch Self.server(instance) {
            case .success(let server): servers.insert(server)
            case .failure(let problem): texts.append(problem.text)
            }
        }
        guard isPublished else { return nil }
        // Without a port, the name below the domain is the only way to it.
        let isNamed = policy.domain != nil && ports.isEmpty
        // Host names want HTTP; instances of two versions may differ while one replaces the other.
        let mode: ServiceLabels.Mode = hosts.isEmpty && !modes.contains(.http) && !isNamed ? .tcp : .http
        if mode == .http, let domain = policy.domain {
            let name = "\(service).\(domain)".lowercased()
            if HostName.isValid(name) { hosts.insert(name) } else { texts.append("its name can't be part of a host name below \(domain)") }
        }
        self.service = service
        backend = RouteTable.Backend(
            service: service, shape: .init(mode: mode, ports: ports.sorted()), hosts: hosts.sorted(),
            servers: servers.sorted { ($0.address, $0.port) < ($1.address, $1.port) })
        var told: Set<String> = []
        problems = texts.filter { told.insert($0).inserted }.map { RouteTable.Problem(service: service, text: $0) }
    }

    private struct NoServer: Error { let text: String }

    private static func server(_ instance: ServiceInstance) -> Result<RouteTable.Server, NoServer> {
        guard (1...65535).contains(instance.port) else { return .failure(.init(text: "instance on \(instance.node) has no port")) }
        guard IPAddress.isValid(instance.address) || HostName.isValid(instance.address) else {
            return .failure(.init(text: "instance on \(instance.node) has no usable address"))
        }
        return .success(RouteTable.Server(address: instance.address, port: instance.port))
    }

    /// What it gets; nil where nothing leads to it.
    func backend(
        _ owners: RouteTable.Owners, _ policy: RouteTable.Policy, _ busyPorts: [Int: String], _ problems: inout [RouteTable.Problem]
    ) -> RouteTable.Backend? {
        var refused: [String] = []
        var own = backend
        let losesHost = backend.hosts.contains { owners.hosts[$0] != service }
        if losesHost {
            own.hosts = backend.hosts.filter { host in
                guard let owner = owners.hosts[host], owner != service else { return true }
                refused.append("host name \(host) belongs to service \(owner)")
                return false
            }
        }
        if backend.ports.contains(where: { owners.ports[$0] != service }) {
            own.shape.ports = backend.ports.filter { port in
                if policy.reservedPorts.contains(port) {
                    refused.append("port \(port) is reserved")
                } else if let user = busyPorts[port] {
                    refused.append("port \(port) is in use on this node \(user)")
                } else if let owner = owners.ports[port], owner != service {
                    refused.append("port \(port) belongs to service \(owner)")
                } else {
                    return true
                }
                return false
            }
        }
        let isReachable = !own.hosts.isEmpty || !own.ports.isEmpty
        if !isReachable {
            refused.append(
                "is in a published group but has neither a host name (HAPROXY_0_VHOST) nor a port (HAPROXY_0_PORT) to be reached by")
        }
        problems += refused.map { RouteTable.Problem(service: service, text: $0) }
        return isReachable ? own : nil
    }
}
