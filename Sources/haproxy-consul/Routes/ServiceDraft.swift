import ClusterCore
import Consul

/// What a service asks for, before it is decided what it gets.
struct ServiceDraft {
    let service: String
    let backend: RouteTable.Backend
    let problems: [RouteTable.Problem]
    /// A head that HAProxy has not been asked about.
    private(set) var unchecked: RouteTable.HeadCheck?
    /// True where nothing of it is published.
    private var isRefused = false

    /// Nil where no instance is meant for these groups.
    ///
    /// Instances of two versions may differ while one replaces the other: host names and ports of all count; how they are served is
    /// what the first passing one says.
    init?(_ service: String, _ instances: ArraySlice<ServiceInstance>, _ policy: RouteTable.Policy, _ known: RouteTable.Known) {
        var texts: [String] = []
        var hosts: Set<String> = []
        var names: Set<String> = []
        var ports: Set<Int> = []
        var servers: [String: RouteTable.Server] = [:]
        var modes: Set<ServiceLabels.Mode> = []
        var isTCP = false
        var wantsPort = false
        var wantsName = false
        var options: (isPassing: Bool, options: ServiceOptions)?
        var isPublished = false
        for instance in instances {
            guard let labels = ServiceLabels(instance, policy: policy, known: known) else { continue }
            isPublished = true
            texts += labels.problems
            guard !labels.isRefused else { continue }
            hosts.formUnion(labels.hosts)
            names.formUnion(labels.names)
            if let mode = labels.mode { modes.insert(mode) }
            if labels.port != nil { wantsPort = true }
            if labels.wantsName { wantsName = true }
            if labels.mode == .tcp { isTCP = true }
            if let port = labels.port, !labels.refusesPort { ports.insert(port) }
            let isPassing = instance.health == .passing
            if options == nil || isPassing && options?.isPassing == false { options = (isPassing, labels.options) }
            guard isPassing else { continue }
            switch Self.server(instance, weight: labels.weight) {
            case .success(let server):
                // Two registrations of one endpoint are one server.
                if (servers[server.name]?.weight ?? -1) < server.weight { servers[server.name] = server }
            case .failure(let problem): texts.append(problem.text)
            }
        }
        guard isPublished else { return nil }
        // Without a port, the name below the domain is the only way to it.
        let isNamed = policy.domain != nil && !wantsPort && !isTCP && options != nil
        let isHTTP = !hosts.isEmpty || !names.isEmpty || modes.contains(.http) || isNamed || wantsName
        if isHTTP, options != nil, let domain = policy.domain {
            for label in names.isEmpty ? [service] : Array(names) {
                let name = "\(label).\(domain)".lowercased()
                if HostName.isValid(name) {
                    hosts.insert(name)
                } else {
                    texts.append("its name can't be part of a host name below \(domain)")
                }
            }
        }
        self.service = service
        var shape = RouteTable.Shape(mode: isHTTP ? .http : .tcp, ports: ports.sorted(), options: options?.options ?? ServiceOptions())
        shape.fit(policy, &texts)
        if shape.options.hasHead {
            let check = RouteTable.HeadCheck(shape)
            switch known.heads[check] {
            case "": break
            case let reason?:
                texts.append("HAProxy refuses its head, so it is not published: \(reason)")
                isRefused = true
            case nil:
                texts.append("its head was not checked yet, so it is not published")
                unchecked = check
                isRefused = true
            }
        }
        backend = RouteTable.Backend(
            service: service, shape: shape, hosts: hosts.sorted(),
            servers: servers.values.sorted { ($0.address, $0.port) < ($1.address, $1.port) })
        isRefused = isRefused || options == nil
        var told: Set<String> = []
        problems = texts.filter { told.insert($0).inserted }.map { RouteTable.Problem(service: service, text: $0) }
    }

    /// What it asks to own; nothing where it is not published.
    var claims: (hosts: [String], ports: [Int]) { isRefused ? ([], []) : (backend.hosts, backend.ports) }

    private struct NoServer: Error { let text: String }

    private static func server(_ instance: ServiceInstance, weight: Int) -> Result<RouteTable.Server, NoServer> {
        guard (1...65535).contains(instance.port) else { return .failure(.init(text: "instance on \(instance.node) has no port")) }
        guard IPAddress.isValid(instance.address) || HostName.isValid(instance.address) else {
            return .failure(.init(text: "instance on \(instance.node) has no usable address"))
        }
        return .success(RouteTable.Server(address: instance.address, port: instance.port, weight: weight))
    }

    /// What it gets; nil where nothing leads to it.
    func backend(
        _ owners: RouteTable.Owners, _ policy: RouteTable.Policy, _ busyPorts: [Int: String], _ problems: inout [RouteTable.Problem]
    ) -> RouteTable.Backend? {
        guard !isRefused else { return nil }
        var refused: [String] = []
        var own = backend
        let losesHost = backend.hosts.contains { owners.hosts[$0] != service }
        if losesHost {
            own.hosts = backend.hosts.filter { host in
                if policy.isReserved(host) {
                    refused.append("host name \(host) is reserved")
                    return false
                }
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

extension RouteTable.HeadCheck {
    /// The check of a service's sections, whatever its ports and certificate.
    init(_ shape: RouteTable.Shape) {
        var options = shape.options
        options.certificate = nil
        self.init(mode: shape.mode, options: options)
    }
}

extension RouteTable.Shape {
    /// Takes away what does not fit the mode, or has no effect here: it would only cost a reload.
    fileprivate mutating func fit(_ policy: RouteTable.Policy, _ texts: inout [String]) {
        if mode == .tcp {
            if options.isSticky {
                texts.append("STICKY needs HTTP and has no effect in TCP; BALANCE source keeps a client's address at its server")
                options.isSticky = false
            }
            if options.balance == .uri {
                texts.append("BALANCE uri needs HTTP and has no effect in TCP")
                options.balance = .roundrobin
            }
            options.redirectsToHTTPS = false
            options.claimsHTTPS = false
        }
        if ports.isEmpty {
            if options.certificate != nil, policy.httpsPort == nil {
                texts.append("SSL_CERT has no effect: it has no port of its own, and there is no HTTPS by host name (HAPROXY_HTTPS_PORT)")
            }
            options.certificate = nil
            if !options.frontendHead.isEmpty {
                texts.append("FRONTEND_HEAD has no effect: it has no port of its own")
                options.frontendHead = []
            }
        }
    }
}
