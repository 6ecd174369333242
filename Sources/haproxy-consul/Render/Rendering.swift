import ClusterCore
import JSON
import Templating

/// The files that make HAProxy serve a table: the same table gives the same bytes.
struct Rendering: Hashable, Sendable {
    /// What goes into the configuration beside the routes.
    struct Surroundings: Hashable, Sendable {
        var bind: String
        var port: Int
        var directory: String
        var groups: [String]
        var maxConnections: Int?
        var connectTimeout: Duration
        var clientTimeout: Duration
        var serverTimeout: Duration
        var checkInterval: Duration
        var drain: Duration
        /// Port of HTTPS by host name; nil for none.
        var httpsPort: Int?
        /// Masters, and what of them is published below the domain.
        var masters: [String] = []
        var masterEndpoints: [MasterEndpoint] = []
        var domain: String?
        /// Where the statistics page listens, and `user:password` for it; nil for none.
        var statistics: Statistics?

        struct Statistics: Hashable, Sendable {
            var bind: HostPort
            var user: String
            var password: String
        }

        /// The host name of what is published of the masters; nil where it is not.
        func host(of endpoint: MasterEndpoint) -> String? {
            masters.isEmpty ? nil : domain.map { "\(endpoint.name).\($0)".lowercased() }
        }

        /// Where HAProxy reads certificates: copies that it has checked, so that a file that is just being renewed harms nobody.
        var certificateDirectory: String { "\(directory)/certs" }
        var configurationPath: String { "\(directory)/haproxy.cfg" }
        /// The health check of each server, as its line has it; servers added at run time do not have it from `default-server`.
        var check: String { "check inter \(max(checkInterval.milliseconds, 1))ms fastinter 500ms downinter 1s fall 2 rise 1" }
        var statsSocket: String { "\(directory)/worker.sock" }
        var masterSocket: String { "\(directory)/master.sock" }
    }

    /// Names the content; HAProxy tells it back, so what is really served can be verified.
    let generation: String
    /// Path and text of the map from host names to backends. Its name changes with its content, so a configuration never meets
    /// the map of another.
    let mapPath: String
    let map: String
    /// Path and text of the list of certificates for HTTPS by host name; nil where there is none. Its name changes with its content.
    let certificateList: (path: String, text: String)?
    /// The text of haproxy.cfg.
    let configuration: String

    static func == (left: Self, right: Self) -> Bool {
        left.generation == right.generation && left.mapPath == right.mapPath && left.map == right.map
            && left.configuration == right.configuration
    }

    func hash(into hasher: inout Hasher) { hasher.combine(generation) }

    /// The worker that was started with these files.
    func served(_ table: RouteTable) -> ServedState { ServedState(table, generation: generation, mapPath: mapPath) }
}

/// Makes renderings; keeps the texts of backends, of which few change from one table to the next.
struct Renderer: Sendable {
    let surroundings: Rendering.Surroundings
    let template: Template
    let backendTemplate: Template
    private var texts: [RouteTable.Backend: String] = [:]

    init(_ surroundings: Rendering.Surroundings, template: Template, backendTemplate: Template) {
        self.surroundings = surroundings
        self.template = template
        self.backendTemplate = backendTemplate
    }

    /// - Throws: `.settings` where a template does not fit.
    mutating func render(_ table: RouteTable) throws(ClusterError) -> Rendering {
        let map = table.hostMap.map { "\($0.key) \($0.value)\n" }.sorted().joined()
        let mapPath = "\(surroundings.directory)/hosts-\(Self.digest(map)).map"
        var backends = ""
        var kept: [RouteTable.Backend: String] = [:]
        kept.reserveCapacity(table.backends.count)
        for backend in table.backends {
            let text = if let known = texts[backend] { known } else { try render(backend) }
            kept[backend] = text
            backends += text
        }
        texts = kept
        for name in RouteTable.spareNames { backends += try render(name: name, .plain, cookieKey: nil, servers: []) }
        let list = certificateList(table)
        let body = try render(table, backends: backends, map: mapPath, list: list?.path)
        // The template names the generation once; it is put in where the digest is known.
        let certificates = table.certificates.sorted { $0.key < $1.key }.map { "\n\($0.key) \($0.value)" }.joined()
        let generation = Self.digest(body + certificates)
        return Rendering(
            generation: generation, mapPath: mapPath, map: map, certificateList: list,
            configuration: body.replacingFirst(Self.generationMark, with: generation))
    }

    private static let generationMark = "(generation)"

    /// The default certificate first: clients that name no host get it.
    private func certificateList(_ table: RouteTable) -> (path: String, text: String)? {
        guard surroundings.httpsPort != nil, !table.certificates.isEmpty else { return nil }
        let names = table.certificates.keys.sorted { CertificateWatch.order($0) < CertificateWatch.order($1) }
        let text = names.map { "\(surroundings.certificateDirectory)/\($0)\n" }.joined()
        return ("\(surroundings.directory)/certs-\(Self.digest(text)).list", text)
    }

    private func render(_ backend: RouteTable.Backend) throws(ClusterError) -> String {
        try render(name: backend.name, backend.shape, cookieKey: backend.cookieKey, servers: backend.servers)
    }

    private func render(
        name: String, _ shape: RouteTable.Shape, cookieKey: String?, servers: [RouteTable.Server]
    ) throws(ClusterError) -> String {
        try render(
            backendTemplate,
            Self.context(name: name, shape, cookieKey: cookieKey, servers: servers, httpsPort: surroundings.httpsPort))
    }

