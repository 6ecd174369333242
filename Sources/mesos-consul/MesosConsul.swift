import ClusterCore
import Consul
import Entrypoint
import HTTPClient
import JSON
import Settings

/// The component `mesos-consul`: it has no child, its companions are all of it.
struct MesosConsul: Component {
    /// Nothing beside the settings.
    struct Facts: PlanFacts {
        init() {}
        var json: JSON { [:] }
        init(json: JSON) throws(ClusterError) {}
    }

    static var schema: SettingsSchema { BridgeSettings.schema }

    static func gatherFacts(_ settings: ResolvedSettings, host: HostFacts) async throws(ClusterError) -> Facts { Facts() }

    static func plan(_ settings: ResolvedSettings, facts: Facts) throws(PlanRefusal) -> LaunchPlan {
        let bridge = try BridgePlan(settings)
        let state = BridgeState(bridge)
        var plan = LaunchPlan(component: "mesos-consul", argv: [])
        plan.notes = ["bridges the Mesos master \(bridge.master) to Consul at \(bridge.consul) while it leads"]
        plan.companions = [
            Companion("leader-watch") { context in try await state.watchLeader(context) },
            Companion("bridge") { context in try await Bridge(bridge, state: state, context: context).run() },
        ]
        plan.checks = state.checks
        plan.role = { state.role() }
        plan.status = { state.document() }
        return plan
    }
}

/// The decisions of the plan.
struct BridgePlan: Sendable {
    let zooKeeper: ZooKeeperURL
    let master: HostPort
    let basicAuth: HTTPRequest.BasicAuth?
    let consul: ConsulAddress
    let agentPort: Int
    let token: String?
    let caFile: String?
    let refresh: Duration
    let reconcile: Duration
    let agentTimeout: Duration
    let limits: BridgeCore.Limits
    let rules: ServiceRules
}

extension BridgePlan {
    init(_ settings: ResolvedSettings) throws(PlanRefusal) {
        typealias S = BridgeSettings
        guard let address = settings[CommonSettings.nodeAddress] else {
            throw PlanRefusal(["NODE_ADDRESS is not set: give this node's own IP address, by which its Mesos master is known"])
        }
        let given = settings[S.consul] ?? HostPort(host: address, port: 8500).description
        guard let consul = ConsulAddress(given) else { throw PlanRefusal(["CONSUL_HTTP_ADDR is no address"]) }
        guard (settings[S.principal] == nil) == (settings[S.secret] == nil) else {
            throw PlanRefusal(["MESOS_CONSUL_PRINCIPAL and MESOS_CONSUL_SECRET go together: give both or none"])
        }
        zooKeeper = settings[S.zooKeeper]
        master = HostPort(host: address, port: settings[S.masterPort])
        basicAuth = settings[S.principal].flatMap { user in settings[S.secret].map { HTTPRequest.BasicAuth(user: user, password: $0) } }
        self.consul = consul
        agentPort = settings[S.agentPort]
        token = settings[S.token]
        caFile = settings[S.caFile]
        refresh = settings[S.refresh]
        reconcile = settings[S.reconcile]
        agentTimeout = settings[S.agentTimeout]
        let usual = BridgeCore.Limits()
        // A master without events is heard of each time that it is asked.
        limits = BridgeCore.Limits(
            deadAfter: settings[S.deadAfter], grace: settings[S.grace], silence: max(usual.silence, refresh * 2 + .seconds(10)))
        rules = ServiceRules(
            hostName: settings[S.serviceName], hostTags: settings[S.serviceTags], idPrefix: settings[S.idPrefix],
            separator: settings[S.separator], addressOrder: settings[S.addressOrder], portLabel: settings[S.portLabel],
            whitelist: settings[S.whitelist], blacklist: settings[S.blacklist], frameworkWhitelist: settings[S.frameworkWhitelist],
            frameworkBlacklist: settings[S.frameworkBlacklist], taskTags: settings[S.taskTags], sharedNames: settings[S.sharedNames])
    }
}
