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
        return ChronosFacts(engines: await EngineChoice.find(names, named: settings[ChronosSettings.binary], host: host))
    }

    static func plan(_ settings: ResolvedSettings, facts: ChronosFacts) throws(PlanRefusal) -> LaunchPlan {
        let chronos = try ChronosPlan(settings, facts: facts)
        var plan = LaunchPlan(component: "chronos", argv: chronos.argv)
        plan.notes = chronos.notes
        if !chronos.files.isEmpty { plan.directories = [PlannedDirectory(settings[ChronosSettings.runDirectory], mode: 0o700)] }
        plan.files = chronos.files
        plan.environment = chronos.environment
        plan.secretEnvironment = chronos.secretEnvironment
        plan.prerequisites = [
            .zooKeeperMajority(servers: chronos.zooKeeper.servers), .mesosLeader(chronos.masters),
            chronos.choice.markerPrerequisite(chronos.zooKeeper),
        ]
        let probes = ChronosProbes(chronos, settings: settings, http: HTTPClient())
        plan.checks = probes.checks
        plan.role = { await probes.role() }
        let handover = ElectionHandover(
            ensemble: chronos.zooKeeper, election: .latch(parent: "\(chronos.zooKeeper.path)/candidate", id: chronos.announced),
            record: ElectionHandover.record("chronos", settings))
        plan.companions = [handover.companion] + probes.companions
        plan.afterExit = [handover.exitAction]
        return plan
    }
}