    /// What the template of a backend is filled with.
    static func context(
        name: String, _ shape: RouteTable.Shape, cookieKey: String?, servers: [RouteTable.Server], httpsPort: Int?
    ) -> JSON {
        let servers = servers.map { server -> JSON in
            ["name": .string(server.name), "endpoint": .string(server.endpoint), "weight": .number(server.weight)]
        }
        return [
            "name": .string(name), "mode": .string(shape.mode.rawValue), "servers": .array(servers),
            "balance": .string(shape.options.balance.rawValue), "hash": .bool(shape.options.balance.isHash),
            "lines": .array(shape.backendLines(httpsPort: httpsPort).map { .string($0) }),
            "cookie_key": cookieKey.map { .string($0) } ?? .null,
        ]
    }

    private func render(_ table: RouteTable, backends: String, map: String, list: String?) throws(ClusterError) -> String {
        let bind = IPAddress.isV6(surroundings.bind) ? "[\(surroundings.bind)]" : surroundings.bind
        let listeners = table.backends.flatMap { backend in
            backend.ports.map { port -> (Int, JSON) in
                (
                    port,
                    [
                        "port": .number(port), "mode": .string(backend.mode.rawValue), "backend": .string(backend.name),
                        "tls": .string(tls(backend)), "lines": .array(backend.shape.frontendLines.map { .string($0) }),
                    ]
                )
            }
        }
        return try render(
            template,
            [
                "generation": .string(Self.generationMark), "stats_socket": .string(surroundings.statsSocket), "bind": .string(bind),
                "port": .number(surroundings.port), "maxconn": surroundings.maxConnections.map { .number($0) } ?? .null,
                "timeout_connect": .string(Self.text(surroundings.connectTimeout)),
                "timeout_client": .string(Self.text(surroundings.clientTimeout)),
                "timeout_server": .string(Self.text(surroundings.serverTimeout)),
                "https": https(list), "stats": stats, "masters": masters,
                "check": .string(surroundings.check), "drain": .string(Self.text(surroundings.drain)), "map": .string(map),
                "page": .string(Self.page(isEmpty: table.backends.isEmpty, groups: surroundings.groups)), "backends": .string(backends),
                "listeners": .array(listeners.sorted { $0.0 < $1.0 }.map(\.1)),
            ])
    }

    private func https(_ list: String?) -> JSON {
        guard let list, let port = surroundings.httpsPort else { return .null }
        return ["port": .number(port), "list": .string(list), "tls": .string(RouteTable.Shape.http2)]
    }

    private var masters: JSON {
        let endpoints = surroundings.masterEndpoints.compactMap { endpoint -> JSON? in
            guard let host = surroundings.host(of: endpoint) else { return nil }
            let servers = surroundings.masters.map { address -> JSON in
                [
                    "address": .string(address), "endpoint": .string(HostPort(host: address, port: endpoint.port).description),
                    "probe_port": .number(endpoint.probePort),
                ]
            }
            // Their passwords are asked for by host name: never without TLS where there is TLS.
            let suffix = surroundings.httpsPort.map { JSON.array([.string($0 == 443 ? "" : ":\($0)")]) } ?? .null
            return ["name": .string(endpoint.name), "host": .string(host), "https_port": suffix, "servers": .array(servers)]
        }
        return .array(endpoints)
    }

    private var stats: JSON {
        guard let page = surroundings.statistics else { return .null }
        return ["bind": .string(page.bind.description), "auth": .string("'\(page.user):\(page.password)'")]
    }

    /// How a port of its own is bound, behind its address.
    private func tls(_ backend: RouteTable.Backend) -> String {
        guard let name = backend.shape.options.certificate else { return "" }
        let protocols = backend.mode == .http ? RouteTable.Shape.http2 : "ssl-min-ver TLSv1.2"
        return " ssl crt \(surroundings.certificateDirectory)/\(name) \(protocols)"
    }

    private func render(_ template: Template, _ context: JSON) throws(ClusterError) -> String {
        do throws(TemplateError) {
            return try template.render(context)
        } catch {
            throw ClusterError(.settings, "\(error); correct the template", cause: nil)
        }
    }

    /// What a request without a route is answered. One line without single quotes, as it stands in a quoted string.
    private static func page(isEmpty: Bool, groups: [String]) -> String {
        let group = groups.map { String($0.filter { $0.isLetter || $0.isNumber || $0 == "-" || $0 == "_" }) }.joined(separator: ", ")
        let headline = isEmpty ? "No service is published yet" : "No service has this host name"
        return "<!DOCTYPE html><title>\(headline)</title><h1>\(headline)</h1><p>Deploy a Marathon app with the labels "
            + "<code>HAPROXY_GROUP</code> (\(group)) and <code>HAPROXY_0_VHOST</code> (its host name). It answers here as soon as an "
            + "instance is healthy.</p>"
    }

    private static func text(_ duration: Duration) -> String { "\(max(duration.milliseconds, 1))ms" }

    /// FNV-1a, 64 bits: names content, proves nothing.
    static func digest(_ text: String) -> String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        let digits = String(hash, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}

extension RouteTable.Backend {
    /// The key of the cookies of a sticky backend: the same on all load balancers, so that a client stays with its server when the
    /// virtual IP moves.
    var cookieKey: String? { shape.isSticky ? name : nil }
}

extension String {
    /// With the first occurrence of a text replaced.
    fileprivate func replacingFirst(_ part: String, with other: String) -> String {
        let (bytes, wanted) = (Array(utf8), Array(part.utf8))
        guard let start = bytes.indices.first(where: { bytes[$0...].starts(with: wanted) }) else { return self }
        return String(decoding: bytes[..<start] + Array(other.utf8) + bytes[(start + wanted.count)...], as: UTF8.self)
    }
}
