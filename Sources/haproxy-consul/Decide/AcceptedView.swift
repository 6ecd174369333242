import ClusterCore
import Consul
import JSON

/// What is believed of the services: kept on disk, so that a restart serves the same before Consul answers.
struct AcceptedView: Hashable, Sendable {
    /// The instances that concern this load balancer, sorted as in a snapshot.
    var instances: [ServiceInstance] = []
    /// Consul's raft index that it is from; 0 for none.
    var index: UInt64 = 0
    /// Who had which host name and port.
    var owners = RouteTable.Owners()

    var json: JSON {
        let services = instances.map { instance -> JSON in
            [
                "service": .string(instance.service), "id": .string(instance.id), "node": .string(instance.node),
                "address": .string(instance.address), "port": .number(instance.port), "tags": .array(instance.tags.map { .string($0) }),
                "meta": .object(JSONObject(instance.meta.sorted { $0.key < $1.key }.map { ($0.key, JSON.string($0.value)) })),
                "health": .string(instance.health.rawValue),
            ]
        }
        return [
            "format": 1, "index": .int(Int64(clamping: index)), "instances": .array(services),
            "hosts": .object(JSONObject(owners.hosts.sorted { $0.key < $1.key }.map { ($0.key, JSON.string($0.value)) })),
            "ports": .object(JSONObject(owners.ports.sorted { $0.key < $1.key }.map { (String($0.key), JSON.string($0.value)) })),
        ]
    }

    init() {}

    /// Reads what `json` wrote.
    init(json: JSON) throws(ClusterError) {
        guard json["format"]?.int == 1, let services = json["instances"]?.array else {
            throw ClusterError(.invalid, "the last good view has another format: remove the file to begin without it")
        }
        index = UInt64(clamping: json["index"]?.int ?? 0)
        for entry in services {
            guard let service = entry["service"]?.string, let id = entry["id"]?.string, let node = entry["node"]?.string,
                let address = entry["address"]?.string, let port = entry["port"]?.int
            else { throw ClusterError(.invalid, "the last good view has an instance without service, id, node, address or port") }
            var meta: [String: String] = [:]
            for (key, value) in entry["meta"]?.object ?? [:] { meta[key] = value.string }
            instances.append(
                ServiceInstance(
                    service: service, id: id, node: node, address: address, port: port,
                    tags: entry["tags"]?.array?.compactMap(\.string) ?? [], meta: meta,
                    health: entry["health"]?.string.flatMap(ServiceHealth.init) ?? .passing))
        }
        for (host, service) in json["hosts"]?.object ?? [:] { owners.hosts[host] = service.string }
        for (port, service) in json["ports"]?.object ?? [:] { if let port = Int(port) { owners.ports[port] = service.string } }
    }
}
