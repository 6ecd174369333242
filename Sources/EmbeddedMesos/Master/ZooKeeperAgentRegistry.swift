import ClusterCore
import ZooKeeper

/// Keeps the ids of the agents below `<zk path>/embedded/v1/agents`, so that the next leader answers for them only when they are back.
/// Every write checks in the same transaction that this master's election node is still there: who lost it writes nothing.
struct ZooKeeperAgentRegistry: AgentRegistry {
    private let client: ZooKeeperClient
    private let parent: String
    private let fence: String
    /// How long a write is tried while ZooKeeper is away: longer than a leader may be out of contact.
    private let patience: Duration

    /// Opens the registry for a leader.
    /// - Parameters:
    ///   - path: the path of the `zk://` URL.
    ///   - term: the leader's term.
    init(client: ZooKeeperClient, path: String, term: ElectionTerm) {
        self.client = client
        fence = term.path
        patience = client.sessionTimeout
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
        let clock = ContinuousClock()
        let end = clock.now + patience
        var delay = RetryDelay(first: .milliseconds(50), limit: .seconds(1))
        do throws(ZooKeeperError) {
            while true {
                do throws(ZooKeeperError) {
                    return try await body()
                } catch {
                    guard error.isTransient, clock.now < end else { throw error }
                    try await client.connect(within: clock.now.duration(to: end))
                    do { try await Task.sleep(for: delay.next(), clock: clock) } catch { throw ZooKeeperError(.cancelled, parent) }
                }
            }
        } catch {
            throw ClusterError(.unavailable, "the registry in ZooKeeper can't be used by this master", cause: error)
        }
    }
}
