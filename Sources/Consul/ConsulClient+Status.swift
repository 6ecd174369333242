public import ClusterCore
import JSON

extension ConsulClient {
    /// The raft leader's server address; nil while there is none.
    public func leader(timeout: Duration = .seconds(5)) async throws(ClusterError) -> String? {
        let text = try await require("GET", "/v1/status/leader", timeout: timeout).json().string ?? ""
        return text.isEmpty ? nil : text
    }

    /// The servers' raft addresses.
    public func peers(timeout: Duration = .seconds(5)) async throws(ClusterError) -> [String] {
        try await require("GET", "/v1/status/peers", timeout: timeout).json().textElements
    }

    /// What the agent says of itself.
    public func agentSelf(timeout: Duration = .seconds(5)) async throws(ClusterError) -> AgentSelf {
        let json = try await require("GET", "/v1/agent/self", timeout: timeout).json()
        guard let config = json["Config"], let node = config["NodeName"]?.string else {
            throw ClusterError(.invalid, "Consul's /v1/agent/self names no node")
        }
        let consul = json["Stats"]?["consul"]
        return AgentSelf(
            nodeName: node, nodeID: config["NodeID"]?.string ?? "", datacenter: config["Datacenter"]?.string ?? "",
            version: config["Version"]?.string ?? "", isServer: config["Server"]?.bool ?? false,
            isLeader: consul?["leader"]?.string == "true", address: json["Member"]?["Addr"]?.string ?? "")
    }
}

/// What an agent says of itself.
public struct AgentSelf: Sendable, Hashable {
    /// Its node's name.
    public let nodeName: String
    /// Its node's id (UUID), kept in the data directory.
    public let nodeID: String
    /// Its datacenter.
    public let datacenter: String
    /// Consul's version.
    public let version: String
    /// True for a server.
    public let isServer: Bool
    /// True for the server that leads.
    public let isLeader: Bool
    /// Its address in the gossip pool.
    public let address: String
}
