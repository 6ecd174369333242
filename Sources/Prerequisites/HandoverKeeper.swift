import ClusterCore
import Entrypoint
import Glibc
import Logging
import Supervision
import ZooKeeper

/// Keeps the record of a child's election node and deletes that node: the shell around `HandoverRecord`.
actor HandoverKeeper {
    private let ensemble: ZooKeeperURL
    private let election: ElectionNodes
    private var client: ZooKeeperClient?
    private var record = HandoverRecord()
    private let path: String?
    /// Opened with the companion's start: a plan that is only printed touches no file.
    private var file: PredecessorFile?
    private var isPredecessorGone = false
    private var written: PredecessorRecord?
    private var hasWarned = false

    /// - Parameter file: the path of the record on disk.
    init(ensemble: ZooKeeperURL, election: ElectionNodes, file: String?) {
        self.ensemble = ensemble
        self.election = election
        path = file
    }

    /// Sees what stands before a child is started, none of which is its own.
    func look(before logger: Logger) async throws(ClusterError) {
        record.starts(among: nil)
        do throws(ZooKeeperError) {
            let client = connected()
            try await client.waitUntilConnected()
            record.starts(among: try await standing(client))
        } catch {
            throw ClusterError(
                .unavailable, "what stands there before is not taken for the child's own, nor what it makes before it is looked again",
                cause: error)
        }
    }

    /// Records until it is cancelled.
    func run(_ context: CompanionContext) async throws {
        let client = connected()
        do {
            try await handOverForPredecessor(client, context.logger)
            for try await children in client.watchChildren(election.parent) {
                let paths = candidates(among: children ?? [])
                try await learn(paths, client)
                guard let child = await context.childPID() else { continue }
                if record.listed(paths, child: child) { warn(context.logger, record.verdict(on: child)) }
                try keep(of: child)
            }
        } catch let error as ZooKeeperError where error.code == .cancelled {
        }
    }

    func verdict(on child: Int32) -> HandoverRecord.Verdict { record.verdict(on: child) }

    /// Deletes the nodes of a child that has exited: those recorded, and one that it made just before and that no watch has told of yet.
    /// None where somebody else announces the same address, nor where the child has left processes that could not be ended: one of them
    /// may lead on, in the same session.
    func release(_ child: ExitedChild, _ logger: Logger) async throws(ClusterError) {
        guard child.left.isEmpty else {
            if child.isStopping { await closeClient() }
            throw ClusterError(
                .conflict,
                "processes \(child.left.map(String.init).joined(separator: ", ")) of the exited child still run and may lead: its election node "
                    + "goes when its session expires; end them")
        }
        let doubt: String?
        do throws(ZooKeeperError) {
            doubt = try await deleteNodes(of: child.pid, logger)
        } catch {
            // Not to be taken for somebody else's beside the next child.
            if case .own(let nodes) = record.verdict(on: child.pid) { record.buried(nodes) }
            if child.isStopping { await closeClient() }
            throw ClusterError(
                .unavailable, "the exited child's election node may be left below \(election.parent); it goes when its session expires",
                cause: error)
        }
        if child.isStopping { await closeClient() }
        if written?.child.pid == child.pid {
            try file?.write(nil)
            written = nil
        }
        if let doubt { throw ClusterError(.conflict, doubt) }
    }

    /// - Returns: why none was deleted; nil where all are.
    private func deleteNodes(of child: Int32, _ logger: Logger) async throws(ZooKeeperError) -> String? {
        let client = connected()
        let paths = try await standing(client)
        if record.listed(paths, child: child) { warn(logger, record.verdict(on: child)) }
        switch record.verdict(on: child) {
        case .own(let nodes):
            record.buried(nodes)
            for node in record.left(among: paths) { try await delete(node, client, logger) }
            return nil
        case .contested(let nodes):
            return
                "\(election.address) was announced by others too (\(text(of: nodes))): nothing is deleted, the child's node goes when its "
                + "session expires"
        case .unseen:
            return
                "ZooKeeper did not tell before the child's start what stood below \(election.parent): nothing is deleted, the child's node "
                + "goes when its session expires"
        }
    }

    /// Says once what an operator must mend.
    private func warn(_ logger: Logger, _ verdict: HandoverRecord.Verdict) {
        guard !hasWarned, case .contested(let nodes) = verdict else { return }
        hasWarned = true
        logger.warning(
            """
            two nodes announce the same address \(election.address) below \(election.parent): check the host name settings, each node's must \
            be its own; while it is so no election node is deleted when a child has died, and the next leader waits for its session's time-out \
            (it is nothing where this node was killed a moment ago: its former session expires)
            """, metadata: ["nodes": "\(text(of: nodes))"])
    }

    private func text(of nodes: [CandidateNode]) -> String {
        nodes.map { "\($0.path), session 0x\(String(UInt64(bitPattern: $0.owner), radix: 16))" }.joined(separator: "; ")
    }

    /// Deletes what a killed predecessor's child has left, where that child is certainly gone.
    private func handOverForPredecessor(_ client: ZooKeeperClient, _ logger: Logger) async throws {
        guard let path, !isPredecessorGone else { return }
        let file = self.file ?? PredecessorFile(path)
        self.file = file
        // Also where there is no record yet: it takes the lock.
        var here = file.here
        if let left = file.read(), left.ensemble == ensemble.connectString, left.parent == election.parent {
            var doubt = left.doubt(here)
            // The kernel ends the child with its entrypoint, a moment later.
            for _ in 0..<20 where doubt != nil {
                try await Task.sleep(for: .milliseconds(100), clock: .continuous)
                here = file.here
                doubt = left.doubt(here)
            }
            if let doubt {
                logger.info("a predecessor's election node is left to its session's time-out: \(doubt)")
            } else {
                record.buried(left.nodes)
                try await client.waitUntilConnected()
                for node in left.nodes { try await delete(node, client, logger) }
            }
        }
        isPredecessorGone = true
    }

    /// Writes down what a successor needs, should this process be killed: nothing where the nodes may be another's.
    private func keep(of child: Int32) throws(ClusterError) {
        guard let file else { return }
        guard case .own(let nodes) = record.verdict(on: child) else {
            if written != nil { try file.write(nil) }
            written = nil
            return
        }
        guard !nodes.isEmpty, let stat = HostProcesses.stat(child) else { return }
        let new = PredecessorRecord(
            ensemble: ensemble.connectString, parent: election.parent, entrypoint: getpid(), namespace: PredecessorFile.namespace,
            child: ProcessIdentity(pid: child, startTicks: stat.startTicks, bootID: HostProcesses.bootID), group: stat.group, nodes: nodes)
        guard new != written else { return }
        try file.write(new)
        written = new
    }

    /// Deletes a node where it is still the same one.
    private func delete(_ node: CandidateNode, _ client: ZooKeeperClient, _ logger: Logger) async throws(ZooKeeperError) {
        guard let stat = try await client.exists(node.path), stat.czxid == node.czxid, stat.ephemeralOwner == node.owner else { return }
        guard !Task.isCancelled else { throw ZooKeeperError(.cancelled, node.path) }
        do {
            try await client.delete(node.path, version: stat.version)
        } catch {
            if error.code == .noNode { return }
            throw error
        }
        logger.info(
            "deleted the exited child's election node; the next leader is elected now",
            metadata: ["node": "\(node.path)", "session": "0x\(String(UInt64(bitPattern: node.owner), radix: 16))"])
    }

    /// The candidates as the leader of the ensemble has them, all looked at.
    private func standing(_ client: ZooKeeperClient) async throws(ZooKeeperError) -> [String] {
        do throws(ZooKeeperError) {
            try await client.sync(election.parent)
            let paths = candidates(among: try await client.children(of: election.parent))
            try await learn(paths, client)
            return paths
        } catch {
            if error.code == .noNode { return [] }
            throw error
        }
    }

    private func candidates(among names: [String]) -> [String] { names.filter(election.isCandidate).map(election.path) }

    private func learn(_ paths: [String], _ client: ZooKeeperClient) async throws(ZooKeeperError) {
        for path in record.unknown(among: paths) {
            do {
                let found = try await client.get(path)
                record.saw(
                    CandidateNode(path: path, owner: found.stat.ephemeralOwner, czxid: found.stat.czxid),
                    isOwn: found.stat.ephemeralOwner != 0 && election.isOwn(found.data), incarnation: election.incarnation(found.data))
            } catch {
                if error.code != .noNode { throw error }
            }
        }
    }

    private func connected() -> ZooKeeperClient {
        if let client { return client }
        let made = ZooKeeperClient(url: ensemble)
        client = made
        made.start()
        return made
    }

    private func closeClient() async {
        let closing = client
        client = nil
        await closing?.close()
    }
}
