import ClusterCore
import JSON

/// All service instances of a datacenter at one moment.
public struct CatalogSnapshot: Sendable, Hashable {
    /// Sorted by service, node and id.
    public let instances: [ServiceInstance]

    /// A snapshot of these instances, in any order.
    public init(_ instances: [ServiceInstance]) { self.instances = instances.sorted(by: ServiceInstance.precedes) }

    /// Reads the answer of `/v1/internal/ui/nodes`: every node with its services and checks, at one raft index.
    init(nodeDump json: JSON) throws(ClusterError) {
        guard let nodes = json.array else { throw ClusterError(.invalid, "Consul's list of nodes is a \(json.kind), not an array") }
        var instances: [ServiceInstance] = []
        for node in nodes {
            guard let name = node["Node"]?.string, let address = node["Address"]?.string else {
                throw ClusterError(.invalid, "Consul lists a node without name or address")
            }
            let checks = HealthByService(node["Checks"]?.array ?? [])
            for service in node["Services"]?.array ?? [] {
                guard let id = service["ID"]?.string, let serviceName = service["Service"]?.string else {
                    throw ClusterError(.invalid, "Consul lists a service of \(name) without id or name")
                }
                let own = service["Address"]?.string ?? ""
                instances.append(
                    ServiceInstance(
                        service: serviceName, id: id, node: name, address: own.isEmpty ? address : own, port: service["Port"]?.int ?? 0,
                        tags: service["Tags"]?.textElements ?? [], meta: service["Meta"]?.textMembers ?? [:], health: checks.health(of: id))
                )
            }
        }
        self.init(instances)
    }

    /// The checks of one node.
    private struct HealthByService {
        private var ofNode = ServiceHealth.passing
        private var ofService: [String: ServiceHealth] = [:]

        init(_ checks: [JSON]) {
            for check in checks {
                // An unknown word can't mean health.
                let health = check["Status"]?.string.map { ServiceHealth(rawValue: $0) ?? .critical } ?? .critical
                let service = check["ServiceID"]?.string ?? ""
                if service.isEmpty {
                    ofNode = max(ofNode, health)
                } else {
                    ofService[service] = max(ofService[service] ?? .passing, health)
                }
            }
        }

        func health(of service: String) -> ServiceHealth { max(ofNode, ofService[service] ?? .passing) }
    }
}
