import ClusterCore
import Consul
import Entrypoint
import HAProxy
import HTTPClient
import Settings
import Templating

/// The decisions of the plan.
struct LoadBalancerPlan: Sendable {
    let binary: String
    let renderer: Renderer
    let surroundings: Rendering.Surroundings
    let policy: Reconciler.Policy
    let consul: ConsulAddress
    let token: String?
    let caFile: String?
    let lastGood: AcceptedView
    /// True where something was served before this start.
    let hasLastGood: Bool
    let lastGoodPath: String
    let table: RouteTable
    let rendering: Rendering
    /// The operator's certificates; nil where there are none.
    let certificates: CertificateDirectory?
    /// What was found out of certificates and heads before the start.
    let known: RouteTable.Known
    let notes: [String]

    init(_ settings: ResolvedSettings, facts: LoadBalancerFacts) throws(PlanRefusal) {
        typealias S = LoadBalancerSettings
        guard let binary = facts.binary else {
            throw PlanRefusal([
                "there is no program \(settings[S.binary] ?? "haproxy"): install HAProxy 2.6 or later, or name it by HAPROXY_BINARY"
            ])
        }
        guard let consul = ConsulAddress(settings[S.consul]) else { throw PlanRefusal(["CONSUL_HTTP_ADDR is no address"]) }
        self.binary = binary
        self.consul = consul
        token = settings[S.token]
        caFile = settings[S.caFile]
        policy = Self.policy(settings)
        surroundings = Rendering.Surroundings(
            bind: settings[S.bind], port: settings[S.port], directory: settings[S.directory], groups: settings[S.groups],
            maxConnections: settings[S.maxConnections], connectTimeout: settings[S.connectTimeout],
            clientTimeout: settings[S.clientTimeout], serverTimeout: settings[S.serverTimeout], checkInterval: settings[S.checkInterval],
            drain: settings[S.drain], httpsPort: settings[S.httpsPort], masters: settings[S.masters] ?? [],
            masterEndpoints: settings[S.masterEndpoints].compactMap(MasterEndpoint.init), domain: settings[S.domain],
            statistics: try Self.statistics(settings))
        if settings[S.masters] != nil, settings[S.domain] == nil {
            throw PlanRefusal(["HAPROXY_MASTERS are published below a domain: give it by HAPROXY_DOMAIN"])
        }
        if settings[S.httpsPort] == settings[S.port] {
            throw PlanRefusal(["HAPROXY_PORT and HAPROXY_HTTPS_PORT are the same: choose two ports"])
        }
        if settings[S.httpsPort] != nil, settings[S.certificates] == nil {
            throw PlanRefusal(["HAPROXY_HTTPS_PORT needs certificates: name their directory by HAPROXY_CERTS_DIR"])
        }
        certificates = Self.certificates(settings, binary: binary)
        known = facts.known
        lastGood = facts.lastGood ?? AcceptedView()
        hasLastGood = facts.lastGood != nil
        lastGoodPath = LoadBalancerFacts.lastGoodPath(settings)
        table = RouteTable(
            lastGood.instances, policy: policy.routes, known: facts.known, before: lastGood.owners, busyPorts: facts.busyPorts)
        do {
            let template = try Template(
                facts.template ?? ConfigurationTemplate.text,
                name: facts.template == nil ? ConfigurationTemplate.name : settings[S.template] ?? "template")
            var renderer = Renderer(
                surroundings, template: template, backendTemplate: try Template(BackendTemplate.text, name: BackendTemplate.name))
            rendering = try renderer.render(table)
            self.renderer = renderer
        } catch {
            throw PlanRefusal(["\(error)"])
        }
        var notes = facts.notes
        for (name, reason) in facts.known.refusedCertificates.sorted(by: { $0.key < $1.key }) {
            notes.append("certificate \(name) can't be used: \(reason)")
        }
        if settings[S.httpsPort] != nil, facts.known.certificates.isEmpty {
            notes.append("there is no HTTPS until HAPROXY_CERTS_DIR holds a certificate that can be used")
        }
        notes.append("routes come from Consul at \(consul), groups \(settings[S.groups].joined(separator: ", "))")
        if hasLastGood { notes.append("until then \(table.backends.count) services are served as before the start") }
        self.notes = notes
    }

