import ClusterCore
import Entrypoint
import HTTPClient
import Prerequisites
import Settings

/// The component `marathon`.
struct MarathonWrap: Component {
    static var schema: SettingsSchema { MarathonSettings.schema }

    static func gatherFacts(_ settings: ResolvedSettings, host: HostFacts) async throws(ClusterError) -> MarathonFacts {
        let names = ["marathon", "/marathon/bin/marathon", "/marathon/bin/start", "/usr/share/marathon/bin/marathon"]
        return MarathonFacts(engines: await EngineChoice.find(names, named: settings[MarathonSettings.common.binary], host: host))
    }

    static func plan(_ settings: ResolvedSettings, facts: MarathonFacts) throws(PlanRefusal) -> LaunchPlan {
        let marathon = try MarathonPlan(settings, facts: facts)
        var plan = LaunchPlan(component: "marathon", argv: marathon.argv)
        plan.notes = marathon.common.notes
        plan.listens = marathon.common.listens
        if !marathon.common.files.isEmpty {
            plan.directories = [PlannedDirectory(settings[MarathonSettings.common.runDirectory], mode: 0o700)]
        }
        plan.files = marathon.common.files
        plan.environment = marathon.common.environment
        plan.secretEnvironment = marathon.common.secretEnvironment
        plan.prerequisites = [
            .zooKeeperMajority(servers: marathon.zooKeeper.servers), .mesosLeader(marathon.masters),
            marathon.common.choice.markerPrerequisite(marathon.zooKeeper),
        ]
        let probes = MarathonProbes(marathon, settings: settings, http: HTTPClient())
        plan.checks = probes.checks
        plan.role = { await probes.role() }
        let election: ElectionNodes =
            marathon.hasOldElection
            ? .members(parent: "\(marathon.zooKeeper.path)/leader", id: marathon.common.announced)
            : .latch(parent: "\(marathon.zooKeeper.path)/leader-curator", id: marathon.common.announced)
        let handover = ElectionHandover(
            ensemble: marathon.zooKeeper, election: election, record: ElectionHandover.record("marathon", settings))
        plan.companions = probes.companions
        handover.add(to: &plan)
        return plan
    }
}
