import Glibc

extension ProcessReaper {
    /// Which of the processes that an ended child has left behind are ended too.
    public enum Leftovers: Sendable, Hashable {
        /// All of them.
        case all
        /// Those that share the child's session: what made a session of its own (a slave's tasks) is meant to live on.
        case sameSession
    }

    /// Ends what ended children have left behind: descendants of this process that descend from no running child.
    /// Knows only of adopted orphans, so it needs `adoptOrphans`.
    /// - Returns: what could not be ended within `limit`.
    public func endLeftovers(_ which: Leftovers, within limit: Duration = .seconds(5)) async -> [Int32] {
        await withTaskGroup(of: [Int32]?.self) { group in
            group.addTask { await self.endLeftovers(which) }
            group.addTask {
                try? await Task.sleep(for: limit)
                return nil
            }
            let first = await group.next() ?? nil
            group.cancelAll()
            return first ?? leftovers(which).map(\.pid)
        }
    }

    private func endLeftovers(_ which: Leftovers) async -> [Int32]? {
        while !Task.isCancelled {
            let seen = reaps
            let left = leftovers(which)
            if left.isEmpty { return [] }
            for entry in left where entry.state != "Z" { kill(entry.pid, SIGKILL) }
            // Each end makes this process the parent of the next generation, and wakes the reaper.
            await waitForReap(after: seen)
        }
        return nil
    }

    private func leftovers(_ which: Leftovers) -> [ProcessTable.Entry] {
        let own = getpid()
        let session = getsid(0)
        return ProcessTable().descendants(of: own, excluding: Set(children.keys)).filter { which == .all || $0.session == session }
    }
}
