import ClusterCore

/// Decides in an election: facts in, actions out, no I/O and no clock.
///
/// Two leaders never are. With T the session's time-out, the leading *server* ends a session, and another candidate is elected, T after
/// it last heard of that session, at the earliest. (A server that newly leads counts every session from its own election on.) Two facts
/// of ZooKeeper make it hard to know when it last heard:
/// - A server that was cut off from the leading one answers reads for `syncLimit` ticks more; also `sync`, where the one cut off is the
///   leading one. So only a *confirming* contact renews the lease: a transaction, which a majority has taken.
/// - A following server passes on which sessions it heard from only with its answer to the leading server's ping, every half tick. So
///   even an answered transaction does not prove that the leading server has counted it. But the two talk over one ordered stream: a
///   transaction sent at `b` that succeeds proves that the leading server has counted what was sent at `a ≤ b - settleShare · T`, and
///   what was answered on an earlier connection, because a server that takes a session over asks the leading one at once.
///
/// So with `touched`, the latest such `a`, nobody else leads before `touched + T`, and this candidate counts itself leader until
/// `touched + leaseShare · T` only:
///
///     leaseShare · T < T                 the rest is for clocks of unequal speed, and for what was begun as the leader to arrive
///     settleShare · T ≥ tick / 2         as T ≥ 2 ticks, ZooKeeper's own lower bound
///     settleShare + 2 · contactShare < leaseShare      a contact may fail once
struct ElectionMachine: Sendable {
    typealias Instant = ContinuousClock.Instant

    enum Input: Sendable {
        /// The session is connected, perhaps a new one.
        /// - Parameter opened: when it began to be opened, where that is known.
        case connected(session: Int64, timeout: Duration, opened: Instant?)
        case disconnected
        case expired
        /// Our node exists; it was made or found on this session.
        case joined(session: Int64, name: String, epoch: Int64, by: Contact)
        case joinFailed
        /// The parent's children, as last read.
        case children([String])
        /// Our node was looked for.
        case contact(session: Int64, name: String, exists: Bool, by: Contact)
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
        /// Look for our node; confirming, by a transaction, which renews the lease.
        case contact(name: String, confirming: Bool)
        case readLeader(name: String)
        case delete(name: String)
        case emit(ElectionEvent)
    }

    /// A request of ours that was answered.
    struct Contact: Sendable, Equatable {
        /// When it was sent, at the earliest.
        var sent: Instant
        /// The number of the connection that it was answered on.
        var connection: Int
        /// True for a transaction, false for what the connected server answers by itself.
        var isConfirmed: Bool
    }

    static let leaseShare = 0.75
    static let settleShare = 0.25
    /// How often the first candidate confirms.
    static let contactShare = 0.125
    /// How often the others are heard of, so that they can lead as soon as they are first.
    static let followerShare = 0.25
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
    /// When the leading server has heard of the session, or later.
    private var touched: Instant?
    /// Contacts that no later one has confirmed yet, the oldest first.
    private var unsettled: [Contact] = []
    private var lastContact: Instant?
    private var lastConfirmed: Instant?
    private var retryAt: Instant?
    private(set) var term: ElectionTerm?

    init(layout: ElectionLayout, data: [UInt8]) {
        self.layout = layout
        self.data = data
    }

    /// Until when this candidate may count itself leader.
    var leaseEnd: Instant? { touched?.advanced(by: timeout * Self.leaseShare) }

    /// When `tick` must come at the latest.
    var nextTick: Instant? {
        var times: [Instant] = []
        if term != nil, let leaseEnd { times.append(leaseEnd) }
        if isConnected, !isContacting, retryAt == nil, own != nil, let nextContact { times.append(nextContact) }
        if isConnected, let retryAt { times.append(retryAt) }
        return times.min()
    }

    private var isFirst: Bool { own != nil && candidates.first == own?.name }

    private var nextContact: Instant? {
        if isFirst { return lastConfirmed?.advanced(by: timeout * Self.contactShare) ?? lastContact }
        return lastContact?.advanced(by: timeout * Self.followerShare)
    }

    mutating func handle(_ input: Input, now: Instant) -> [Action] {
        var actions: [Action] = []
        switch input {
        case .connected(let id, let timeout, let opened):
            if session != id {
                forgetSession(.sessionExpired, &actions)
                session = id
                // The leading server has made the session after that.
                if let opened { unsettled = [Contact(sent: opened, connection: .min, isConfirmed: false)] }
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
        case .joined(let id, let name, let epoch, let contact):
            guard id == session else { break }
            isJoining = false
            guard isEntered else {
                actions.append(.delete(name: name))
                break
            }
            own = Own(name: name, epoch: epoch)
            note(contact)
        case .joinFailed:
            isJoining = false
            retryAt = now.advanced(by: Self.retryDelay)
        case .children(let children):
            candidates = layout.candidates(among: children)
            // The list may also be one from before our node was made, so this is no proof that it is gone.
            if let own, !candidates.contains(own.name) { mustContact = true }
        case .contact(let id, let name, let exists, let contact):
            guard id == session, name == own?.name else { break }
            isContacting = false
            mustContact = false
            if exists {
                note(contact)
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
        if let nextContact, now >= nextContact { contact(&actions) }
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
            }
        } else if isConnected, leader?.term.path != layout.path(of: first), readingLeader != first {
            readingLeader = first
            actions.append(.readLeader(name: first))
        }
    }

    private mutating func contact(_ actions: inout [Action]) {
        guard isConnected, !isContacting, retryAt == nil, let own else { return }
        isContacting = true
        actions.append(.contact(name: own.name, confirming: isFirst || mustContact))
    }

    /// Counts an answered contact, and those before it that it proves to have reached the leading server.
    private mutating func note(_ contact: Contact) {
        lastContact = max(lastContact ?? contact.sent, contact.sent)
        if contact.isConfirmed { lastConfirmed = max(lastConfirmed ?? contact.sent, contact.sent) }
        let settled = contact.sent - timeout * Self.settleShare
        // What an earlier one proves, the last of those that are settled proves too.
        if let last = unsettled.lastIndex(where: { $0.connection < contact.connection || $0.sent <= settled }) {
            if contact.isConfirmed {
                touched = max(touched ?? unsettled[last].sent, unsettled[last].sent)
                unsettled.removeFirst(last + 1)
            } else {
                unsettled.removeFirst(last)
            }
        }
        unsettled.append(contact)
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
        lastConfirmed = nil
        touched = nil
        unsettled = []
        isJoining = false
        isContacting = false
        mustContact = false
    }
}
