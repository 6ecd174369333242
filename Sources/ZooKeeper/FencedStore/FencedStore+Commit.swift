extension FencedStore {
    /// One transaction. What it assumes of the nodes that exist may be wrong; ZooKeeper then names the operation that failed, the
    /// assumption is corrected, and the transaction is tried again.
    func commit(_ changes: [Change]) async throws(ZooKeeperError) {
        var missing: Set<String> = []
        // Each round corrects one assumption about a node of the changes or above one of them.
        for _ in 0...(changes.count * 8) {
            guard let epochVersion else { throw ZooKeeperError(.fenced, epochPath) }
            let operations = plan(changes, missing: missing)
            do {
                try await client.multi([.check(epochPath, version: epochVersion)] + operations)
                for operation in operations {
                    switch operation {
                    case .delete(let path, _): known.remove(path)
                    default: known.insert(operation.path)
                    }
                }
                return
            } catch {
                guard let index = error.index, index <= operations.count else { throw error.error }
                if index == 0 {
                    // Only another leader's election changes the epoch node, or an operator who deletes the state.
                    guard error.error.code == .badVersion || error.error.code == .noNode else { throw error.error }
                    self.epochVersion = nil
                    throw ZooKeeperError(.fenced, epochPath)
                }
                let operation = operations[index - 1]
                switch (operation, error.error.code) {
                case (.create(let path, _, _, _), .nodeExists): known.insert(path)
                case (.create(let path, _, _, _), .noNode):
                    guard let parent = path.parentPath else { throw error.error }
                    known.remove(parent)
                case (.set(let path, _, _), .noNode): known.remove(path)
                case (.delete(let path, _), .noNode): missing.insert(path)
                default: throw error.error
                }
            }
        }
        throw ZooKeeperError(.runtimeInconsistency, root)
    }

    /// The operations for these changes, as far as it is known what exists.
    private func plan(_ changes: [Change], missing: Set<String>) -> [ZooKeeperOperation] {
        var operations: [ZooKeeperOperation] = []
        var made: Set<String> = []
        for change in changes {
            let path = root + change.path
            switch change {
            case .put(_, let data):
                if known.contains(path) {
                    operations.append(.set(path, data: data))
                } else {
                    operations += parents(of: path, &made).map { .create($0, acl: acl) }
                    operations.append(.create(path, data: data, acl: acl))
                    made.insert(path)
                }
            case .delete:
                if !missing.contains(path) { operations.append(.delete(path)) }
            }
        }
        return operations
    }

    /// The nodes above `path` and below the root that have to be made first, the topmost first.
    private func parents(of path: String, _ made: inout Set<String>) -> [String] {
        var list: [String] = []
        var next = path.parentPath
        while let parent = next, parent.count > root.count, parent != "/", !known.contains(parent), !made.contains(parent) {
            list.append(parent)
            next = parent.parentPath
        }
        made.formUnion(list)
        return list.reversed()
    }
}
