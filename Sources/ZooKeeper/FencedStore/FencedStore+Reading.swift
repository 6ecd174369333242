extension FencedStore {
    /// How many requests are under way at a time.
    private static let width = 64

    /// Reads one node; nil where it does not exist.
    public func read(_ path: String) async throws(ZooKeeperError) -> ZooKeeperNode? {
        try await retrying { () async throws(ZooKeeperError) -> ZooKeeperNode? in
            do throws(ZooKeeperError) {
                let node = try await client.get(root + path)
                known.insert(root + path)
                return node
            } catch {
                if error.code == .noNode { return nil }
                throw error
            }
        }
    }

    /// Reads a node and all below it, many at a time.
    /// - Parameter prefix: path below the root; "" for everything.
    /// - Returns: nodes by path; those that vanish meanwhile are left out. The epoch node is not among them.
    public func readTree(_ prefix: String = "") async throws(ZooKeeperError) -> [String: ZooKeeperNode] {
        var nodes: [String: ZooKeeperNode] = [:]
        for visit in try await walk(prefix, withData: true) { nodes[visit.path] = visit.node }
        return nodes
    }

    /// The paths of a node and all below it, in no particular order.
    public func paths(below prefix: String = "") async throws(ZooKeeperError) -> [String] {
        try await walk(prefix, withData: false).map(\.path)
    }

    private struct Visit: Sendable {
        let path: String
        let node: ZooKeeperNode?
        let children: [String]
    }

    private func walk(_ prefix: String, withData: Bool) async throws(ZooKeeperError) -> [Visit] {
        let found = try await retrying { () async throws(ZooKeeperError) -> [Visit] in
            // What the leader before has written must be seen, also by a server that lags behind.
            try await client.sync(root.isEmpty ? "/" : root)
            return try await Self.walk(prefix, withData, client, root).get()
        }
        for visit in found { known.insert(root + visit.path) }
        return found
    }

    private static func walk(
        _ prefix: String, _ withData: Bool, _ client: ZooKeeperClient, _ root: String
    ) async -> Result<[Visit], ZooKeeperError> {
        await withTaskGroup(of: Result<Visit?, ZooKeeperError>.self) { group in
            var found: [Visit] = []
            var waiting = [prefix]
            var running = 0
            while true {
                while running < width, let path = waiting.popLast() {
                    running += 1
                    group.addTask { await visit(path, withData, client, root) }
                }
                guard running > 0, let result = await group.next() else { return .success(found) }
                running -= 1
                switch result {
                case .failure(let error):
                    group.cancelAll()
                    return .failure(error)
                case .success(nil): break
                case .success(let visit?):
                    if !visit.path.isEmpty { found.append(visit) }
                    waiting += visit.children.map { "\(visit.path)/\($0)" }.filter { $0 != "/epoch" }
                }
            }
        }
    }

    private static func visit(
        _ path: String, _ withData: Bool, _ client: ZooKeeperClient, _ root: String
    ) async -> Result<Visit?, ZooKeeperError> {
        let absolute = root + path
        do throws(ZooKeeperError) {
            // A node's stat says whether it has children: most have none, and cost one request.
            let node = withData && !path.isEmpty ? try await client.get(absolute) : nil
            let hasNone = node?.stat.childCount == 0
            let children = hasNone ? [] : try await client.children(of: absolute.isEmpty ? "/" : absolute)
            return .success(Visit(path: path, node: node, children: children))
        } catch {
            return error.code == .noNode ? .success(nil) : .failure(error)
        }
    }
}
