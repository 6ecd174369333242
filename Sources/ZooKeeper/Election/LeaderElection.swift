import ClusterCore
public import Logging
import Synchronization

/// Takes part in an election through ZooKeeper, or only watches it. Never are two candidates leader at the same time by their own
/// `isLeader`; writes are guarded by `FencedStore` against a leader that was stopped in the middle of a write.
///
/// The client is the caller's: it is started by `start` and not closed. Call `stop` when done.
public actor LeaderElection {
    /// Where the candidates' nodes are.
    public nonisolated let layout: ElectionLayout

    private struct Lease { var term: ElectionTerm?, end: ContinuousClock.Instant?, leader: ElectionLeader? }
    private nonisolated let lease = Mutex(Lease())
    private let client: ZooKeeperClient
    private let data: [UInt8]
    private let acl: ZooKeeperACL
    private let parentACL: ZooKeeperACL
    private let logger: Logger
    private let id = RandomID.text()
    private let clock = ContinuousClock()

    private var machine: ElectionMachine
    private var pumps: [Task<Void, Never>] = []
    private var timer: Task<Void, Never>?
    private var nextSubscriber = 0
    private var subscribers: [Int: AsyncStream<ElectionEvent>.Continuation] = [:]
    /// Deletions of our nodes that are under way.
    private var deletions: [String: Task<Void, Never>] = [:]

    /// How long to leave may take: without an answer by then, the node is left to its session's end.
    private static let leavingLimit = Duration.seconds(1)

    /// Makes a candidate that has not entered.
    /// - Parameters:
    ///   - data: what the others read of the leader: `host:port`, MasterInfo …
    ///   - acl: of the candidate's node and of the parents that are made; nil: open, or `creatorAllWorldRead` where the client's URL
    ///     has credentials.
    public init(
        client: ZooKeeperClient, layout: ElectionLayout, data: [UInt8], acl: ZooKeeperACL? = nil,
        logger: Logger = Logger(label: "election")
    ) {
        self.client = client
        self.layout = layout
        self.data = data
        let hasCredentials = client.url.credentials != nil
        self.acl = acl ?? (hasCredentials ? .creatorAllWorldRead : .open)
        parentACL = hasCredentials ? .creatorAllWorldReadCreate : .open
        self.logger = logger
        machine = ElectionMachine(layout: layout, data: data)
    }

    /// True while this candidate may act as the leader: by the clock, not by a timer that may be late.
    public nonisolated var isLeader: Bool { term != nil }

    /// The present term, where this candidate leads.
    public nonisolated var term: ElectionTerm? {
        let now = ContinuousClock.now
        return lease.withLock { lease in lease.end.map { now < $0 } == true ? lease.term : nil }
    }

    /// The leader known last.
    public nonisolated var leader: ElectionLeader? { lease.withLock { $0.leader } }

    /// What happens from now on; the present leader and term come first. Every caller gets a stream of its own; it ends with `stop`.
    public func events() -> AsyncStream<ElectionEvent> {
        let (stream, continuation) = AsyncStream.makeStream(of: ElectionEvent.self)
        nextSubscriber += 1
        let key = nextSubscriber
        subscribers[key] = continuation
        if let term = machine.term { continuation.yield(.elected(term)) }
        if let leader { continuation.yield(.leaderChanged(leader)) }
        continuation.onTermination = { [weak self] _ in Task { await self?.unsubscribe(key) } }
        return stream
    }

    /// Starts to watch, and enters the election.
    /// - Parameter entering: false to watch only.
    public func start(entering: Bool = true) {
        if pumps.isEmpty {
            client.start()
            pumps = [Task { await followSession() }, Task { await followChildren() }]
        }
        if entering { handle(.enter) }
    }

    /// Leaves the election: the node is deleted, so that another leads at once. `start` enters again.
    ///
    /// Returns within about 1 s: where ZooKeeper does not answer, the node is deleted once it does, and else goes with its session.
    public func resign() async {
        handle(.resign)
        await waitForDeletions()
    }

    /// Leaves the election, as `resign` does, and ends all streams.
    public func stop() async {
        await resign()
        for pump in pumps { pump.cancel() }
        pumps = []
        timer?.cancel()
        for subscriber in subscribers.values { subscriber.finish() }
        subscribers = [:]
    }

    private func waitForDeletions() async {
        let pending = Array(deletions.values)
        guard !pending.isEmpty, client.isConnected else { return }
        let (end, reach) = AsyncStream.makeStream(of: Void.self)
        Task {
            for deletion in pending { await deletion.value }
            reach.finish()
        }
        let limit = Task {
            try await Task.sleep(for: Self.leavingLimit, clock: .continuous)
            reach.finish()
        }
        // Who leaves is often cancelled already, which must not end the wait.
        await Task { for await _ in end {} }.value
        limit.cancel()
    }

    private func unsubscribe(_ key: Int) { subscribers[key] = nil }

    // MARK: facts in

    private func followSession() async {
        for await event in client.sessionEvents() {
            switch event {
            case .connected(let session, let timeout):
                handle(.connected(session: session, timeout: timeout, opened: client.opened(session: session)))
            case .disconnected: handle(.disconnected)
            case .expired, .closed, .authFailed: handle(.expired)
            }
        }
    }

    private func followChildren() async {
        do {
            for try await children in client.watchChildren(layout.parent) { handle(.children(children ?? [])) }
        } catch {
            if !Task.isCancelled, (error as? ZooKeeperError)?.code != .closing {
                logger.warning("the election is watched no longer", metadata: ["reason": "\(error)"])
            }
        }
    }

    private func handle(_ input: ElectionMachine.Input) {
        let actions = machine.handle(input, now: clock.now)
        let (term, end) = (machine.term, machine.leaseEnd)
        lease.withLock { lease in
            lease.term = term
            lease.end = end
            for case .emit(.leaderChanged(let leader)) in actions { lease.leader = leader }
        }
        timer?.cancel()
        timer = machine.nextTick.map { time in
            Task { [weak self, clock] in
                guard (try? await Task.sleep(until: time, clock: clock)) != nil else { return }
                await self?.handle(.tick)
            }
        }
        for action in actions { perform(action) }
    }

    // MARK: actions out

    private func perform(_ action: ElectionMachine.Action) {
        switch action {
        case .emit(let event):
            logger.debug("election", metadata: ["event": "\(event)", "parent": "\(layout.parent)"])
            for subscriber in subscribers.values { subscriber.yield(event) }
        case .join(let session):
            let leaving = Array(deletions.values)
            Task {
                // The node that is about to be deleted must not be taken for the new one.
                for deletion in leaving { await deletion.value }
                do { handle(try await join(session)) } catch {
                    logger.debug("not in the election yet", metadata: ["reason": "\(error)"])
                    handle(.joinFailed)
                }
            }
        case .contact(let name, let confirming):
            Task {
                let (sent, connection) = (clock.now, client.connectionNumber)
                guard let session = client.sessionID else { return handle(.contactFailed) }
                do throws(ZooKeeperError) {
                    let exists = try await isOurs(layout.path(of: name), session: session, confirming: confirming)
                    guard client.connectionNumber == connection else { return handle(.contactFailed) }
                    let contact = ElectionMachine.Contact(sent: sent, connection: connection, isConfirmed: confirming)
                    handle(.contact(session: session, name: name, exists: exists, by: contact))
                } catch {
                    handle(.contactFailed)
                }
            }
        case .readLeader(let name):
            Task {
                guard let node = try? await client.get(layout.path(of: name)) else { return }
                let isOurSession = node.stat.ephemeralOwner == client.sessionID
                handle(.leaderRead(name: name, epoch: node.stat.czxid, data: node.data, isOurSession: isOurSession))
            }
        case .delete(let name):
            deletions[name] = Task {
                await delete(name)
                deletions[name] = nil
            }
        }
    }

    /// Whether a node exists and is this session's; confirming, by a transaction that a majority of the servers has taken.
    private func isOurs(_ path: String, session: Int64, confirming: Bool) async throws(ZooKeeperError) -> Bool {
        if confirming {
            do throws(ZooKeeperMultiError) {
                _ = try await client.multi([.check(path)])
            } catch {
                if error.index == 0, error.error.code == .noNode { return false }
                throw error.error
            }
        }
        return try await client.exists(path)?.ephemeralOwner == session
    }

    /// Makes our node. Where an earlier attempt's answer was lost, its node is found by its name's id and by the session that owns it.
    private func join(_ session: Int64) async throws(ZooKeeperError) -> ElectionMachine.Input {
        try await client.createRecursively(layout.parent, acl: parentACL)
        // Without it the connected server may not have seen yet what the one before has done for us.
        try await client.sync(layout.parent)
        let prefix = layout.namePrefix(id: id)
        for name in layout.candidates(among: try await client.children(of: layout.parent)) where name.hasPrefix(prefix) {
            let (sent, connection) = (clock.now, client.connectionNumber)
            if let stat = try await client.exists(layout.path(of: name)), stat.ephemeralOwner == session {
                return try joined(session, name, stat, sent, connection, isConfirmed: false)
            }
        }
        let (sent, connection) = (clock.now, client.connectionNumber)
        let path = try await client.create(layout.path(of: prefix), data: data, mode: .ephemeralSequential, acl: acl)
        guard let stat = try await client.exists(path), stat.ephemeralOwner == session else {
            throw ZooKeeperError(.sessionMoved, path)
        }
        let name = String(path[(path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex)...])
        return try joined(session, name, stat, sent, connection, isConfirmed: true)
    }

    private func joined(
        _ session: Int64, _ name: String, _ stat: ZooKeeperStat, _ sent: ContinuousClock.Instant, _ connection: Int, isConfirmed: Bool
    ) throws(ZooKeeperError) -> ElectionMachine.Input {
        // Which connection answered can't be told; the next attempt finds the node.
        guard client.connectionNumber == connection else { throw ZooKeeperError(.connectionLoss, layout.path(of: name)) }
        let contact = ElectionMachine.Contact(sent: sent, connection: connection, isConfirmed: isConfirmed)
        return .joined(session: session, name: name, epoch: stat.czxid, by: contact)
    }

    /// Deletes a node of ours; where the connection is lost, until the session that owns it is over.
    private func delete(_ name: String) async {
        let session = client.sessionID
        while client.sessionID == session, session != nil {
            do {
                return try await client.delete(layout.path(of: name))
            } catch {
                guard error.isTransient, (try? await client.waitUntilConnected()) != nil else { return }
            }
        }
    }
}
