import ClusterCore
import JSON

/// All service instances of a datacenter at one moment.
public struct CatalogSnapshot: Sendable, Hashable {
    /// Sorted by service, node and id.
    public let instances: [ServiceInstance]

    /// A snapshot of these instances, in any order.
    public init(_ instances: [ServiceInstance]) { self.instances = instances.sorted(by: ServiceInstance.precedes) }
}

/// Reads the answers of `/v1/internal/ui/nodes` (every node with its services and checks, at one raft index), one after another. Of the
/// nodes that are told in the same bytes as before, the instances of before are taken: a change touches one of many.
struct NodeDumpReader: Sendable {
    /// Instances by their node's text, of which only a digest is kept.
    private var known: [Digest: [ServiceInstance]] = [:]

    /// Length and a seeded 64-bit hash: two texts of one node share it by chance once in 10^19 changes.
    private struct Digest: Hashable {
        let count: Int
        let hash: Int
    }

    mutating func read(_ bytes: [UInt8]) throws(ClusterError) -> CatalogSnapshot {
        guard let elements = JSONElements.ranges(bytes) else {
            throw ClusterError(.invalid, "Consul's list of nodes is no JSON array")
        }
        var next: [Digest: [ServiceInstance]] = [:]
        var instances: [ServiceInstance] = []
        for range in elements {
            let digest = bytes.withUnsafeBytes { all in
                var hasher = Hasher()
                hasher.combine(bytes: UnsafeRawBufferPointer(rebasing: all[range]))
                return Digest(count: range.count, hash: hasher.finalize())
            }
            let own: [ServiceInstance]
            if let before = known[digest] { own = before } else { own = try Self.node(bytes[range]) }
            next[digest] = own
            instances += own
        }
        known = next
        return CatalogSnapshot(instances)
    }

    private static func node(_ bytes: ArraySlice<UInt8>) throws(ClusterError) -> [ServiceInstance] {
        let node: JSON
        do throws(JSONParseError) {
            node = try JSON(parsing: bytes)
        } catch {
            throw ClusterError(.invalid, "Consul's answer is not JSON", cause: error)
        }
        guard let name = node["Node"]?.string, let address = node["Address"]?.string else {
            throw ClusterError(.invalid, "Consul lists a node without name or address")
        }
        let checks = HealthByService(node["Checks"]?.array ?? [])
        var instances: [ServiceInstance] = []
        for service in node["Services"]?.array ?? [] {
            guard let id = service["ID"]?.string, let serviceName = service["Service"]?.string else {
                throw ClusterError(.invalid, "Consul lists a service of \(name) without id or name")
            }
            let own = service["Address"]?.string ?? ""
            instances.append(
                ServiceInstance(
                    service: serviceName, id: id, node: name, address: own.isEmpty ? address : own, port: service["Port"]?.int ?? 0,
                    tags: service["Tags"]?.textElements ?? [], meta: service["Meta"]?.textMembers ?? [:], health: checks.health(of: id)))
        }
        return instances
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
