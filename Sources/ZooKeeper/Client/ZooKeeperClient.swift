public import ClusterCore
import CZooKeeper
public import Logging
import Synchronization

/// A ZooKeeper client. Its session is made again when it has expired (ephemeral nodes must then be made again: see `sessionEvents`).
///
/// Every operation may throw `.connectionLoss` or `.operationTimeout`, after which nobody knows whether it was carried out, and
/// `.invalidState` or `.sessionExpired` while a new session is being made; `ZooKeeperError.isTransient` names those worth a retry.
public final class ZooKeeperClient: Sendable {
    /// The ensemble; its path is not used by the client, which takes absolute paths.
    public let url: ZooKeeperURL
    /// The session's time-out as asked for; the server may grant another (2 to 20 of its ticks).
    public let sessionTimeout: Duration

    struct State {
        enum Phase: Hashable { case idle, connecting, connected, failed, closed }
        var phase = Phase.idle
        var session: Session?
        var sessionID: Int64 = 0
        var grantedTimeout = Duration.zero
        /// When `session` began to be opened.
        var opened: ContinuousClock.Instant?
        /// How many connections there have been.
        var connections = 0
        var nextSubscriber = 0
        var subscribers: [Int: AsyncStream<ZooKeeperSessionEvent>.Continuation] = [:]
    }
    let state = Mutex(State())
    let logger: Logger

    /// Makes a client that is not connected yet.
    /// - Parameters:
    ///   - url: servers, and the credentials of the digest scheme where it has any.
    ///   - sessionTimeout: 400 ms – 10 min. A node that dies is noticed this much later.
    public init(url: ZooKeeperURL, sessionTimeout: Duration = .seconds(10), logger: Logger = Logger(label: "zookeeper")) {
        self.url = url
        self.sessionTimeout = sessionTimeout
        self.logger = logger
        zoo_set_debug_level(ZOO_LOG_LEVEL_WARN)
    }

    /// Makes a client of a list of servers.
    public convenience init(servers: [HostPort], sessionTimeout: Duration = .seconds(10), logger: Logger = Logger(label: "zookeeper")) {
        self.init(url: ZooKeeperURL(servers: servers, path: ""), sessionTimeout: sessionTimeout, logger: logger)
    }

    deinit {
        let (session, subscribers) = state.withLock { ($0.session, Array($0.subscribers.values)) }
        for subscriber in subscribers { subscriber.finish() }
        if let session { Task.detached { await session.close() } }
    }

    /// Starts connecting in the background; names that do not resolve yet are tried again.
    public func start() {
        let starts = state.withLock { state in
            guard state.phase == .idle else { return false }
            state.phase = .connecting
            return true
        }
        if starts { openSession(attempt: 0) }
    }

    /// Starts connecting and waits until a server has taken the session.
    /// - Throws: `.connectionLoss` where that takes longer than `deadline` (the client goes on trying), `.authFailed`, `.closing`, `.cancelled`.
    public func connect(within deadline: Duration = .seconds(30)) async throws(ZooKeeperError) {
        start()
        let events = sessionEvents()
        let subject = url.connectString
        let outcome = await withTaskGroup(of: ZooKeeperError?.self) { group in
            group.addTask {
                for await event in events {
                    switch event {
                    case .connected: return nil
                    case .authFailed: return ZooKeeperError(.authFailed, subject)
                    case .closed: return ZooKeeperError(.closing, subject)
                    case .disconnected, .expired: continue
                    }
                }
                return ZooKeeperError(Task.isCancelled ? .cancelled : .closing, subject)
            }
            group.addTask {
                do { try await Task.sleep(for: deadline, clock: .continuous) } catch { return ZooKeeperError(.cancelled, subject) }
                return ZooKeeperError(.connectionLoss, "\(subject) within \(deadline.mesosText)")
            }
            let first = await group.next() ?? nil
            group.cancelAll()
            return first
        }
        if let outcome { throw outcome }
    }

    /// Ends the session: its ephemeral nodes are deleted at once. Operations under way end with `.closing`; streams end.
    public func close() async {
        let (session, subscribers) = state.withLock { state -> (Session?, [AsyncStream<ZooKeeperSessionEvent>.Continuation]) in
            defer {
                state.session = nil
                state.phase = .closed
                state.subscribers = [:]
            }
            return (state.session, Array(state.subscribers.values))
        }
        await session?.close()
        for subscriber in subscribers {
            subscriber.yield(.closed)
            subscriber.finish()
        }
    }

    /// The present session's id, as in `ZooKeeperStat.ephemeralOwner`; nil while none is known to be alive.
    public var sessionID: Int64? { state.withLock { $0.session != nil && $0.sessionID != 0 ? $0.sessionID : nil } }

    /// When this session began to be opened: the ensemble has made it after that. nil where it is not the present one.
    func opened(session: Int64) -> ContinuousClock.Instant? { state.withLock { $0.sessionID == session ? $0.opened : nil } }

    /// The number of the present connection. Answers come in order with the changes of this number, so what was sent and answered under
    /// one number was answered on that connection.
    var connectionNumber: Int { state.withLock { $0.connections } }

    /// True while a server is connected.
    public var isConnected: Bool { state.withLock { $0.phase == .connected } }

    /// The session's time-out as the server granted it; nil before the first connection.
    public var grantedTimeout: Duration? { state.withLock { $0.grantedTimeout == .zero ? nil : $0.grantedTimeout } }

    /// What happens to the session from now on. The first element says what is so now. Every caller gets a stream of its own.
    public func sessionEvents() -> AsyncStream<ZooKeeperSessionEvent> {
        let (stream, continuation) = AsyncStream.makeStream(of: ZooKeeperSessionEvent.self)
        let key = state.withLock { state -> Int? in
            switch state.phase {
            case .closed, .failed:
                continuation.yield(state.phase == .closed ? .closed : .authFailed)
                continuation.finish()
                return nil
            case .connected: continuation.yield(.connected(sessionID: state.sessionID, timeout: state.grantedTimeout))
            case .idle, .connecting: continuation.yield(.disconnected)
            }
            state.nextSubscriber += 1
            state.subscribers[state.nextSubscriber] = continuation
            return state.nextSubscriber
        }
        if let key {
            continuation.onTermination = { [weak self] _ in _ = self?.state.withLock { $0.subscribers.removeValue(forKey: key) } }
        }
        return stream
    }

    /// Waits for a server that holds the session.
    /// - Throws: `.closing`, `.authFailed`, `.cancelled`.
    public func waitUntilConnected() async throws(ZooKeeperError) {
        if isConnected { return }
        for await event in sessionEvents() {
            switch event {
            case .connected: return
            case .authFailed: throw ZooKeeperError(.authFailed, url.connectString)
            case .closed: throw ZooKeeperError(.closing, url.connectString)
            case .disconnected, .expired: continue
            }
        }
        throw ZooKeeperError(Task.isCancelled ? .cancelled : .closing, url.connectString)
    }

    func currentSession() throws(ZooKeeperError) -> Session {
        let (session, phase) = state.withLock { ($0.session, $0.phase) }
        if let session { return session }
        throw ZooKeeperError(phase == .closed ? .closing : phase == .failed ? .authFailed : .invalidState, url.connectString)
    }
}
