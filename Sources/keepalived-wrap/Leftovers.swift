import CLinux
import ClusterCore
import Entrypoint
import Glibc
import Logging

/// Cleans what a keepalived that was killed has left: virtual addresses, a running daemon, pid files.
struct Leftovers: Sendable {
    let virtualAddresses: [VirtualAddress]
    /// Of keepalived's main process and of its VRRP process.
    let pidFiles: [String]
    /// What keepalived was told to read: tells ours from another's.
    let configuration: String

    /// Ends a daemon that outlived its entrypoint, and removes its pid files: keepalived would refuse to start beside it.
    var endDaemon: PlanAction {
        PlanAction("end a keepalived that a killed predecessor left, and remove its pid files") { logger throws(ClusterError) in
            for file in pidFiles {
                guard let text = try? Files.text(file, limit: 64) else { continue }
                if let pid = Int32(text.prefix { $0.isNumber }), pid > 1, isOurs(pid) {
                    logger.warning("ending a keepalived that a killed predecessor left", metadata: ["pid": "\(pid)"])
                    try end(pid)
                }
                try Files.remove(file)
            }
        }
    }

    /// Kills at once, as its addresses are removed next; waits until it has gone, a zombie included.
    private func end(_ pid: Int32) throws(ClusterError) {
        let process = clinux_pidfd_open(pid)
        if process == -ESRCH { return }
        var problem = process < 0 ? -process : 0
        if problem == 0 {
            defer { close(process) }
            let sent = clinux_pidfd_signal(process, SIGKILL)
            if sent != 0 && sent != -ESRCH { problem = -sent }
            var exit = pollfd(fd: process, events: Int16(POLLIN), revents: 0)
            if problem == 0 && poll(&exit, 1, 5000) != 1 { problem = ETIMEDOUT }
        }
        guard problem == 0 else {
            throw ClusterError(
                .conflict, "keepalived (pid \(pid)) of a killed predecessor can't be ended: \(String(cString: strerror(problem)))")
        }
    }

    private func isOurs(_ pid: Int32) -> Bool {
        guard let words = try? Files.read("/proc/\(pid)/cmdline", limit: 1 << 20) else { return false }
        return words.split(separator: 0).contains { String(decoding: $0, as: UTF8.self) == "--use-file=\(configuration)" }
    }

    /// Removes the virtual addresses from this host, and looks that none is left.
    func remove(_ logger: Logger) throws(ClusterError) {
        let addresses = Set(virtualAddresses.map(\.address))
        for link in try LinkAddress.remove(addresses) {
            logger.warning(
                "removed a virtual address that keepalived left",
                metadata: ["address": "\(link.address)", "interface": "\(link.interface)"])
        }
        let left = try LinkAddress.all().filter { addresses.contains($0.address) && $0.interface != "lo" }
        guard left.isEmpty else {
            let text = left.map { "\($0.address) on \($0.interface)" }.joined(separator: ", ")
            throw ClusterError(.conflict, "still on this host: \(text); another process holds it: stop that one")
        }
    }

    private var names: String { virtualAddresses.map(\.description).joined(separator: ", ") }

    var removeBefore: PlanAction {
        PlanAction("remove \(names) where a killed keepalived left it") { logger throws(ClusterError) in try remove(logger) }
    }

    var removeAfter: PlanAction {
        PlanAction("verify that \(names) is gone, and remove it where it is not") { logger throws(ClusterError) in try remove(logger) }
    }

    var removeAfterExit: ExitAction {
        ExitAction("remove \(names) where the ended keepalived left it") { _, logger throws(ClusterError) in try remove(logger) }
    }
}
