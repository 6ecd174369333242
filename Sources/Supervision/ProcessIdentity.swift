import ClusterCore
import Glibc

/// A process that can't be mistaken for a later one with the same number: a pid is reused, a pid with its start time is not
/// (proc(5), `/proc/[pid]/stat` field 22), and after a reboot neither counts.
public struct ProcessIdentity: Sendable, Hashable {
    /// Process id.
    public let pid: Int32
    /// Clock ticks between boot and the start of the process.
    public let startTicks: UInt64
    /// Random id of this boot (`/proc/sys/kernel/random/boot_id`).
    public let bootID: String

    /// Names a process.
    public init(pid: Int32, startTicks: UInt64, bootID: String) {
        self.pid = pid
        self.startTicks = startTicks
        self.bootID = bootID
    }
}

/// What `/proc/[pid]/stat` says of a process.
public struct ProcessStat: Sendable, Hashable {
    /// One letter: R, S, D, Z (has exited and is not reaped) …
    public let state: Character
    /// Parent.
    public let parent: Int32
    /// Process group.
    public let group: Int32
    /// Session.
    public let session: Int32
    /// Clock ticks in user mode.
    public let userTicks: UInt64
    /// Clock ticks in kernel mode.
    public let systemTicks: UInt64
    /// Clock ticks between boot and start.
    public let startTicks: UInt64
    /// Resident pages.
    public let residentPages: UInt64

    /// Reads the file's one line; the name in it may hold spaces and parentheses, so fields count from the last `)`.
    public init?(line: String) {
        guard let end = line.lastIndex(of: ")") else { return nil }
        let fields = line[line.index(after: end)...].split(whereSeparator: \.isWhitespace)
        guard fields.count > 21, let state = fields[0].first, let parent = Int32(fields[1]), let group = Int32(fields[2]),
            let session = Int32(fields[3]), let user = UInt64(fields[11]), let system = UInt64(fields[12]),
            let start = UInt64(fields[19]), let resident = UInt64(fields[21])
        else { return nil }
        self.state = state
        self.parent = parent
        self.group = group
        self.session = session
        userTicks = user
        systemTicks = system
        startTicks = start
        residentPages = resident
    }
}

/// The host's processes, read from `/proc`.
public enum HostProcesses {
    /// What is known of a process; nil where there is none.
    public static func stat(_ pid: Int32) -> ProcessStat? {
        guard let text = try? Files.text("/proc/\(pid)/stat", limit: 4096) else { return nil }
        return ProcessStat(line: text)
    }

    /// The identity of a process that exists now.
    public static func identity(_ pid: Int32) -> ProcessIdentity? {
        stat(pid).map { ProcessIdentity(pid: pid, startTicks: $0.startTicks, bootID: bootID) }
    }

    /// True while that very process runs; a zombie does not.
    public static func isRunning(_ identity: ProcessIdentity) -> Bool {
        guard identity.bootID == bootID, let stat = stat(identity.pid) else { return false }
        return stat.startTicks == identity.startTicks && stat.state != "Z"
    }

    /// Every process with what is known of it. One pass over `/proc`: a few microseconds a process.
    public static func all() -> [Int32: ProcessStat] {
        var found: [Int32: ProcessStat] = [:]
        for name in (try? Files.list("/proc")) ?? [] {
            if let pid = Int32(name), let stat = stat(pid) { found[pid] = stat }
        }
        return found
    }

    /// Random id of this boot.
    public static let bootID: String = {
        let text = (try? Files.text("/proc/sys/kernel/random/boot_id", limit: 4096)) ?? "unknown"
        return String(text.prefix { !$0.isWhitespace })
    }()
}
