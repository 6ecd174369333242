import ClusterCore

/// A leader's state in ZooKeeper, which only the present leader can change: every write is a transaction that also checks the version
/// of the epoch node, and every new leader changes that version. So a leader that was stopped in the middle of a write and goes on when
/// another leads has its write refused with `.fenced`.
///
/// Paths are relative to the root and begin with `/`. A write is repeated where its answer was lost, which changes nothing: puts and
/// deletions have the same outcome the second time, and the epoch is checked each time.
public actor FencedStore {
    /// One change.
    public enum Change: Sendable, Hashable {
        /// Creates a node (and those above it) or replaces its data.
        case put(String, [UInt8])
        /// Deletes a node without children; none is fine.
        case delete(String)

        var path: String {
            switch self {
            case .put(let path, _), .delete(let path): path
            }
        }
    }

    /// Absolute path below which everything is.
    public nonisolated let root: String
    let client: ZooKeeperClient
    let acl: ZooKeeperACL
    /// How long a write is repeated while the connection is away.
    let patience: Duration
    /// Version of the epoch node that this leader made; nil before `takeEpoch` and after another took over.
    var epochVersion: Int32?
    /// Nodes known to exist: spares a round trip, and a wrong guess costs one.
    var known: Set<String> = []

    var epochPath: String { root.appendingNode("epoch") }

    /// Makes a store. Nothing is read or written yet.
    /// - Parameters:
    ///   - root: absolute path, such as `/marathon/embedded/v1`.
    ///   - acl: of the nodes made; nil: open, or `creatorAll` where the client's URL has credentials.
    ///   - patience: how long a write is repeated while ZooKeeper is away. 0–10 min.
    public init(client: ZooKeeperClient, root: String, acl: ZooKeeperACL? = nil, patience: Duration = .seconds(10)) {
        self.client = client
        self.root = root == "/" ? "" : root
        self.acl = acl ?? (client.url.credentials == nil ? .open : .creatorAll)
        self.patience = patience
    }

    /// Shuts every earlier leader out. Call it once after each election, before anything is read.
    /// - Parameter term: the term won; its node must still exist, so a leader of the past can't take over. nil skips that check.
    /// - Returns: the epoch's number, larger than any before.
    /// - Throws: `.fenced` where the term is over; `ZooKeeperError` else.
    @discardableResult
    public func takeEpoch(term: ElectionTerm?) async throws(ZooKeeperError) -> Int64 {
        epochVersion = nil
        known = []
        let data = Array("\(term?.epoch ?? 0)".utf8)
        let version = try await retrying { () async throws(ZooKeeperError) -> Int32 in
            try await client.createRecursively(epochPath, acl: acl)
            var operations: [ZooKeeperOperation] = [.set(epochPath, data: data)]
            if let term { operations.insert(.check(term.path), at: 0) }
            do {
                guard case .set(let stat) = try await client.multi(operations).last else { throw ZooKeeperError(.marshalling, epochPath) }
                return stat.version
            } catch let error as ZooKeeperMultiError {
                throw error.index == 0 && term != nil ? ZooKeeperError(.fenced, epochPath) : error.error
            } catch let error as ZooKeeperError {
                throw error
            } catch {
                preconditionFailure("only the two errors above are thrown")
            }
        }
        epochVersion = version
        return Int64(version)
    }

    /// Creates or replaces one node.
    /// - Throws: `.fenced`, `.tooLarge` (above 900 kB), `ZooKeeperError` else.
    public func write(_ path: String, _ data: [UInt8]) async throws(ZooKeeperError) { try await transaction([.put(path, data)]) }

    /// Deletes one node; none is fine.
    /// - Throws: `.fenced`, `.notEmpty`, `ZooKeeperError` else.
    public func delete(_ path: String) async throws(ZooKeeperError) { try await transaction([.delete(path)]) }

    /// Deletes a node and all below it, in transactions of at most 500 nodes, the deepest first.
    public func deleteTree(_ prefix: String) async throws(ZooKeeperError) {
        let paths = try await paths(below: prefix).sorted { $0.count > $1.count }
        var rest = paths[...]
        while !rest.isEmpty {
            try await transaction(rest.prefix(500).map { .delete($0) })
            rest = rest.dropFirst(500)
        }
    }

    /// Carries out all changes or none. No path may be named twice.
    /// - Throws: `.fenced` where another leader has taken over, or `takeEpoch` has not been called; `.tooLarge`; `ZooKeeperError` else.
    public func transaction(_ changes: [Change]) async throws(ZooKeeperError) {
        for change in changes {
            guard change.path.hasPrefix("/"), change.path != "/", !change.path.hasSuffix("/") else {
                throw ZooKeeperError(.badArguments, change.path)
            }
            if case .put(let path, let data) = change { try ZooKeeperClient.checkLength(data, root + path) }
        }
        guard !changes.isEmpty else { return }
        try await retrying { () async throws(ZooKeeperError) in try await commit(changes) }
    }

    /// Repeats what fails for want of a connection, until `patience` is over.
    func retrying<R>(_ body: () async throws(ZooKeeperError) -> R) async throws(ZooKeeperError) -> R {
        let end = ContinuousClock.now.advanced(by: patience)
        while true {
            do {
                return try await body()
            } catch {
                guard error.isTransient, ContinuousClock.now < end else { throw error }
                // An expired session ends a leadership, yet the caller may lead again on the next; the epoch check decides.
                try await client.connect(within: ContinuousClock.now.duration(to: end))
                do { try await Task.sleep(for: .milliseconds(20), clock: .continuous) } catch { throw ZooKeeperError(.cancelled, root) }
            }
        }
    }
}
