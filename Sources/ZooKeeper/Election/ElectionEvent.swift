/// A time of leadership.
public struct ElectionTerm: Sendable, Hashable {
    /// Grows with every other leader of the same election: the transaction that created the leader's node (its czxid).
    public let epoch: Int64
    /// The leader's node. It exists as long as the term lasts.
    public let path: String

    /// Describes a term.
    public init(epoch: Int64, path: String) {
        self.epoch = epoch
        self.path = path
    }
}

/// Who leads.
public struct ElectionLeader: Sendable, Hashable {
    /// The leader's term.
    public let term: ElectionTerm
    /// What the leader has written into its node: its address, MasterInfo …
    public let data: [UInt8]
    /// True where it is this candidate.
    public let isSelf: Bool

    /// The data as UTF-8.
    public var text: String { String(decoding: data, as: UTF8.self) }
}

/// What happens in an election.
public enum ElectionEvent: Sendable, Hashable {
    /// This candidate leads now.
    case elected(ElectionTerm)
    /// This candidate leads no longer; why.
    case lost(LossReason)
    /// Another leader, or none that is known.
    case leaderChanged(ElectionLeader?)

    /// Why leadership was lost.
    public enum LossReason: String, Sendable, Hashable, CustomStringConvertible {
        /// ZooKeeper was not reached for so long that the session may have expired soon.
        case outOfContact
        /// The session has expired.
        case sessionExpired
        /// Somebody deleted this candidate's node.
        case nodeDeleted
        /// `resign` was called.
        case resigned

        /// In words.
        public var description: String {
            switch self {
            case .outOfContact: "ZooKeeper was not reached in time; stepped down before the session can have expired"
            case .sessionExpired: "the ZooKeeper session has expired"
            case .nodeDeleted: "the election node was deleted"
            case .resigned: "resigned"
            }
        }
    }
}
