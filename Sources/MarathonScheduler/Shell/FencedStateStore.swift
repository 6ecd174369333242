import ClusterCore
import MesosFramework
import ZooKeeper

/// The scheduler's state in ZooKeeper.
struct FencedStateStore: StateStore {
    let store: FencedStore
    /// A transaction must fit ZooKeeper's limit of one megabyte for a request.
    private static let bytesPerTransaction = 500_000
    private static let nodesPerTransaction = 500

    func load() async throws -> [String: [UInt8]] {
        var nodes: [String: [UInt8]] = [:]
        for (path, node) in try await store.readTree() { nodes[String(path.drop { $0 == "/" })] = node.data }
        return nodes
    }

    func write(_ writes: [StateWrite]) async throws {
        var batch: [FencedStore.Change] = []
        var size = 0
        for write in writes {
            let bytes = write.path.utf8.count + (write.value?.count ?? 0) + 64
            if !batch.isEmpty, size + bytes > Self.bytesPerTransaction || batch.count >= Self.nodesPerTransaction {
                try await store.transaction(batch)
                (batch, size) = ([], 0)
            }
            batch.append(write.value.map { .put("/\(write.path)", $0) } ?? .delete("/\(write.path)"))
            size += bytes
        }
        try await store.transaction(batch)
    }
}
