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

    /// - Parameter file: the path of the record on disk.
    init(ensemble: ZooKeeperURL, election: ElectionNodes, file: String?) {
        self.ensemble = ensemble
        self.election = election
        path = file
    }

    /// Records until it is cancelled.
    func run(_ context: CompanionContext) async throws {
        let client = connected()
        do {
            try await handOverForPredecessor(client, context.logger)
            for try await children in client.watchChildren(election.parent) {
                try await look(at: children ?? [], client) { await context.childPID() }
                try keep(of: await context.childPID())
            }
        } catch let error as ZooKeeperError where error.code == .cancelled {
        }
    }

    func recordedNodes(of child: Int32) -> [CandidateNode] { record.nodes(of: child) }

    /// Deletes the nodes of a child that has exited: those recorded, and one that it made just before and that no watch has told of yet.
    /// None where the child has left processes that could not be ended: one of them may lead on, in the same session.
    func release(_ child: ExitedChild, _ logger: Logger) async throws(ClusterError) {
        guard child.left.isEmpty else {
            if child.isStopping { await closeClient() }
            throw ClusterError(
                .conflict,
                "processes \(child.left.map(String.init).joined(separator: ", ")) of the exited child still run and may lead: its election node "
                    + "goes when its session expires; end them")
        }
        let client = connected()
        var problem: ZooKeeperError?
        for node in record.nodes(of: child.pid) {
            do { try await delete(node, client, logger) } catch { problem = error }
        }
        do throws(ZooKeeperError) {
            let known = Set(record.nodes(of: child.pid))
            try await look(at: try await client.children(of: election.parent), client) { child.pid }
            for node in record.nodes(of: child.pid) where !known.contains(node) { try await delete(node, client, logger) }
        } catch {
            if error.code != .noNode { problem = problem ?? error }
        }
        if child.isStopping { await closeClient() }
        if problem == nil, written?.child.pid == child.pid {
            try file?.write(nil)
            written = nil
        }
        if let problem {
            throw ClusterError(
                .unavailable, "the exited child's election node may be left below \(election.parent); it goes when its session expires",
                cause: problem)
        }
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
                try await client.waitUntilConnected()
                for node in left.nodes { try await delete(node, client, logger) }
            }
        }
        isPredecessorGone = true
    }

    /// Writes down what a successor needs, should this process be killed.
    private func keep(of child: Int32?) throws(ClusterError) {
        guard let file, let child, let stat = HostProcesses.stat(child) else { return }
        let nodes = record.nodes(of: child)
        let new = PredecessorRecord(
            ensemble: ensemble.connectString, parent: election.parent, entrypoint: getpid(), namespace: PredecessorFile.namespace,
            child: ProcessIdentity(pid: child, startTicks: stat.startTicks, bootID: HostProcesses.bootID), group: stat.group, nodes: nodes)
        guard new != written, !nodes.isEmpty else { return }
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

    private func look(
        at names: [String], _ client: ZooKeeperClient, child: @Sendable () async -> Int32?
    ) async throws(ZooKeeperError) {
        let paths = names.filter(election.isCandidate).map(election.path)
        for path in record.unknown(among: paths) {
            do {
                let found = try await client.get(path)
                let node = CandidateNode(path: path, owner: found.stat.ephemeralOwner, czxid: found.stat.czxid)
                record.saw(node, isOwn: found.stat.ephemeralOwner != 0 && election.isOwn(found.data), child: await child())
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
