import ClusterCore
import JSON
import Logging
import Mesos
import Synchronization
import ZooKeeper

/// Takes part in the election of the leading master in Mesos' own layout: an ephemeral sequential node `json.info_…` with the
/// master's `MasterInfo`; the lowest number leads (Mesos source, `zookeeper/contender.cpp`, `detector.cpp`).
struct MasterContender: Sendable {
    let client: ZooKeeperClient
    let path: String
    let info: MasterInfo
    let logger: Logger

    /// What the election says.
    enum Outcome: Sendable, Hashable {
        /// This master leads, by this node.
        case leading(node: String)
        /// Another one leads.
        case following(MasterInfo)
        /// Nobody leads.
        case leaderless
    }

    /// Contends until cancelled.
    /// - Parameter onOutcome: called for each change, one after the other.
    /// - Throws: `ClusterError` `.unavailable` when this master led and leads no more: it must end at once, as upstream's does.
    func run(onOutcome: @escaping @Sendable (Outcome) async throws(ClusterError) -> Void) async throws(ClusterError) {
        let leads = Leadership()
        // The stream is opened before the first request, so that no loss of the session is missed.
        let events = client.sessionEvents()
        let result = await withTaskGroup(of: Result<Void, ClusterError>.self) { group in
            group.addTask { await Self.catching { () throws(ClusterError) in try await watchSession(events, leads) } }
            group.addTask {
                await Self.catching { () throws(ClusterError) in try await contend(leads, onOutcome) }
            }
            let first = await group.next() ?? .success(())
            group.cancelAll()
            return first
        }
        if Task.isCancelled { return }
        try result.get()
    }

    private static func catching(_ body: () async throws(ClusterError) -> Void) async -> Result<Void, ClusterError> {
        do throws(ClusterError) {
            try await body()
            return .success(())
        } catch {
            return .failure(error)
        }
    }

    private var lost: ClusterError { ClusterError(.unavailable, "Lost leadership... committing suicide!") }

    /// Ends when a leader's session is over, or may be over soon: the server has heard nothing since at most two thirds of the time-out
    /// when the client notices the silence, so one third is left.
    private func watchSession(_ events: AsyncStream<ZooKeeperSessionEvent>, _ leads: Leadership) async throws(ClusterError) {
        var iterator = events.makeAsyncIterator()
        var event = await iterator.next()
        while let current = event {
            switch current {
            case .expired where leads.isHeld: throw lost
            case .authFailed: throw ClusterError(.settings, "ZooKeeper refused the user and password of the zk:// URL")
            case .disconnected where leads.isHeld:
                logger.warning("ZooKeeper does not answer; this master steps down unless it is back in time")
                let patience = (client.grantedTimeout ?? client.sessionTimeout) / 3
                let watchdog = Task {
                    do { try await Task.sleep(for: patience) } catch { return false }
                    return true
                }
                // Whatever happens next ends the wait; silence ends this master.
                event = await withTaskGroup(of: ZooKeeperSessionEvent?.self) { group in
                    group.addTask { await watchdog.value ? .closed : nil }
                    let next = await iterator.next()
                    watchdog.cancel()
                    for await result in group where result == .closed { return .closed }
                    return next
                }
                if event == .closed { throw lost }
                continue
            default: break
            }
            event = await iterator.next()
        }
    }

    private func contend(
        _ leads: Leadership, _ onOutcome: @Sendable (Outcome) async throws(ClusterError) -> Void
    ) async throws(ClusterError) {
        var own = try await enter()
        var told: Outcome?
        do {
            for try await list in client.watchChildren(path) {
                let candidates = MesosLeaderDetector.candidates(list ?? [])
                if !candidates.contains(own) {
                    if leads.isHeld { throw lost }
                    logger.info("The election node \(own) is gone; entering the election again")
                    own = try await enter()
                    continue
                }
                guard let outcome = await outcome(of: candidates, own) else { continue }
                guard outcome != told else { continue }
                if case .leading = told { throw lost }
                if case .leading = outcome { leads.take() }
                told = outcome
                try await onOutcome(outcome)
            }
        } catch let error as ClusterError {
            throw error
        } catch {
            throw ClusterError(.unavailable, "the election in ZooKeeper failed", cause: error)
        }
    }

    private func outcome(of candidates: [String], _ own: String) async -> Outcome? {
        guard let first = candidates.first else { return .leaderless }
        if first == own { return .leading(node: "\(path)/\(own)") }
        guard let data = try? await client.get("\(path)/\(first)").data, let json = try? JSON(parsing: data) else {
            // It went away meanwhile: the watch fires again.
            return nil
        }
        return (try? MasterInfo(json: json)).map { .following($0) } ?? .leaderless
    }

    /// Makes this master's node; after an answer that got lost, finds it.
    /// - Returns: its name.
    private func enter() async throws(ClusterError) -> String {
        let hasUser = client.url.credentials != nil
        while true {
            do throws(ZooKeeperError) {
                try await client.waitUntilConnected()
                _ = try await client.createRecursively(path, acl: hasUser ? .creatorAllWorldReadCreate : .open)
                for name in MesosLeaderDetector.candidates(try await client.children(of: path)) {
                    guard let node = try? await client.get("\(path)/\(name)"), node.stat.ephemeralOwner == client.sessionID else {
                        continue
                    }
                    guard let json = try? JSON(parsing: node.data), json["id"]?.string == info.id else { continue }
                    return name
                }
                let created = try await client.create(
                    "\(path)/json.info_", data: info.nodeJSON.bytes(), mode: .ephemeralSequential,
                    acl: hasUser ? .creatorAllWorldRead : .open)
                return String(created.dropFirst(path.count + 1))
            } catch {
                guard error.isTransient else {
                    throw ClusterError(.unavailable, "can't enter the election at \(path) in ZooKeeper", cause: error)
                }
                logger.debug("entering the election: \(error)")
            }
        }
    }
}

/// Whether this master leads, for both halves of the contender.
private final class Leadership: Sendable {
    private let held = Mutex(false)
    var isHeld: Bool { held.withLock { $0 } }
    func take() { held.withLock { $0 = true } }
}
