public import ZooKeeper

/// The framework's id, beside the state that belongs to it.
public struct FencedIdentity: FrameworkIdentity {
    let store: FencedStore
    private static let path = "/framework-id"

    /// Keeps it in the leader's store.
    public init(store: FencedStore) { self.store = store }

    /// The id kept; nil where there never was one.
    public func load() async throws -> String? {
        guard let node = try await store.read(Self.path), !node.data.isEmpty else { return nil }
        return node.text
    }

    /// Keeps the id of the first subscription.
    public func save(_ frameworkID: String) async throws { try await store.write(Self.path, Array(frameworkID.utf8)) }
}
