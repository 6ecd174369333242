import ClusterCore
import Consul
import Entrypoint
import HTTPClient
import JSON
import Settings

/// The component `marathon-consul`: it has no child, its companion is all of it.
struct MarathonConsul: Component {
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
        var plan = LaunchPlan(component: "marathon-consul", argv: [])
        plan.notes = ["writes the apps of Marathon at \(bridge.marathon) to Consul at \(bridge.consul) while it leads"]
        plan.companions = [
            Companion("bridge") { context in try await Bridge(bridge, state: state, context: context).run() }
        ]
        plan.checks = state.checks
        plan.role = { state.role() }
        plan.status = { state.document() }
        return plan
    }
}

/// The decisions of the plan.
struct BridgePlan: Sendable {
    /// `http://127.0.1.1:8080`
    let marathon: String
    /// What `/v2/leader` says where this node's Marathon leads.
    let identity: HostPort
    let basicAuth: HTTPRequest.BasicAuth?
    let marathonCAFile: String?
    let consul: ConsulAddress
    let token: String?
    let caFile: String?
    let prefix: String
    let reconcile: Duration

    init(_ settings: ResolvedSettings) throws(PlanRefusal) {
        typealias S = BridgeSettings
        let address = settings[CommonSettings.nodeAddress]
        guard let location = settings[S.location] ?? address.map({ HostPort(host: $0, port: 8080) }) else {
            throw PlanRefusal(["NODE_ADDRESS is not set: give this node's own IP address, or MARATHON_CONSUL_LOCATION"])
        }
        guard let given = settings[S.consul] ?? address.map({ HostPort(host: $0, port: 8500).description }) else {
            throw PlanRefusal(["NODE_ADDRESS is not set: give this node's own IP address, or CONSUL_HTTP_ADDR"])
        }
        guard let consul = ConsulAddress(given) else { throw PlanRefusal(["CONSUL_HTTP_ADDR is no address"]) }
        marathon = "\(settings[S.scheme].rawValue)://\(location)"
        identity = settings[S.identity] ?? HostPort(host: settings[S.hostname] ?? address ?? location.host, port: location.port)
        let parts = settings[S.credentials]?.split(separator: ":", maxSplits: 1).map { String($0) } ?? []
        basicAuth = parts.count == 2 ? HTTPRequest.BasicAuth(user: parts[0], password: parts[1]) : nil
        marathonCAFile = settings[S.marathonCAFile]
        self.consul = consul
        token = settings[S.token]
        caFile = settings[S.caFile]
        prefix = settings[S.prefix]
        reconcile = settings[S.reconcile]
    }
}
