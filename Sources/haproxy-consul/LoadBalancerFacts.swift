import ClusterCore
import Entrypoint
import JSON
import Settings
import Supervision

/// What the plan depends on beside the settings.
struct LoadBalancerFacts: PlanFacts {
    /// HAProxy's program; nil where there is none.
    var binary: String?
    /// What was served last; nil where there is no such file.
    var lastGood: AcceptedView?
    /// Text of the template that replaces the embedded one.
    var template: String?
    /// Certificates, and what HAProxy says of the heads of the last good view.
    var known = RouteTable.Known()
    /// Ports of the last good view that another process has now.
    var busyPorts: [Int: String] = [:]
    /// What an operator should know, such as a last good view that can't be read.
    var notes: [String] = []

    init(binary: String?) { self.binary = binary }

    static func lastGoodPath(_ settings: ResolvedSettings) -> String { "\(settings[LoadBalancerSettings.state])/last-good.json" }

    static func gather(_ settings: ResolvedSettings) async throws(ClusterError) -> LoadBalancerFacts {
        var facts = LoadBalancerFacts(binary: Executable.find(settings[LoadBalancerSettings.binary] ?? "haproxy"))
        if let path = settings[LoadBalancerSettings.template] {
            do throws(ClusterError) {
                facts.template = try Files.text(path, limit: 1 << 20)
            } catch {
                throw ClusterError(.settings, "HAPROXY_TEMPLATE can't be used: \(error)")
            }
        }
        if let directory = facts.binary.flatMap({ LoadBalancerPlan.certificates(settings, binary: $0) }) {
            await directory.look(&facts.known)
        }
        let path = lastGoodPath(settings)
        guard Files.exists(path) else { return facts }
        do {
            let view = try AcceptedView(json: JSON(parsing: Files.text(path)))
            facts.lastGood = view
            let policy = LoadBalancerPlan.policy(settings).routes
            if let binary = facts.binary {
                let unchecked = RouteTable(view.instances, policy: policy, known: facts.known).unchecked
                let checker = HeadChecker(binary: binary, httpsPort: settings[LoadBalancerSettings.httpsPort])
                for check in unchecked { facts.known.heads[check] = await checker.verdict(check) }
            }
            let ports = RouteTable(view.instances, policy: policy, known: facts.known, before: view.owners).backends.flatMap(\.ports)
            facts.busyPorts = PortProbe.busy(ports, on: settings[LoadBalancerSettings.bind])
        } catch {
            // Consul will tell again; what can't be read must not keep the load balancer down.
            facts.notes.append("\(path) can't be read, so nothing is served until Consul answers: \(error)")
        }
        return facts
    }

    var json: JSON {
        .members([
            "binary": binary.map { .string($0) }, "last_good": lastGood?.json, "template": template.map { .string($0) },
            "known": known.json,
            "busy_ports": .object(JSONObject(busyPorts.sorted { $0.key < $1.key }.map { (String($0.key), JSON.string($0.value)) })),
            "notes": .array(notes.map { .string($0) }),
        ])
    }

    init(json: JSON) throws(ClusterError) {
        binary = json["binary"]?.string
        if let view = json["last_good"] { lastGood = try AcceptedView(json: view) }
        template = json["template"]?.string
        for (port, user) in json["busy_ports"]?.object ?? [:] { if let port = Int(port) { busyPorts[port] = user.string } }
        known = RouteTable.Known(json: json["known"] ?? .null)
        notes = json["notes"]?.array?.compactMap(\.string) ?? []
    }
}
