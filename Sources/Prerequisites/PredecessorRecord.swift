import ClusterCore
import Glibc
import JSON
import Supervision

/// What an entrypoint keeps on disk of its child's election nodes, for a successor to hand over what a killed predecessor could not.
struct PredecessorRecord: Sendable, Hashable {
    /// The ensemble's servers.
    var ensemble: String
    /// Where the candidates are.
    var parent: String
    /// The entrypoint's process id, as it saw itself.
    var entrypoint: Int32
    /// Its process id namespace; see `Surroundings`.
    var namespace: String
    /// The child.
    var child: ProcessIdentity
    /// The child's process group.
    var group: Int32
    /// The nodes that the child had made.
    var nodes: [CandidateNode]

    /// What a successor sees.
    struct Surroundings: Sendable {
        /// Random id of this boot.
        var bootID: String
        /// The process id namespace: its inode's number, which no other namespace has while one of its processes lives.
        var namespace: String
        /// True where this entrypoint alone holds the record's lock.
        var holdsLock: Bool
        /// Whether a process of this namespace runs.
        var isRunning: @Sendable (ProcessIdentity) -> Bool
        /// Whether a process group of this namespace has a process.
        var hasMembers: @Sendable (Int32) -> Bool
    }

    /// Why it is not certain that the child, and all that it started in its process group, is gone; nil where it is.
    func doubt(_ here: Surroundings) -> String? {
        guard here.holdsLock else { return "another entrypoint with the same record runs" }
        // A session of before a reboot has mostly expired by now; and this may be another host's record, in a shared directory.
        guard child.bootID == here.bootID else { return "the record is of another boot, or of another host" }
        guard !namespace.isEmpty, !here.namespace.isEmpty else { return "/proc does not show the process id namespace" }
        if namespace == here.namespace {
            if here.isRunning(child) { return "process \(child.pid) still runs" }
            return here.hasMembers(group) ? "processes of group \(group) still run" : nil
        }
        // A container that was started again: the kernel ends all processes of a namespace with its first one, the entrypoint, whose
        // lock is free.
        return entrypoint == 1 ? nil : "it ran in another process id namespace, under a first process that can't be seen from here"
    }
}

extension PredecessorRecord {
    var json: JSON {
        [
            "ensemble": .string(ensemble), "parent": .string(parent), "entrypoint": .number(Int(entrypoint)),
            "namespace": .string(namespace), "child": .number(Int(child.pid)), "start_ticks": .number(Int(clamping: child.startTicks)),
            "boot_id": .string(child.bootID), "group": .number(Int(group)),
            "nodes": .array(nodes.map { ["path": .string($0.path), "owner": .int($0.owner), "czxid": .int($0.czxid)] }),
        ]
    }

    /// nil where it isn't one.
    init?(json: JSON) {
        func number(_ key: String) -> Int32? { json[key]?.int.flatMap(Int32.init(exactly:)) }
        guard let ensemble = json["ensemble"]?.string, let parent = json["parent"]?.string, let entrypoint = number("entrypoint"),
            let namespace = json["namespace"]?.string, let pid = number("child"), let ticks = json["start_ticks"]?.int,
            let bootID = json["boot_id"]?.string, let group = number("group"), let items = json["nodes"]?.array
        else { return nil }
        var nodes: [CandidateNode] = []
        for item in items {
            guard let path = item["path"]?.string, let owner = item["owner"]?.int, let czxid = item["czxid"]?.int else { return nil }
            nodes.append(CandidateNode(path: path, owner: Int64(owner), czxid: Int64(czxid)))
        }
        self.init(
            ensemble: ensemble, parent: parent, entrypoint: entrypoint, namespace: namespace,
            child: ProcessIdentity(pid: pid, startTicks: UInt64(clamping: ticks), bootID: bootID), group: group, nodes: nodes)
    }
}

/// The file of a `PredecessorRecord`, and the lock beside it that is free only when no entrypoint uses the file.
final class PredecessorFile: Sendable {
    private let path: String
    private let lock: Int32

    init(_ path: String) {
        self.path = path
        // Kept until the process ends; the child does not inherit it.
        lock = open("\(path).lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    }

    deinit { if lock >= 0 { close(lock) } }

    var here: PredecessorRecord.Surroundings {
        PredecessorRecord.Surroundings(
            bootID: HostProcesses.bootID, namespace: Self.namespace, holdsLock: lock >= 0 && flock(lock, LOCK_EX | LOCK_NB) == 0,
            isRunning: HostProcesses.isRunning,
            hasMembers: { group in HostProcesses.all().values.contains { $0.group == group && $0.state != "Z" } })
    }

    func read() -> PredecessorRecord? {
        guard let bytes = try? Files.read(path, limit: 1 << 20), let json = try? JSON(parsing: bytes) else { return nil }
        return PredecessorRecord(json: json)
    }

    func write(_ record: PredecessorRecord?) throws(ClusterError) {
        guard let record else { return try Files.remove(path) }
        try Files.write(path, record.json.bytes(), mode: 0o600)
    }

    /// `pid:[4026531836]`; empty where /proc does not say.
    static let namespace: String = {
        var buffer = [UInt8](repeating: 0, count: 256)
        let count = buffer.withUnsafeMutableBytes { bytes in
            bytes.baseAddress.map { readlink("/proc/self/ns/pid", $0, bytes.count) } ?? -1
        }
        return String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
    }()
}
