import ClusterCore

/// Remembers which agents exist, so that a next leader knows whom to wait for.
protocol AgentRegistry: Sendable {
    /// This agent exists.
    func remember(_ agentID: String) async throws(ClusterError)
    /// This agent does not exist any more.
    func forget(_ agentID: String) async throws(ClusterError)
}

/// Remembers nothing: for a master without ZooKeeper.
struct NoRegistry: AgentRegistry {
    func remember(_ agentID: String) async throws(ClusterError) {}
    func forget(_ agentID: String) async throws(ClusterError) {}
}

/// The registry's writes, one after the other in the order in which they were asked for. Owned by the master, which serialises its use.
struct RegistryQueue {
    enum Entry: Sendable, Hashable {
        case remember(String)
        case forget(String)

        var agentID: String {
            switch self {
            case .remember(let agent), .forget(let agent): agent
            }
        }
    }
    typealias Writing = Task<Result<Void, ClusterError>, Never>

    private let registry: any AgentRegistry
    /// What the registry holds once all writes are done.
    private var contents: Set<String>
    private var last: Writing?
    /// Each agent's last write, while it is under way or failed.
    private var writings: [String: Writing] = [:]

    /// - Parameter contents: the agents that the registry holds now.
    init(_ registry: any AgentRegistry, contents: Set<String>) {
        self.registry = registry
        self.contents = contents
    }

    /// Asks for a write; nil where the registry holds it so already.
    mutating func add(_ entry: Entry) -> Writing? {
        switch entry {
        case .remember(let agent): guard contents.insert(agent).inserted else { return nil }
        case .forget(let agent): guard contents.remove(agent) != nil else { return nil }
        }
        let (registry, before) = (registry, last)
        let writing = Writing {
            _ = await before?.value
            do throws(ClusterError) {
                switch entry {
                case .remember(let agent): try await registry.remember(agent)
                case .forget(let agent): try await registry.forget(agent)
                }
                return .success(())
            } catch {
                return .failure(error)
            }
        }
        last = writing
        writings[entry.agentID] = writing
        return writing
    }

    /// The last write of an agent, under way or failed; nil where the registry holds what was asked for.
    func writing(of agentID: String) -> Writing? { writings[agentID] }

    /// That write has succeeded.
    mutating func settle(_ writing: Writing, of agentID: String) {
        if writings[agentID] == writing { writings[agentID] = nil }
    }

    /// That write has failed: what it was to remember must be written again.
    mutating func undo(_ writing: Writing, of agentID: String) {
        guard writings[agentID] == writing else { return }
        writings[agentID] = nil
        contents.remove(agentID)
    }
}
