import ClusterCore
import Glibc

/// The processes of one cluster, found in /proc: what a killed supervisor, wrap or slave left behind.
enum ClusterProcesses {
    /// The variable by which every process of a cluster is marked.
    static let marker = "DEV_CLUSTER_ID"

    /// Processes that carry the cluster's marker in their environment, or work inside its state directory (tasks do).
    static func processes(of identifier: String, state: StateDirectory) -> [pid_t] {
        let mark = Array("\(marker)=\(identifier)".utf8)
        let own = getpid()
        return ((try? Files.list("/proc")) ?? []).compactMap { pid_t($0) }.filter { pid in
            pid != own && (worksIn(state.path + "/nodes/", pid) || carries(mark, pid))
        }
    }

    /// Ends them: TERM, then KILL for those that are left after the grace.
    /// - Returns: how many there were.
    static func end(_ identifier: String, state: StateDirectory, grace: Duration = .seconds(2)) async -> Int {
        let found = processes(of: identifier, state: state)
        for pid in found { kill(pid, SIGTERM) }
        let deadline = ContinuousClock.now + grace
        while ContinuousClock.now < deadline, !processes(of: identifier, state: state).isEmpty {
            // Processes that are not our children can only be looked at, not waited for.
            try? await Task.sleep(for: .milliseconds(50))
        }
        // Twice, because a process may have started another one between the look and its end.
        for _ in 0..<2 { for pid in processes(of: identifier, state: state) { kill(pid, SIGKILL) } }
        return found.count
    }

    private static func worksIn(_ directory: String, _ pid: pid_t) -> Bool {
        var buffer = [CChar](repeating: 0, count: 4096)
        let count = readlink("/proc/\(pid)/cwd", &buffer, buffer.count)
        guard count > 0 else { return false }
        return String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self).hasPrefix(directory)
    }

    private static func carries(_ mark: [UInt8], _ pid: pid_t) -> Bool {
        guard let environment = try? Files.read("/proc/\(pid)/environ") else { return false }
        return environment.split(separator: 0).contains { $0.elementsEqual(mark) }
    }
}
