import ClusterCore
import Glibc

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
        let names = (try? Files.list("/proc")) ?? []
        entries = names.compactMap { name in
            guard let pid = Int32(name), let text = try? Files.text("/proc/\(name)/stat", limit: 4096) else { return nil }
            return Self.entry(pid, text)
        }
    }

    /// Reads a line of /proc/N/stat (proc(5)): the name in parentheses may itself hold spaces and parentheses.
    static func entry(_ pid: Int32, _ text: String) -> Entry? {
        guard let end = text.lastIndex(of: ")") else { return nil }
        let fields = text[text.index(after: end)...].split(separator: " ")
        guard fields.count > 3, let state = fields[0].first, let parent = Int32(fields[1]), let group = Int32(fields[2]),
            let session = Int32(fields[3])
        else { return nil }
        return Entry(pid: pid, parent: parent, group: group, session: session, state: state)
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
