/// A line of keepalived's notification pipe: `INSTANCE "vip_ipv4" MASTER 200` (keepalived.conf(5), vrrp_notify_fifo).
struct VRRPNotice: Sendable, Hashable {
    let isGroup: Bool
    let name: String
    /// `MASTER`, `BACKUP`, `FAULT`, `STOP` …
    let state: String

    /// Reads a line; nil where it is no such one.
    init?(_ line: some StringProtocol) {
        let parts = line.split(separator: "\"", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, let state = parts[2].split(separator: " ").first else { return nil }
        switch parts[0] {
        case "INSTANCE ": isGroup = false
        case "GROUP ": isGroup = true
        default: return nil
        }
        name = String(parts[1])
        self.state = String(state)
    }
}
