import ClusterCore
import Entrypoint
import HTTPClient
import Prerequisites
import Settings

/// The component `chronos`.
struct ChronosWrap: Component {
    static var schema: SettingsSchema { ChronosSettings.schema }

    static func gatherFacts(_ settings: ResolvedSettings, host: HostFacts) async throws(ClusterError) -> ChronosFacts {
        let names = ["chronos", "/usr/bin/chronos", "/chronos/bin/start.sh"]
        return ChronosFacts(engines: await EngineChoice.find(names, named: settings[ChronosSettings.common.binary], host: host))
    }

    static func plan(_ settings: ResolvedSettings, facts: ChronosFacts) throws(PlanRefusal) -> LaunchPlan {
        let chronos = try ChronosPlan(settings, facts: facts)
        var plan = LaunchPlan(component: "chronos", argv: chronos.argv)
        plan.notes = chronos.common.notes
        plan.listens = chronos.common.listens
        if !chronos.common.files.isEmpty {
            plan.directories = [PlannedDirectory(settings[ChronosSettings.common.runDirectory], mode: 0o700)]
        }
        plan.files = chronos.common.files
        plan.environment = chronos.common.environment
        plan.secretEnvironment = chronos.common.secretEnvironment
        plan.prerequisites = [
            .zooKeeperMajority(servers: chronos.zooKeeper.servers), .mesosLeader(chronos.masters),
            chronos.common.choice.markerPrerequisite(chronos.zooKeeper),
        ]
        let probes = ChronosProbes(chronos, settings: settings, http: HTTPClient())
        plan.checks = probes.checks
        plan.role = { await probes.role() }
        let handover = ElectionHandover(
            ensemble: chronos.zooKeeper, election: .latch(parent: "\(chronos.zooKeeper.path)/candidate", id: chronos.common.announced),
            record: ElectionHandover.record("chronos", settings))
        plan.companions = probes.companions
        handover.add(to: &plan)
        return plan
    }
}
