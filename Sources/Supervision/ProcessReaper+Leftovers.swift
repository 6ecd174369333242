import Glibc

extension ProcessReaper {
    /// Which of the processes that an ended child has left behind are ended too.
    public enum Leftovers: Sendable, Hashable {
        /// All of them.
        case all
        /// Those that share the child's session: what made a session of its own (a slave's tasks) is meant to live on.
        case sameSession
    }

    /// What one look found, after KILL was sent to it.
    struct LeftoversRound: Sendable {
        /// Process ids, ended ones that nobody has reaped yet among them.
        let left: [Int32]
        /// How much had been reaped before the look.
        let reaps: UInt64
    }

    /// Ends what ended children have left behind: descendants of this process that descend from no running child.
    /// None where orphans are not adopted: what else runs below this process is then not the reaper's.
    /// - Returns: what could not be ended within `limit`.
    public func endLeftovers(_ which: Leftovers, within limit: Duration = .seconds(5)) async -> [Int32] {
        let end = ContinuousClock.now + limit
        var round = await killLeftovers(which)
        while !round.left.isEmpty, ContinuousClock.now < end, !Task.isCancelled {
            // Each end makes this process the parent of the next generation, and wakes the reaper.
            await waitForReap(after: round.reaps, until: end)
            round = await killLeftovers(which)
        }
        return round.left
    }

    private func killLeftovers(_ which: Leftovers) async -> LeftoversRound {
        await withCheckedContinuation { reply in request(.killLeftovers(which, reply)) }
    }

    private func waitForReap(after seen: UInt64, until end: ContinuousClock.Instant) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.waitForReap(after: seen) }
            group.addTask { try? await Task.sleep(until: end, clock: .continuous) }
            await group.next()
            group.cancelAll()
        }
    }

    /// Called by the reaper's thread only. It alone starts and reaps children, so while it looks here, every child is a known one, and
    /// the number of an ended one can't have passed to another process.
    func killLeftoversOnThread(_ which: Leftovers) -> LeftoversRound {
        guard adoptsOrphans else { return LeftoversRound(left: [], reaps: 0) }
        let reaps = reaps
        let session = getsid(0)
        let left = ProcessTable().descendants(of: getpid(), excluding: Set(children.keys)).filter { which == .all || $0.session == session }
        for entry in left where entry.state != "Z" { kill(entry.pid, SIGKILL) }
        return LeftoversRound(left: left.map(\.pid), reaps: reaps)
    }
}
