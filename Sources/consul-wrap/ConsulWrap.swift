import ClusterCore
import Entrypoint
import HTTPClient
import JSON
import Settings

/// The component `consul`.
struct ConsulWrap: Component {
    static var schema: SettingsSchema { ConsulSettings.schema }

    static func gatherFacts(_ settings: ResolvedSettings, host: HostFacts) async throws(ClusterError) -> ConsulFacts {
        try ConsulFacts.gather(settings, host: host)
    }

    static func plan(_ settings: ResolvedSettings, facts: ConsulFacts) throws(PlanRefusal) -> LaunchPlan {
        let agent = try ConsulAgentPlan(settings, facts: facts)
        let file = settings[ConsulSettings.configFile]
        var plan = LaunchPlan(component: "consul", argv: [agent.binary, "agent", "-config-file", file])
        plan.notes = agent.notes
        plan.listens = agent.listens(settings)
        plan.directories = [PlannedDirectory(settings[ConsulSettings.dataDirectory], mode: 0o700)]
        if let slash = file.lastIndex(of: "/"), slash != file.startIndex {
            plan.directories.append(PlannedDirectory(String(file[..<slash]), mode: 0o750))
        }
        plan.files = [
            PlannedFile(
                path: file, content: agent.configuration(settings).text(pretty: true) + "\n", isSecret: true,
                validate: [agent.binary, "validate", "-config-format=json", "{}"])
        ]
        plan.environment = ["PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]
        let probes = ConsulProbes(agent, http: HTTPClient())
        plan.checks = probes.checks
        plan.role = { await probes.role() }
        return plan
    }
}
