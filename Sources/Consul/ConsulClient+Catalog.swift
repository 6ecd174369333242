public import ClusterCore
import HTTPClient
import JSON

/// A node of the datacenter.
public struct CatalogNode: Sendable, Hashable {
    /// Its name.
    public let name: String
    /// Its address.
    public let address: String
}

extension ConsulClient {
    /// Names of all services, each with the tags of its instances.
    public func services() async throws(ClusterError) -> [String: [String]] {
        let json = try await require("GET", "/v1/catalog/services").json()
        var out: [String: [String]] = [:]
        for (name, tags) in json.object ?? [:] { out[name] = tags.textElements }
        return out
    }

    /// All nodes.
    public func nodes() async throws(ClusterError) -> [CatalogNode] {
        let list = try await require("GET", "/v1/catalog/nodes").json().array ?? []
        return list.compactMap { node in
            guard let name = node["Node"]?.string, let address = node["Address"]?.string else { return nil }
            return CatalogNode(name: name, address: address)
        }
    }

    /// Instances of one service.
    public func instances(of service: String, tag: String? = nil, passingOnly: Bool = false) async throws(ClusterError) -> [ServiceInstance]
    {
        var query: [(String, String?)] = []
        if let tag { query.append(("tag", tag)) }
        if passingOnly { query.append(("passing", nil)) }
        let list = try await require("GET", "/v1/health/service/\(PercentEncoding.component(service))", query: query).json().array ?? []
        return list.compactMap { entry in
            guard let node = entry["Node"]?["Node"]?.string, let nodeAddress = entry["Node"]?["Address"]?.string,
                let found = entry["Service"], let id = found["ID"]?.string
            else { return nil }
            let own = found["Address"]?.string ?? ""
            let states = entry["Checks"]?.array?.map { $0["Status"]?.string.flatMap(ServiceHealth.init) ?? .critical } ?? []
            return ServiceInstance(
                service: service, id: id, node: node, address: own.isEmpty ? nodeAddress : own, port: found["Port"]?.int ?? 0,
                tags: found["Tags"]?.textElements ?? [], meta: found["Meta"]?.textMembers ?? [:], health: states.max() ?? .passing)
        }.sorted(by: ServiceInstance.precedes)
    }

    /// Takes a service (or, without an id, a whole node) out of the catalog: for nodes whose agent is gone for good. A living agent
    /// registers its services again.
    public func deregisterFromCatalog(node: String, serviceID: String? = nil) async throws(ClusterError) {
        let body = JSON.members(["Node": .string(node), "ServiceID": serviceID.map { .string($0) }]).bytes()
        _ = try await require("PUT", "/v1/catalog/deregister", body: body)
    }
}
