/// What is known of a candidate's node: enough to tell it from every other, also from a later one of the same name.
struct CandidateNode: Hashable, Sendable {
    let path: String
    /// The session that made it.
    let owner: Int64
    /// The transaction that made it.
    let czxid: Int64
}

/// A candidate's node that announces the child's address.
struct Claim: Hashable, Sendable {
    let node: CandidateNode
    /// Tells the processes apart that announce one address; nil where the data does not.
    var incarnation: String?

    /// True where both may be of one process.
    func isSameProcess(as other: Claim) -> Bool {
        node.owner == other.node.owner || (incarnation != nil && incarnation == other.incarnation)
    }
}

/// Which election nodes belong to which child. A value, without I/O.
///
/// An address alone proves nothing: two nodes that were given one host name announce the same one. A node is taken for a child's where
/// it announces the child's address, appeared in the child's life, and nobody else has announced the address in that life.
struct HandoverRecord: Sendable {
    /// What may be deleted for a child that has exited.
    enum Verdict: Hashable, Sendable {
        /// These are its own.
        case own([CandidateNode])
        /// Others announce the same address, so that none is certainly its own; all nodes that have been seen to announce it.
        case contested([CandidateNode])
        /// It is not known what stood before the child was started.
        case unseen([CandidateNode])
    }

    /// What was seen from just before a child's start until the next one's.
    private struct Life: Sendable {
        /// Known from the first look at its election on.
        var child: Int32?
        /// What stood when it was started; nil: not looked yet.
        var before: Set<Claim>?
        /// True where that was seen before the start, not after it.
        var isBeforeCertain = false
        var seen: Set<Claim> = []
        var hasOverlap = false
    }

    /// By path: nil in it for a node that announces another address.
    private var known: [String: Claim?] = [:]
    private var life = Life()
    /// Nodes of children, and of a killed predecessor's child, that are certainly gone.
    private var gone: Set<CandidateNode> = []

    /// Of the candidates now listed, those that have not been looked at. Forgets nodes that are gone.
    mutating func unknown(among paths: some Collection<String>) -> [String] {
        let listed = Set(paths)
        known = known.filter { listed.contains($0.key) }
        return paths.filter { known[$0] == nil }.sorted()
    }

    /// A candidate was looked at.
    /// - Parameters:
    ///   - isOwn: its data has the child's address.
    ///   - incarnation: which process announces it, where the data says.
    mutating func saw(_ node: CandidateNode, isOwn: Bool, incarnation: String? = nil) {
        known[node.path] = .some(isOwn ? Claim(node: node, incarnation: incarnation) : nil)
    }

    /// These were made by a child that is certainly gone.
    mutating func buried(_ nodes: some Sequence<CandidateNode>) { gone.formUnion(nodes) }

    /// A child is about to be started.
    /// - Parameter paths: the candidates now listed, all of which were looked at; nil: they could not be listed.
    mutating func starts(among paths: [String]?) {
        life = Life()
        guard let paths else { return }
        life.before = Set(claims(paths))
        life.isBeforeCertain = true
    }

    /// The candidates were listed, and looked at, while a child runs or when it has just exited.
    /// - Returns: true where this shows for the first time that somebody else announces the child's address.
    @discardableResult
    mutating func listed(_ paths: [String], child: Int32) -> Bool {
        // Asked of a child before this one.
        guard life.child == nil || life.child == child else { return false }
        life.child = child
        let standing = Set(claims(paths))
        let before = life.before ?? standing
        life.before = before
        life.seen.formUnion(standing.subtracting(before))
        let others = standing.filter { !gone.contains($0.node) }
        guard !life.hasOverlap, others.contains(where: { one in others.contains { !one.isSameProcess(as: $0) } }) else { return false }
        life.hasOverlap = true
        return true
    }

    /// What may be deleted for this child.
    func verdict(on child: Int32) -> Verdict {
        guard life.child == child else { return .own([]) }
        let strangers = (life.before ?? []).filter { !gone.contains($0.node) }
        let own = life.seen.map(\.node)
        let all = (own + strangers.map(\.node)).sorted { $0.path < $1.path }
        if life.hasOverlap || (!strangers.isEmpty && !own.isEmpty) { return .contested(all) }
        if !strangers.isEmpty { return life.isBeforeCertain ? .own([]) : .unseen(all) }
        return .own(own.sorted { $0.path < $1.path })
    }

    /// The nodes of dead children that still stand.
    func left(among paths: [String]) -> [CandidateNode] { claims(paths).map(\.node).filter(gone.contains).sorted { $0.path < $1.path } }

    private func claims(_ paths: [String]) -> [Claim] { paths.compactMap { known[$0] ?? nil } }
}
