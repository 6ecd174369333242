/// A look at the processes of this machine, from /proc.
public struct ProcessTable: Sendable {
    /// A process.
    public struct Entry: Sendable, Hashable {
        /// Its id.
        public let pid: Int32
        /// Its parent's id.
        public let parent: Int32
        /// Its group.
        public let group: Int32
        /// Its session.
        public let session: Int32
        /// `R`, `S`, `D`, `Z` …
        public let state: Character
    }

    /// All processes seen.
    public let entries: [Entry]

    /// Looks now. Empty where /proc is not mounted.
    public init() {
        entries = HostProcesses.all().map { pid, stat in
            Entry(pid: pid, parent: stat.parent, group: stat.group, session: stat.session, state: stat.state)
        }
    }

    /// All that descend from a process, without itself and without the subtrees of `excluded`.
    public func descendants(of root: Int32, excluding excluded: Set<Int32> = []) -> [Entry] {
        let byParent = Dictionary(grouping: entries, by: \.parent)
        var found: [Entry] = []
        var open = [root]
        while let parent = open.popLast() {
            for entry in byParent[parent] ?? [] where !excluded.contains(entry.pid) && entry.pid != root {
                found.append(entry)
                open.append(entry.pid)
            }
        }
        return found
    }
}
