import ClusterCore
import Logging
import Synchronization
import CZooKeeper

extension ZooKeeperClient {
    /// Opens a session; where no name resolves, tries again after 100 ms, doubling up to 5 s.
    func openSession(attempt: Int) {
        let session = Session { [weak self] session, code in self?.sessionChanged(session, code) }
        let isWanted = state.withLock { state in
            guard state.phase == .connecting, state.session == nil else { return false }
            state.session = session
            state.sessionID = 0
            state.opened = .now
            return true
        }
        guard isWanted else { return }
        do {
            let credentials = url.credentials.map { "\($0.user):\($0.password)" }
            try session.open(servers: url.connectString, timeout: sessionTimeout, credentials: credentials)
        } catch {
            logger.debug("no ZooKeeper session yet", metadata: ["reason": "\(error)"])
            state.withLock { state in if state.session === session { state.session = nil } }
            session.endWatches()
            let delay = Duration.milliseconds(min(100 << min(attempt, 6), 5000))
            Task { [weak self] in
                try await Task.sleep(for: delay, clock: .continuous)
                self?.openSession(attempt: attempt + 1)
            }
            return
        }
        // `close` may have come between the two: it saw a session without a handle.
        let isStillWanted = state.withLock { $0.session === session }
        if !isStillWanted { Task { await session.close() } }
    }

    /// Called on the C library's completion thread, in the order of the events.
    private func sessionChanged(_ session: Session, _ code: Int32) {
        switch code {
        case ZOO_CONNECTED_STATE, ZOO_READONLY_STATE:
            let id = session.id
            let timeout = session.grantedTimeout
            publish(.connected(sessionID: id, timeout: timeout), from: session) { state in
                state.phase = .connected
                state.connections += 1
                state.sessionID = id
                state.grantedTimeout = timeout
            }
        case ZOO_EXPIRED_SESSION_STATE:
            let id = state.withLock { $0.sessionID }
            publish(.expired(sessionID: id), from: session) { state in
                state.phase = .connecting
                state.session = nil
                state.sessionID = 0
            }
            // The new session first: who waits for a change must find it when it is woken.
            openSession(attempt: 0)
            Task { await session.close() }
        case ZOO_AUTH_FAILED_STATE:
            publish(.authFailed, from: session) { state in
                state.phase = .failed
                state.session = nil
            }
            Task { await session.close() }
        default:
            let wasConnected = state.withLock { $0.session === session && $0.phase == .connected }
            guard wasConnected else { return }
            publish(.disconnected, from: session) { $0.phase = .connecting }
        }
    }

    /// Changes the state and tells the subscribers, unless the event is of a session that is no longer ours.
    private func publish(_ event: ZooKeeperSessionEvent, from session: Session, _ change: (inout State) -> Void) {
        // Yielding under the lock keeps every subscriber's events in order; a yield runs no code of ours.
        let isOurs = state.withLock { state in
            guard state.session === session, state.phase != .closed else { return false }
            change(&state)
            for subscriber in state.subscribers.values { subscriber.yield(event) }
            return true
        }
        if isOurs { logger.debug("ZooKeeper session", metadata: ["event": "\(event)", "servers": "\(url.connectString)"]) }
    }
}
