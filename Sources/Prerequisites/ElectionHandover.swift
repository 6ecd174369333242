public import ClusterCore
public import Entrypoint
import Logging
public import Settings
import ZooKeeper

/// Hands leadership over at once when the child has died.
///
/// A leader's ephemeral node outlives its process by the session's time-out (Mesos: 10 s, on SIGTERM too), and nobody else leads
/// meanwhile. The wrap has reaped its child, so it knows sooner: it deletes exactly the node that this child had made, and the
/// next candidate is elected by the watch that it has on it.
///
/// While the child lives, the companion records its election node: path, creating session and creating transaction, found by the
/// child's own address in the node's data. The exit action deletes what was recorded, where path, session and transaction are still
/// the same, so never another candidate's node, nor a newer one that a restarted child has made.
///
/// A predecessor that was killed together with its child could not hand over: its record is on disk, and is acted upon before anything
/// else where its child is certainly gone (see `PredecessorRecord.doubt`).
///
/// Use: `plan.companions.append(handover.companion)` and `plan.afterExit.append(handover.exitAction)`.
public struct ElectionHandover: Sendable {
    private let keeper: HandoverKeeper
    private let description: String

    /// Watches one election.
    /// - Parameters:
    ///   - ensemble: servers, and the credentials by which the child's nodes may be deleted. Its path is not used.
    ///   - election: where the candidates' nodes are and which is the child's.
    ///   - record: the file, in a directory that exists, by which a killed entrypoint's successor hands over for it; nil: it doesn't.
    public init(ensemble: ZooKeeperURL, election: ElectionNodes, record: String? = nil) {
        keeper = HandoverKeeper(ensemble: ensemble, election: election, file: record)
        description = "delete the exited child's own election node below \(election.parent), so that the next leader is elected at once"
    }

    /// Where a component keeps its record: beside its probes' socket; nil where it has none.
    public static func record(_ component: String, _ settings: ResolvedSettings) -> String? {
        let socket = settings[CommonSettings.probeSocket(component)]
        return socket == "none" ? nil : "\(socket).election"
    }

    /// Hands over for a killed predecessor, then keeps the record fresh, by a watch on the candidates.
    public var companion: Companion {
        Companion("election-record") { [keeper] context in try await keeper.run(context) }
    }

    /// Deletes the exited child's node.
    public var exitAction: ExitAction {
        ExitAction(description, timeout: .seconds(2)) { [keeper] child, logger throws(ClusterError) in
            try await keeper.release(child, logger)
        }
    }

    /// What is recorded of a child, for tests.
    func recordedNodes(of child: Int32) async -> [CandidateNode] { await keeper.recordedNodes(of: child) }
}
