import Checks
import ClusterCore
import Entrypoint
import Glibc
import HTTPClient
import Prerequisites
import Settings
import Supervision

/// The component `mesos-slave`.
struct MesosSlaveWrap: Component {
    static var schema: SettingsSchema { SlaveSettings.schema }

    static func gatherFacts(_ settings: ResolvedSettings, host: HostFacts) async throws(ClusterError) -> SlaveFacts {
        let names = ["mesos-slave", "mesos-agent", "/usr/sbin/mesos-slave", "/usr/sbin/mesos-agent"]
        return SlaveFacts(
            engines: await EngineChoice.find(names, named: settings[SlaveSettings.binary], host: host, versionFlag: "--version"),
            checkpoint: try AgentCheckpoint.read(workDirectory: settings[SlaveSettings.workDirectory]))
    }

    static func plan(_ settings: ResolvedSettings, facts: SlaveFacts) throws(PlanRefusal) -> LaunchPlan {
        typealias S = SlaveSettings
        let slave = try SlavePlan(settings, facts: facts)
        var plan = LaunchPlan(component: "mesos-slave", argv: slave.argv)
        plan.notes = slave.notes
        plan.listens = [
            ListeningPort(
                settings[S.ip] ?? settings[CommonSettings.nodeAddress] ?? "0.0.0.0", settings[S.port],
                setting: S.port.declaration.variable)
        ]
        // Frameworks' users must reach their sandboxes; the checkpoint in it is closed by the slave itself.
        plan.directories = [PlannedDirectory(settings[S.workDirectory], mode: 0o755)]
        if let logs = settings[S.logDirectory] { plan.directories.append(PlannedDirectory(logs, mode: 0o750)) }
        if !slave.files.isEmpty { plan.directories.append(PlannedDirectory(settings[S.runDirectory], mode: 0o700)) }
        plan.files = slave.files
        // Nothing of MESOS_*: Mesos reads those itself. Tasks inherit the rest.
        plan.environment = [
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "LOG_LEVEL": settings[CommonSettings.logLevel].rawValue,
        ]
        plan.prerequisites = [
            .zooKeeperMajority(servers: slave.zooKeeper.servers), slave.choice.markerPrerequisite(slave.zooKeeper),
            .mesosLeader(slave.zooKeeper),
        ]
        let probes = SlaveProbes(
            slave, http: HTTPClient(),
            credentials: settings[S.httpPassword].map { HTTPRequest.BasicAuth(user: settings[S.httpUser], password: $0) })
        plan.checks = probes.checks
        plan.role = { .member("agent") }
        plan.companions = [probes.leaderWatch]
        // USR1: Mesos' slave ends its tasks, unregisters and exits. Each task has its own grace period for TERM.
        plan.stop =
            settings[S.endTasksOnStop]
            ? StopSequence(signal: SIGUSR1, secondSignal: SIGTERM, grace: .seconds(15)) : StopSequence(signal: SIGTERM, grace: .seconds(6))
        plan.leavesSessions = true
        return plan
    }
}
