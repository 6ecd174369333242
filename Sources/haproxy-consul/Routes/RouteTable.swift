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
        /// How it wants to be served.
        var options = ServiceOptions()
        /// True where a client stays with its server by a cookie.
        var isSticky: Bool { options.isSticky }
    }

    /// A service that is published.
    struct Backend: Hashable {
        let service: String
        var shape: Shape
        /// Host names that lead to it, each with the path below it that is meant, where one is: `web.test/api`.
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
        /// The port of HTTPS by host name; nil for none.
        var httpsPort: Int?
        /// Host names that no service may take.
        var reservedHosts: Set<String> = []
        /// True where labels may hold free lines of the configuration.
        var allowsHeads = false
    }

    /// Sorted by service.
    let backends: [Backend]
    /// Sorted by service.
    let problems: [Problem]
    /// To be given to the next table.
    let owners: Owners
    /// The certificates that are needed: digests of their contents by name.
    let certificates: [String: String]
    /// Heads that HAProxy has not been asked about; the services that hold them are left out.
    let unchecked: Set<HeadCheck>

    private init(
        backends: [Backend], problems: [Problem], owners: Owners, certificates: [String: String], unchecked: Set<HeadCheck> = []
    ) {
        self.backends = backends
        self.problems = problems
        self.owners = owners
        self.certificates = certificates
        self.unchecked = unchecked
    }

    /// The part of it with these backends.
    func only(_ backends: [Backend]) -> RouteTable {
        RouteTable(backends: backends, problems: [], owners: owners, certificates: certificates)
    }

    /// The same, but these services keep the shape that they are served with, with the servers of now; those that are not served are
    /// left out.
    func keeping(_ services: Set<String>, of served: RouteTable, keepsCertificates: Bool, _ more: [Problem]) -> RouteTable {
        var backends = backends.filter { !services.contains($0.service) }
        for old in served.backends where services.contains(old.service) {
            func isOwn(_ owner: String?) -> Bool { owner == nil || owner == old.service }
            // A port that it has given up, and another has by now, is not to be had by both.
            guard old.ports.allSatisfy({ isOwn(owners.ports[$0]) }) else { continue }
            let own = self.backends.first { $0.service == old.service }
            let hosts = own == nil ? [] : old.hosts.filter { isOwn(owners.hosts[$0]) }
            backends.append(Backend(service: old.service, shape: old.shape, hosts: hosts, servers: own?.servers ?? []))
        }
        backends.sort { $0.service < $1.service }
        var certificates = certificates
        if keepsCertificates {
            certificates = served.certificates.merging(certificates) { $1 }.filter { served.certificates[$0.key] != nil }
        }
        for name in backends.compactMap(\.shape.options.certificate) {
            certificates[name] = self.certificates[name] ?? served.certificates[name]
        }
        return RouteTable(
            backends: backends, problems: (problems + more).sorted { ($0.service, $0.text) < ($1.service, $1.text) }, owners: owners,
            certificates: certificates, unchecked: unchecked)
    }

    /// True for instances that concern this load balancer.
    static func isRelevant(_ instance: ServiceInstance, _ policy: Policy) -> Bool {
        ServiceLabels.isPublished(instance, groups: policy.groups)
    }
}

/// Makes tables; keeps what services ask for, of which few change from one view to the next.
struct RouteTableMaker {
    let policy: RouteTable.Policy
    var known = RouteTable.Known() {
        didSet { if known != oldValue { drafts = [:] } }
    }
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
            let draft =
                if let kept = drafts[service], kept.instances == own { kept.draft } else { ServiceDraft(service, own, policy, known) }
            next[service] = (own, draft)
            if let draft { ordered.append(draft) }
            start = end
        }
        drafts = next
        let busy = busyPorts(Set(ordered.flatMap(\.claims.ports)))
        return RouteTable(ordered, policy: policy, known: known, before: before, busyPorts: busy)
    }
}

extension RouteTable {
    /// Decides, from instances in any order.
    init(
        _ instances: [ServiceInstance], policy: Policy, known: Known = Known(), before: Owners = Owners(), busyPorts: [Int: String] = [:]
    ) {
        var maker = RouteTableMaker(policy)
        maker.known = known
        self = maker.table(CatalogSnapshot(instances).instances, before: before) { _ in busyPorts }
    }

    /// Whoever had a name or a port keeps it; else the first by service name gets it. What others own is left out.
    fileprivate init(_ drafts: [ServiceDraft], policy: Policy, known: Known, before: Owners, busyPorts: [Int: String]) {
        var owners = Owners()
        for draft in drafts {
            let claims = draft.claims
            for host in claims.hosts where !policy.isReserved(host) && (owners.hosts[host] == nil || before.hosts[host] == draft.service) {
                owners.hosts[host] = draft.service
            }
            for port in claims.ports where !policy.reservedPorts.contains(port) && busyPorts[port] == nil {
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
        var certificates = policy.httpsPort == nil ? [:] : known.certificates
        for name in backends.compactMap(\.shape.options.certificate) { certificates[name] = known.certificates[name] }
        self.init(
            backends: backends, problems: problems.sorted { ($0.service, $0.text) < ($1.service, $1.text) }, owners: owners,
            certificates: certificates, unchecked: Set(drafts.compactMap(\.unchecked)))
    }
}

extension RouteTable.Policy {
    /// True for a host name, with or without a path, that no service may take.
    func isReserved(_ route: String) -> Bool {
        !reservedHosts.isEmpty && reservedHosts.contains(String(route.prefix { $0 != "/" }))
    }
}
