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

    init(_ table: RouteTable, _ surroundings: Surroundings, template: Template) throws(ClusterError) {
        map = table.backends.flatMap { backend in backend.hosts.map { "\($0) \(backend.name)\n" } }.sorted().joined()
        mapPath = "\(surroundings.directory)/hosts-\(Self.digest(map)).map"
        let draft = try Self.render(table, surroundings, template, map: mapPath, generation: "-")
        generation = Self.digest(draft)
        configuration = try Self.render(table, surroundings, template, map: mapPath, generation: generation)
    }

    private static func render(
        _ table: RouteTable, _ surroundings: Surroundings, _ template: Template, map: String, generation: String
    ) throws(ClusterError) -> String {
        let bind = IPAddress.isV6(surroundings.bind) ? "[\(surroundings.bind)]" : surroundings.bind
        let backends = table.backends.map { backend -> JSON in
            let servers = backend.servers.map { server -> JSON in ["name": .string(server.name), "endpoint": .string(server.endpoint)] }
            return ["name": .string(backend.name), "mode": .string(backend.mode.rawValue), "servers": .array(servers)]
        }
        let listeners = table.backends.flatMap { backend in
            backend.ports.map { port -> (Int, JSON) in
                (port, ["port": .number(port), "mode": .string(backend.mode.rawValue), "backend": .string(backend.name)])
            }
        }
        let context: JSON = [
            "generation": .string(generation), "stats_socket": .string(surroundings.statsSocket), "bind": .string(bind),
            "port": .number(surroundings.port), "maxconn": surroundings.maxConnections.map { .number($0) } ?? .null,
            "timeout_connect": .string(text(surroundings.connectTimeout)), "timeout_client": .string(text(surroundings.clientTimeout)),
            "timeout_server": .string(text(surroundings.serverTimeout)), "check_interval": .string(text(surroundings.checkInterval)),
            "drain": .string(text(surroundings.drain)), "map": .string(map),
            "page": .string(page(isEmpty: table.backends.isEmpty, groups: surroundings.groups)), "backends": .array(backends),
            "listeners": .array(listeners.sorted { $0.0 < $1.0 }.map(\.1)),
        ]
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
