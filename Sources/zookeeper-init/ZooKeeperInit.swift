import ClusterCore
import Entrypoint
import Settings

/// The entrypoint of a ZooKeeper server.
enum ZooKeeperInit: Component {
    static let schema = SettingsSchema(
        component: "zookeeper",
        summary: "Runs a ZooKeeper server: finds its id in the member list, writes zoo.cfg, and reports whether it leads or follows.",
        settings: ZooKeeperSettings.declarations, ownPrefixes: ["ZOO_"])

    static func gatherFacts(_ settings: ResolvedSettings, host: HostFacts) async throws(ClusterError) -> ZooKeeperFacts {
        try await .gather(settings, host: host)
    }

    static func plan(_ settings: ResolvedSettings, facts: ZooKeeperFacts) throws(PlanRefusal) -> LaunchPlan {
        try ZooKeeperPlan(settings: settings, facts: facts).make()
    }
}
