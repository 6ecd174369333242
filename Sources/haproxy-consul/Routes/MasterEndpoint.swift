import ClusterCore
import Entrypoint

/// What of the masters is published by a host name: requests go to the one that leads.
struct MasterEndpoint: Hashable, Sendable {
    /// `mesos`, `marathon` or `chronos`.
    let name: String
    /// Where it listens on each master.
    let port: Int
    /// Where its entrypoint tells whether it leads (`/role`, docs/operations.md): that takes no credentials.
    let probePort: Int

    /// Reads `marathon:8080`.
    init?(_ text: String) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        let components = ["mesos": "mesos-master", "marathon": "marathon", "chronos": "chronos"]
        guard parts.count == 2, let port = Int(parts[1]), (1...65535).contains(port), let component = components[parts[0]],
            let probe = CommonSettings.probePorts[component]
        else { return nil }
        (name, self.port, probePort) = (parts[0], port, probe)
    }
}
