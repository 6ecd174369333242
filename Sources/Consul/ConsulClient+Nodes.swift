public import ClusterCore
import HTTPClient
import JSON

/// A node of the catalog with all that is registered there.
public struct NodeServices: Sendable, Hashable {
    /// The node's name.
    public let name: String
    /// The node's own address.
    public let address: String
    /// False where gossip has lost its agent.
    public let isAlive: Bool
    /// By service id. Checks are not told.
    public let services: [String: ServiceRegistration]

    /// Describes a node.
    public init(name: String, address: String, isAlive: Bool, services: [String: ServiceRegistration]) {
        self.name = name
        self.address = address
        self.isAlive = isAlive
        self.services = services
    }

    init?(_ json: JSON) {
        guard let name = json["Node"]?.string, let address = json["Address"]?.string else { return nil }
        var services: [String: ServiceRegistration] = [:]
        for service in json["Services"]?.array ?? [] {
            guard let id = service["ID"]?.string else { continue }
            services[id] = ServiceRegistration(
                id: id, name: service["Service"]?.string ?? "", address: service["Address"]?.string ?? "", port: service["Port"]?.int ?? 0,
                tags: service["Tags"]?.textElements ?? [], meta: service["Meta"]?.textMembers ?? [:])
        }
        let gossip = json["Checks"]?.array?.first { $0["CheckID"] == "serfHealth" }
        self.init(
            name: name, address: address, isAlive: gossip.map { $0["Status"]?.string == ServiceHealth.passing.rawValue } ?? true,
            services: services)
    }
}

extension ConsulClient {
    /// All nodes and what the catalog has of them, in one answer.
    public func nodeServices(timeout: Duration = .seconds(10)) async throws(ClusterError) -> [NodeServices] {
        let answer = try await require("GET", "/v1/internal/ui/nodes", timeout: timeout)
        guard answer.knowsLeader else { throw ClusterError(.unavailable, "Consul at \(address) has no leader") }
        return try answer.json().array?.compactMap(NodeServices.init) ?? []
    }
}
