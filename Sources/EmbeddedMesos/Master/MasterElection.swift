import ClusterCore
import JSON
import Logging
import Mesos
import ZooKeeper

/// Takes part in the election of the leading master in Mesos' own layout, with the master's `MasterInfo` (Mesos source,
/// `zookeeper/contender.cpp`, `detector.cpp`).
struct MasterElection: Sendable {
    /// What the election says.
    enum Outcome: Sendable, Hashable {
        /// This master leads.
        case leading(ElectionTerm)
        /// Another one leads.
        case following(MasterInfo)
        /// Nobody is known to lead.
        case leaderless
    }

    private let election: LeaderElection

    init(client: ZooKeeperClient, path: String, info: MasterInfo, logger: Logger) {
        election = LeaderElection(client: client, layout: .mesosMasters(path: path), data: info.nodeJSON.bytes(), logger: logger)
    }

    /// True while this master may act as the leader.
    var isLeader: Bool { election.isLeader }

    /// Contends until cancelled; leaves the election before it returns.
    /// - Parameter onOutcome: called for each change, one after the other.
    /// - Throws: `ClusterError` `.unavailable` when this master led and leads no more: it must end at once, as upstream's does.
    func run(onOutcome: @escaping @Sendable (Outcome) async throws(ClusterError) -> Void) async throws(ClusterError) {
        let events = await election.events()
        await election.start()
        let result = await withTaskGroup(of: Result<Void, ClusterError>?.self) { group in
            let (outcomes, tell) = AsyncStream.makeStream(of: Outcome.self)
            group.addTask {
                do throws(ClusterError) {
                    for await outcome in outcomes { try await onOutcome(outcome) }
                    return nil
                } catch {
                    return .failure(error)
                }
            }
            group.addTask {
                var last: Outcome?
                // A loss is noticed also while an outcome is worked at.
                for await event in events {
                    let outcome: Outcome
                    switch event {
                    case .elected(let term): outcome = .leading(term)
                    case .lost(let reason):
                        return .failure(
                            ClusterError(.unavailable, "this master leads no longer and ends, to start as a follower: \(reason)"))
                    case .leaderChanged(let leader):
                        guard leader?.isSelf != true else { continue }
                        outcome = leader.flatMap(Self.info).map(Outcome.following) ?? .leaderless
                    }
                    if outcome != last { tell.yield(outcome) }
                    last = outcome
                }
                return .success(())
            }
            var first: Result<Void, ClusterError>?
            while first == nil, let next = await group.next() { first = next }
            group.cancelAll()
            return first ?? .success(())
        }
        await election.stop()
        if Task.isCancelled { return }
        try result.get()
    }

    private static func info(of leader: ElectionLeader) -> MasterInfo? {
        guard let json = try? JSON(parsing: leader.data) else { return nil }
        return try? MasterInfo(json: json)
    }
}
