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
        try await LoadBalancerFacts.gather(settings)
    }

    static func plan(_ settings: ResolvedSettings, facts: LoadBalancerFacts) throws(PlanRefusal) -> LaunchPlan {
        let own = try LoadBalancerPlan(settings, facts: facts)
        let surroundings = own.surroundings
        var plan = LaunchPlan(
            component: "haproxy",
            argv: [own.binary, "-W", "-S", "\(surroundings.masterSocket),mode,600", "-f", surroundings.configurationPath])
        plan.notes = own.notes
        plan.environment = ["PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]
        plan.listens = own.listens
        if let certificates = own.certificates {
            plan.beforeStart.append(
                PlanAction("copy \(own.known.certificates.count) certificates to \(certificates.copies)") { _ throws(ClusterError) in
                    for (name, digest) in own.known.certificates { try certificates.copy(name, digest) }
                })
        }
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
