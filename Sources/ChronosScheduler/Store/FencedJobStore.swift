import Chronos
import ClusterCore
import JSON
import MesosFramework
import ZooKeeper

/// Jobs and runs in ZooKeeper, one node each.
struct FencedJobStore: JobStore {
    let store: FencedStore
    let zones: @Sendable (String) throws(ClusterError) -> TimeZoneRules
    /// A transaction must fit ZooKeeper's limit of one megabyte for a request.
    private static let bytesPerTransaction = 500_000
    private static let nodesPerTransaction = 400

    func load() async throws -> StoredState {
        var state = StoredState()
        for (path, node) in try await store.readTree() where !node.data.isEmpty {
            do {
                if path.hasPrefix("/\(StoreChange.jobs)/") {
                    state.jobs.append(try JobRecord(stored: try JSON(parsing: node.data), zones: zones))
                } else if path.hasPrefix("/\(StoreChange.runs)/") {
                    state.runs.append(try Run(stored: try JSON(parsing: node.data)))
                }
            } catch {
                throw ClusterError(.invalid, "the stored state \(store.root)\(path) can't be read", cause: error)
            }
        }
        return state
    }

    func write(_ groups: [[StoreChange]]) async throws {
        var batch: [FencedStore.Change] = []
        var size = 0
        for group in groups.flatMap(Self.parts) {
            let bytes = group.reduce(0) { $0 + $1.path.utf8.count + ($1.content?.count ?? 0) + 64 }
            if !batch.isEmpty, size + bytes > Self.bytesPerTransaction || batch.count + group.count > Self.nodesPerTransaction {
                try await store.transaction(batch)
                (batch, size) = ([], 0)
            }
            batch += group.map { change in change.content.map { .put("/\(change.path)", $0) } ?? .delete("/\(change.path)") }
            size += bytes
        }
        if !batch.isEmpty { try await store.transaction(batch) }
    }

    /// A group as it is; one that no request holds (many runs with long arguments were asked for at once) in parts, the job first: should
    /// the leader end between them, a run is lost, but none is there twice.
    static func parts(_ group: [StoreChange]) -> [[StoreChange]] {
        var parts: [[StoreChange]] = [[]]
        var size = 0
        for change in group {
            let bytes = change.path.utf8.count + (change.content?.count ?? 0) + 64
            if parts[parts.count - 1].count >= nodesPerTransaction || size + bytes > 900_000, size > 0 {
                parts.append([])
                size = 0
            }
            parts[parts.count - 1].append(change)
            size += bytes
        }
        return parts
    }
}
