/// What is known of a candidate's node: enough to tell it from every other, also from a later one of the same name.
struct CandidateNode: Hashable, Sendable {
    let path: String
    /// The session that made it.
    let owner: Int64
    /// The transaction that made it.
    let czxid: Int64
}

/// Which election nodes belong to which child. A value, without I/O.
struct HandoverRecord: Sendable {
    private enum Holder: Equatable { case child(Int32), somebodyElse }
    private var holders: [String: Holder] = [:]
    private var nodes: [String: CandidateNode] = [:]

    /// Of the candidates now listed, those that have not been looked at. Forgets nodes that are gone.
    mutating func unknown(among paths: some Collection<String>) -> [String] {
        let listed = Set(paths)
        holders = holders.filter { listed.contains($0.key) }
        nodes = nodes.filter { listed.contains($0.key) }
        return paths.filter { holders[$0] == nil }.sorted()
    }

    /// A candidate was looked at.
    /// - Parameters:
    ///   - isOwn: its data has the child's address.
    ///   - child: the child that runs now.
    mutating func saw(_ node: CandidateNode, isOwn: Bool, child: Int32?) {
        guard isOwn else {
            holders[node.path] = .somebodyElse
            return
        }
        // Ours by address, yet no child runs: left by one before. It is looked at again when a child runs or has just exited.
        guard let child else { return }
        holders[node.path] = .child(child)
        nodes[node.path] = node
    }

    /// The nodes that a child has made.
    func nodes(of child: Int32) -> [CandidateNode] {
        holders.filter { $0.value == .child(child) }.keys.sorted().compactMap { nodes[$0] }
    }
}
