import ClusterCore
import Entrypoint
import Glibc

/// The capabilities of this process (capabilities(7)), which a container may lack though it runs as root.
enum Capabilities {
    /// What keepalived needs: to change addresses, and to speak VRRP, an IP protocol of its own.
    static let needed = [("CAP_NET_ADMIN", 12), ("CAP_NET_RAW", 13)]

    /// Refuses to start what could only fail again and again.
    static let check = PlanAction("see that keepalived may change addresses and send VRRP (CAP_NET_ADMIN, CAP_NET_RAW)") {
        _ throws(ClusterError) in
        let missing = missing(in: try Files.text("/proc/self/status", limit: 1 << 20))
        guard !missing.isEmpty else { return }
        throw ClusterError(
            .settings,
            "keepalived needs \(missing.joined(separator: " and ")), which this process lacks: run it as root, and give its container these capabilities"
        )
    }

    /// The names of those that the text of /proc/self/status does not show as effective.
    static func missing(in status: String) -> [String] {
        let line = status.split(separator: "\n").first { $0.hasPrefix("CapEff:") } ?? ""
        let effective = UInt64(line.dropFirst(7).drop(while: \.isWhitespace), radix: 16) ?? 0
        return needed.filter { effective >> UInt64($0.1) & 1 == 0 }.map(\.0)
    }
}
