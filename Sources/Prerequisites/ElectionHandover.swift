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
/// Just before the child's start it sees what stands there, and while the child lives, the companion records the nodes that announce its
/// address: path, creating session and creating transaction. The exit action deletes what was recorded, where path, session and
/// transaction are still the same. Where anybody else has announced the address, as a node with a copied host name does, it deletes
/// nothing: better wait for the session's time-out than end a healthy leader (`HandoverRecord`).
///
/// A predecessor that was killed together with its child could not hand over: its record is on disk, and is acted upon before anything
/// else where its child is certainly gone (see `PredecessorRecord.doubt`).
///
/// Use: `handover.add(to: &plan)`.
public struct ElectionHandover: Sendable {
    private let keeper: HandoverKeeper
    private let description: String
    private let parent: String

    /// Watches one election.
    /// - Parameters:
    ///   - ensemble: servers, and the credentials by which the child's nodes may be deleted. Its path is not used.
    ///   - election: where the candidates' nodes are and which is the child's.
    ///   - record: the file, in a directory that exists, by which a killed entrypoint's successor hands over for it; nil: it doesn't.
    public init(ensemble: ZooKeeperURL, election: ElectionNodes, record: String? = nil) {
        keeper = HandoverKeeper(ensemble: ensemble, election: election, file: record)
        parent = election.parent
        description = "delete the exited child's own election node below \(election.parent), so that the next leader is elected at once"
    }

    /// Where a component keeps its record: beside its probes' socket; nil where it has none.
    public static func record(_ component: String, _ settings: ResolvedSettings) -> String? {
        let socket = settings[CommonSettings.probeSocket(component)]
        return socket == "none" ? nil : "\(socket).election"
    }

    /// Has a plan hand over.
    public func add(to plan: inout LaunchPlan) {
        plan.beforeSpawn.append(spawnAction)
        plan.companions.insert(companion, at: 0)
        plan.afterExit.append(exitAction)
    }

    /// Sees what stands in the election before the child is started.
    var spawnAction: SpawnAction {
        SpawnAction("see which election nodes below \(parent) are not the child's", timeout: .seconds(2)) {
            [keeper] logger throws(ClusterError) in
            try await keeper.look(before: logger)
        }
    }

    /// Hands over for a killed predecessor, then keeps the record fresh, by a watch on the candidates.
    var companion: Companion {
        Companion("election-record") { [keeper] context in try await keeper.run(context) }
    }

    /// Deletes the exited child's node.
    var exitAction: ExitAction {
        ExitAction(description, timeout: .seconds(2)) { [keeper] child, logger throws(ClusterError) in
            try await keeper.release(child, logger)
        }
    }

    /// What is recorded of a child, for tests.
    func verdict(on child: Int32) async -> HandoverRecord.Verdict { await keeper.verdict(on: child) }
}
