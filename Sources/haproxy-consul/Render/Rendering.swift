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
    /// The text of haproxy.cfg.
    let configuration: String

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
        let body = try render(table, backends: backends, map: mapPath)
        // The template names the generation once; it is put in where the digest is known.
        let generation = Self.digest(body)
        return Rendering(
            generation: generation, mapPath: mapPath, map: map,
            configuration: body.replacingFirst(Self.generationMark, with: generation))
    }

    private static let generationMark = "(generation)"

    private func render(_ backend: RouteTable.Backend) throws(ClusterError) -> String {
        try render(name: backend.name, backend.shape, cookieKey: backend.cookieKey, servers: backend.servers)
    }

    private func render(
        name: String, _ shape: RouteTable.Shape, cookieKey: String?, servers: [RouteTable.Server]
    ) throws(ClusterError) -> String {
        let servers = servers.map { server -> JSON in
            ["name": .string(server.name), "endpoint": .string(server.endpoint), "weight": .number(server.weight)]
        }
        return try render(
            backendTemplate,
            [
                "name": .string(name), "mode": .string(shape.mode.rawValue), "servers": .array(servers),
                "cookie_key": cookieKey.map { .string($0) } ?? .null,
            ])
    }

    private func render(_ table: RouteTable, backends: String, map: String) throws(ClusterError) -> String {
        let bind = IPAddress.isV6(surroundings.bind) ? "[\(surroundings.bind)]" : surroundings.bind
        let listeners = table.backends.flatMap { backend in
            backend.ports.map { port -> (Int, JSON) in
                (port, ["port": .number(port), "mode": .string(backend.mode.rawValue), "backend": .string(backend.name)])
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
                "check": .string(surroundings.check), "drain": .string(Self.text(surroundings.drain)), "map": .string(map),
                "page": .string(Self.page(isEmpty: table.backends.isEmpty, groups: surroundings.groups)), "backends": .string(backends),
                "listeners": .array(listeners.sorted { $0.0 < $1.0 }.map(\.1)),
            ])
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