    /// The policy alone, which facts need, too.
    static func policy(_ settings: ResolvedSettings) -> Reconciler.Policy {
        typealias S = LoadBalancerSettings
        var policy = Reconciler.Policy()
        policy.routes.groups = Set(settings[S.groups])
        policy.routes.domain = settings[S.domain]
        policy.routes.reservedPorts = Set(settings[S.reserved]).union([settings[S.port]]).union(
            [settings[S.httpsPort], settings[S.statistics]?.port].compactMap { $0 }
        ).union(CommonSettings.probePorts.values)
        policy.routes.httpsPort = settings[S.httpsPort]
        if settings[S.masters] != nil, let domain = settings[S.domain] {
            policy.routes.reservedHosts = Set(
                settings[S.masterEndpoints].compactMap(MasterEndpoint.init).map { "\($0.name).\(domain)".lowercased() })
        }
        policy.routes.allowsHeads = settings[S.heads]
        policy.loss.confirmLoss = settings[S.confirmLoss]
        policy.loss.keepRoutes = settings[S.keepRoutes]
        policy.coalesce = settings[S.coalesce]
        return policy
    }

    private static func statistics(_ settings: ResolvedSettings) throws(PlanRefusal) -> Rendering.Surroundings.Statistics? {
        typealias S = LoadBalancerSettings
        guard let bind = settings[S.statistics] else { return nil }
        guard IPAddress.isValid(bind.host) else { throw PlanRefusal(["HAPROXY_STATS_BIND must begin with an IP address"]) }
        guard let password = settings[S.statisticsPassword] else {
            throw PlanRefusal(["the statistics page is never open: give its password by HAPROXY_STATS_PASSWORD_FILE"])
        }
        return .init(bind: bind, user: settings[S.statisticsUser], password: password)
    }

    /// The operator's directory of certificates, which facts need, too.
    static func certificates(_ settings: ResolvedSettings, binary: String) -> CertificateDirectory? {
        settings[LoadBalancerSettings.certificates].map {
            CertificateDirectory(source: $0, copies: "\(settings[LoadBalancerSettings.directory])/certs", binary: binary)
        }
    }

    /// The files of a rendering, in the order in which they are put in place: what refers to the map comes after it.
    /// - Parameters:
    ///   - isChecked: true where HAProxy shall check the configuration first.
    ///   - path: where the configuration goes, if not to its own place.
    func files(of rendering: Rendering, isChecked: Bool = true, path: String? = nil) -> [PlannedFile] {
        [
            PlannedFile(path: rendering.mapPath, content: rendering.map)
        ]
            + [rendering.certificateList].compactMap { $0 }.map { PlannedFile(path: $0.path, content: $0.text) }
            + [
                PlannedFile(
                    path: path ?? surroundings.configurationPath, content: rendering.configuration,
                    mode: surroundings.statistics == nil ? 0o640 : 0o600, isSecret: surroundings.statistics != nil,
                    validate: isChecked ? ConfigurationCheck.argv(binary: binary, file: "{}") : nil)
            ]
    }

    /// Its own ports; those of services are looked at when they come (`RouteTable`).
    var listens: [ListeningPort] {
        typealias S = LoadBalancerSettings
        var ports = [ListeningPort(surroundings.bind, surroundings.port, setting: S.port.declaration.variable)]
        if let port = surroundings.httpsPort {
            ports.append(ListeningPort(surroundings.bind, port, setting: S.httpsPort.declaration.variable))
        }
        if let bind = surroundings.statistics?.bind {
            ports.append(ListeningPort(bind.host, bind.port, setting: S.statistics.declaration.variable))
        }
        return ports
    }

    var files: [PlannedFile] { files(of: rendering) }
}
