import ClusterCore
import ZooKeeper

/// Keeps the ids of the agents below `<zk path>/embedded/v1/agents`, so that the next leader answers for them only when they are back.
/// Every write checks in the same transaction that this master's election node is still there: who lost it writes nothing.
struct ZooKeeperAgentRegistry: AgentRegistry {
    private let client: ZooKeeperClient
    private let parent: String
    private let fence: String

    /// Opens the registry for a leader.
    /// - Parameters:
    ///   - path: the path of the `zk://` URL.
    ///   - fence: the path of the leader's election node.
    init(client: ZooKeeperClient, path: String, fence: String) {
        self.client = client
        self.fence = fence
        parent = "\(path)/embedded/v1/agents"
    }

    /// The ids that an earlier leader knew.
    func load() async throws(ClusterError) -> [String] {
        try await repeating { () throws(ZooKeeperError) in
            _ = try await client.createRecursively(parent)
            return try await client.children(of: parent)
        }
    }

    func remember(_ agentID: String) async throws(ClusterError) { try await write(.create("\(parent)/\(agentID)")) }

    func forget(_ agentID: String) async throws(ClusterError) { try await write(.delete("\(parent)/\(agentID)")) }

    private func write(_ operation: ZooKeeperOperation) async throws(ClusterError) {
        try await repeating { () throws(ZooKeeperError) in
            do throws(ZooKeeperMultiError) {
                _ = try await client.multi([.check(fence), operation])
            } catch {
                // Done before: an answer got lost, or the agent registered again.
                guard error.index == 1, error.error.code == .nodeExists || error.error.code == .noNode else { throw error.error }
            }
        }
    }

    private func repeating<Value>(_ body: () async throws(ZooKeeperError) -> Value) async throws(ClusterError) -> Value {
        while true {
            do throws(ZooKeeperError) {
                return try await body()
            } catch {
                guard error.isTransient else {
                    throw ClusterError(.unavailable, "the registry in ZooKeeper can't be used by this master", cause: error)
                }
                do throws(ZooKeeperError) {
                    try await client.waitUntilConnected()
                } catch {
                    throw ClusterError(.unavailable, "the registry in ZooKeeper can't be used by this master", cause: error)
                }
            }
        }
    }
}
