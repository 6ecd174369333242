import ClusterCore

/// Decides in an election: facts in, actions out, no I/O and no clock.
///
/// Two leaders never are: a server lets a session expire its time-out after it last heard from it, at the earliest. A contact that was
/// *sent* at `t` and answered proves that the server heard from it at `t` or later; so nobody else is elected before `t + timeout`, and
/// this candidate counts itself leader until `t + leaseShare · timeout` only. (`leaseShare` < 1 leaves room for a late timer.)
struct ElectionMachine: Sendable {
    typealias Instant = ContinuousClock.Instant

    enum Input: Sendable {
        /// The session is connected, perhaps a new one.
        case connected(session: Int64, timeout: Duration)
        case disconnected
        case expired
        /// Our node exists; it was made or found on this session by a request sent at `sent`.
        case joined(session: Int64, name: String, epoch: Int64, sent: Instant)
        case joinFailed
        /// The parent's children, as last read.
        case children([String])
        /// Our node was looked for by a request sent at `sent`.
        case contact(session: Int64, name: String, exists: Bool, sent: Instant)
        case contactFailed
        /// The node of the candidate that was asked for.
        case leaderRead(name: String, epoch: Int64, data: [UInt8], isOurSession: Bool)
        case enter
        case resign
        case tick
    }

    enum Action: Sendable, Equatable {
        /// Make our node, or find it where an earlier attempt made it.
        case join(session: Int64)
        /// Look for our node, which renews the lease.
        case contact(name: String)
        case readLeader(name: String)
        case delete(name: String)
        case emit(ElectionEvent)
    }

    static let leaseShare = 0.75
    static let contactShare = 0.25
    /// Between attempts that the connected server fails.
    static let retryDelay = Duration.milliseconds(200)

    struct Own: Equatable { var name: String; var epoch: Int64 }

    private let layout: ElectionLayout
    private let data: [UInt8]
    private var isEntered = false
    private var isConnected = false
    private var isJoining = false
    private var isContacting = false
    /// True where our node has to be looked for even though no lease asks for it.
    private var mustContact = false
    private var session: Int64?
    private var timeout = Duration.zero
    private var own: Own?
    private var candidates: [String] = []
    private var leader: ElectionLeader?
    private var readingLeader: String?
    private var lastContact: Instant?
    private var retryAt: Instant?
    private(set) var term: ElectionTerm?

    init(layout: ElectionLayout, data: [UInt8]) {
        self.layout = layout
        self.data = data
    }

    /// Until when this candidate may count itself leader.
    var leaseEnd: Instant? { lastContact?.advanced(by: timeout * Self.leaseShare) }

    /// When `tick` must come at the latest.
    var nextTick: Instant? {
        var times: [Instant] = []
        if term != nil {
            if let leaseEnd { times.append(leaseEnd) }
            if isConnected, !isContacting, let lastContact { times.append(lastContact.advanced(by: timeout * Self.contactShare)) }
        }
        if isConnected, let retryAt { times.append(retryAt) }
        return times.min()
    }

    mutating func handle(_ input: Input, now: Instant) -> [Action] {
        var actions: [Action] = []
        switch input {
        case .connected(let id, let timeout):
            if session != id {
                forgetSession(.sessionExpired, &actions)
                session = id
            }
            self.timeout = timeout
            isConnected = true
            isContacting = false
            isJoining = false
            retryAt = nil
            readingLeader = nil
            mustContact = own != nil
        case .disconnected:
            isConnected = false
        case .expired:
            forgetSession(.sessionExpired, &actions)
            session = nil
            isConnected = false
        case .joined(let id, let name, let epoch, let sent):
            guard id == session else { break }
            isJoining = false
            guard isEntered else {
                actions.append(.delete(name: name))
                break
            }
            own = Own(name: name, epoch: epoch)
            lastContact = max(lastContact ?? sent, sent)
        case .joinFailed:
            isJoining = false
            retryAt = now.advanced(by: Self.retryDelay)
        case .children(let children):
            candidates = layout.candidates(among: children)
            // The list may also be one from before our node was made, so this is no proof that it is gone.
            if let own, !candidates.contains(own.name) { mustContact = true }
        case .contact(let id, let name, let exists, let sent):
            guard id == session, name == own?.name else { break }
            isContacting = false
            mustContact = false
            if exists {
                lastContact = max(lastContact ?? sent, sent)
            } else {
                lose(.nodeDeleted, &actions)
                own = nil
            }
        case .contactFailed:
            isContacting = false
            retryAt = now.advanced(by: Self.retryDelay)
        case .leaderRead(let name, let epoch, let data, let isOurSession):
            readingLeader = nil
            if isOurSession, isEntered, own?.name != name, candidates.first == name {
                // A second node of ours, made by a request whose answer was lost: it is before the other, so it is the one to keep.
                if let own { actions.append(.delete(name: own.name)) }
                own = Own(name: name, epoch: epoch)
            }
            if candidates.first == name, own?.name != name {
                report(ElectionLeader(term: .init(epoch: epoch, path: layout.path(of: name)), data: data, isSelf: false), &actions)
            }
        case .enter:
            isEntered = true
        case .resign:
            isEntered = false
            lose(.resigned, &actions)
            if let own { actions.append(.delete(name: own.name)) }
            own = nil
        case .tick:
            break
        }
        decide(now, &actions)
        return actions
    }

    private mutating func decide(_ now: Instant, _ actions: inout [Action]) {
        if let end = leaseEnd, term != nil, now >= end { lose(.outOfContact, &actions) }
        if let time = retryAt, now >= time { retryAt = nil }
        if isConnected, isEntered, own == nil, !isJoining, retryAt == nil, let session {
            isJoining = true
            actions.append(.join(session: session))
        }
        if mustContact { contact(&actions) }
        guard let first = candidates.first else {
            report(nil, &actions)
            return
        }
        if let own, first == own.name {
            if let end = leaseEnd, now < end {
                let won = ElectionTerm(epoch: own.epoch, path: layout.path(of: own.name))
                if term != won {
                    term = won
                    actions.append(.emit(.elected(won)))
                }
                report(ElectionLeader(term: won, data: data, isSelf: true), &actions)
                if let lastContact, now >= lastContact.advanced(by: timeout * Self.contactShare) { contact(&actions) }
            } else {
                contact(&actions)
            }
        } else if isConnected, leader?.term.path != layout.path(of: first), readingLeader != first {
            readingLeader = first
            actions.append(.readLeader(name: first))
        }
    }

    private mutating func contact(_ actions: inout [Action]) {
        guard isConnected, !isContacting, retryAt == nil, let own else { return }
        isContacting = true
        actions.append(.contact(name: own.name))
    }

    private mutating func lose(_ reason: ElectionEvent.LossReason, _ actions: inout [Action]) {
        guard term != nil else { return }
        term = nil
        actions.append(.emit(.lost(reason)))
        if leader?.isSelf == true { report(nil, &actions) }
    }

    private mutating func report(_ new: ElectionLeader?, _ actions: inout [Action]) {
        guard leader != new else { return }
        leader = new
        actions.append(.emit(.leaderChanged(new)))
    }

    private mutating func forgetSession(_ reason: ElectionEvent.LossReason, _ actions: inout [Action]) {
        lose(reason, &actions)
        if let own { candidates.removeAll { $0 == own.name } }
        own = nil
        lastContact = nil
        isJoining = false
        isContacting = false
        mustContact = false
    }
}
