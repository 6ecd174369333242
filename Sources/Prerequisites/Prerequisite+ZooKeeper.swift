public import ClusterCore
public import Entrypoint
import ZooKeeper

extension Prerequisite {
    /// More than half of the ZooKeeper servers serve: a component that starts earlier finds nobody who could take its session.
    public static func zooKeeperMajority(servers: [HostPort]) -> Prerequisite {
        let list = servers.map(\.description).joined(separator: ", ")
        let what = "\(Majority.of(servers.count)) of \(servers.count) ZooKeeper servers (\(list)) must serve"
        return Prerequisite("zookeeper-majority", what, timeout: .seconds(5)) {
            let status = await EnsembleStatus.ask(servers, timeout: .seconds(2))
            return status.hasMajority ? .met("\(status)") : .missing("\(status)")
        }
    }
}
