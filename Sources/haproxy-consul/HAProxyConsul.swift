import ClusterCore
import Entrypoint
import HAProxy
import Settings
import Supervision
import Templating

/// The component `haproxy`.
struct HAProxyConsul: Component {
    static var schema: SettingsSchema { LoadBalancerSettings.schema }

    static func gatherFacts(_ settings: ResolvedSettings, host: HostFacts) async throws(ClusterError) -> LoadBalancerFacts {
        try LoadBalancerFacts.gather(settings)
    }

    static func plan(_ settings: ResolvedSettings, facts: LoadBalancerFacts) throws(PlanRefusal) -> LaunchPlan {
        let own = try LoadBalancerPlan(settings, facts: facts)
        let surroundings = own.surroundings
        var plan = LaunchPlan(
            component: "haproxy",
            argv: [own.binary, "-W", "-S", "\(surroundings.masterSocket),mode,600", "-f", surroundings.configurationPath])
        plan.notes = own.notes
        plan.environment = ["PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]
        plan.beforeStart = [
            PlanAction("see that port \(surroundings.port) is free on \(surroundings.bind)") { _ throws(ClusterError) in
                if let problem = PortProbe.busy([surroundings.port], on: surroundings.bind)[surroundings.port] {
                    throw ClusterError(
                        .conflict,
                        "HAProxy can't listen on \(surroundings.bind):\(surroundings.port) \(problem): free it, or choose HAPROXY_PORT")
                }
            }
        ]
        plan.directories = [
            PlannedDirectory(surroundings.directory, mode: 0o750), PlannedDirectory(settings[LoadBalancerSettings.state], mode: 0o750),
        ]
        plan.files = own.files
        plan.stop = StopSequence(signal: 10, secondSignal: 15, grace: .seconds(5))
        let state = LoadBalancerState(own)
        plan.companions = [Companion("routes") { context in try await Updater(own, state: state, context: context).run() }]
        plan.checks = state.checks
        plan.role = { await state.role() }
        plan.status = { state.document(now: .now) }
        return plan
    }
}
