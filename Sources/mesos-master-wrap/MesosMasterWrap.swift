import ClusterCore
import Entrypoint
import HTTPClient
import Prerequisites
import Settings

/// The component `mesos-master`.
struct MesosMasterWrap: Component {
    static var schema: SettingsSchema { MasterSettings.schema }

    static func gatherFacts(_ settings: ResolvedSettings, host: HostFacts) async throws(ClusterError) -> MasterFacts {
        MasterFacts(
            engines: await EngineChoice.find(
                ["mesos-master", "/usr/sbin/mesos-master"], named: settings[MasterSettings.binary], host: host, versionFlag: "--version"))
    }

    static func plan(_ settings: ResolvedSettings, facts: MasterFacts) throws(PlanRefusal) -> LaunchPlan {
        let master = try MasterPlan(settings, facts: facts)
        var plan = LaunchPlan(component: "mesos-master", argv: master.argv)
        plan.notes = master.notes
        plan.listens = [
            ListeningPort(
                settings[MasterSettings.ip] ?? settings[CommonSettings.nodeAddress] ?? "0.0.0.0", settings[MasterSettings.port],
                setting: MasterSettings.port.declaration.variable)
        ]
        plan.directories = [PlannedDirectory(settings[MasterSettings.workDirectory], mode: 0o750)]
        if let logs = settings[MasterSettings.logDirectory] { plan.directories.append(PlannedDirectory(logs, mode: 0o750)) }
        if !master.files.isEmpty { plan.directories.append(PlannedDirectory(settings[MasterSettings.runDirectory], mode: 0o700)) }
        plan.files = master.files
        // Nothing of MESOS_*: Mesos reads those itself, and a flag that comes twice under two names ends it.
        plan.environment = [
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "LOG_LEVEL": settings[CommonSettings.logLevel].rawValue,
        ]
        plan.prerequisites = [
            .zooKeeperMajority(servers: master.zooKeeper.servers), master.choice.markerPrerequisite(master.zooKeeper),
        ]
        let probes = MasterProbes(master, http: HTTPClient())
        plan.checks = probes.checks
        plan.role = { await probes.role() }
        let handover = ElectionHandover(
            ensemble: master.zooKeeper, election: .mesosMasters(path: master.zooKeeper.path, address: master.announced),
            record: ElectionHandover.record("mesos-master", settings))
        plan.companions = [probes.leaderWatch]
        handover.add(to: &plan)
        return plan
    }
}
