import ClusterTestKit
import Consul
import Templating
import Testing

@testable import haproxy_consul

/// An instance with labels.
func instance(
    _ service: String, _ id: Int = 0, address: String = "10.0.0.1", port: Int? = nil, health: ServiceHealth = .passing,
    _ meta: [String: String] = [:]
) -> ServiceInstance {
    ServiceInstance(
        service: service, id: "\(service)-\(id)", node: "n\(id)", address: address, port: port ?? 31000 + id,
        meta: ["HAPROXY_GROUP": "external"].merging(meta) { $1 }, health: health)
}

@Suite struct RouteTableTests {
    private func table(
        _ instances: [ServiceInstance], _ policy: RouteTable.Policy = .init(), before: RouteTable.Owners = .init(),
        busy: [Int: String] = [:]
    ) -> RouteTable { RouteTable(instances, policy: policy, before: before, busyPorts: busy) }

    @Test func hostsAndPortsLeadToPassingInstancesOfTheGroup() {
        let meta = ["HAPROXY_0_VHOST": "Web.example.test, www.example.test", "service_port": "11000"]
        let table = table([
            instance("web", 1, meta), instance("web", 2, health: .critical, meta), instance("web", 3, health: .warning, meta),
            instance("db", 1, address: "fd00::1", port: 5432, ["service_port": "15432"]),
            instance("inner", 1, ["HAPROXY_GROUP": "internal", "service_port": "12000"]),
            ServiceInstance(service: "plain", id: "x", node: "n", address: "10.0.0.9", port: 1),
        ])
        #expect(table.backends.map(\.service) == ["db", "web"])
        #expect(table.backends[1].hosts == ["web.example.test", "www.example.test"])
        #expect(table.backends[1].mode == .http)
        #expect(table.backends[1].ports == [11000])
        #expect(table.backends[1].servers.map(\.name) == ["10.0.0.1:31001"])
        #expect(table.backends[0].mode == .tcp)
        #expect(table.backends[0].servers.map(\.endpoint) == ["[fd00::1]:5432"])
        #expect(table.problems.isEmpty)
    }

    @Test func portsOfOneTaskHaveTheirOwnLabels() {
        let labels = ["HAPROXY_0_VHOST": "a.test", "HAPROXY_1_VHOST": "b.test", "HAPROXY_1_MODE": "http"]
        let table = table([
            instance("app", 1, labels), instance("app-admin", 1, port: 31500, labels.merging(["port_index": "1"]) { $1 }),
        ])
        #expect(table.backends.map(\.hosts) == [["a.test"], ["b.test"]])
    }

    @Test(arguments: [
        "web.test\n    server evil 6.6.6.6:80", "a b'c", "a b.test", "web.test }", "-", "*.test", String(repeating: "a", count: 64),
        "%[src]", "a..b",
        "ä.test",
    ]) func aBadLabelAffectsOnlyItsOwnServiceAndInjectsNothing(_ host: String) throws {
        let table = table([
            instance("bad", 1, ["HAPROXY_0_VHOST": host, "service_port": "11001"]), instance("good", 1, ["HAPROXY_0_VHOST": "good.test"]),
        ])
        #expect(table.backends.contains { $0.service == "good" && $0.hosts == ["good.test"] })
        let rendering = try Renderer.sample.rendered(table)
        #expect(!rendering.configuration.contains("evil") && !rendering.map.contains("evil"))
        #expect(rendering.map.split(separator: "\n").allSatisfy { $0.split(separator: " ").count == 2 })
        if host != "-" { #expect(table.problems.contains { $0.service == "bad" && $0.text.contains("HAPROXY_0_VHOST") }) }
        #expect(!table.problems.contains { $0.text.contains("\n") })
    }

    @Test func hostileServiceNamesStayNames() throws {
        let table = table([
            instance("x\n    bind :1\nbackend y", 1, ["HAPROXY_0_VHOST": "x.test"]), instance("x_y", 1, ["HAPROXY_0_VHOST": "y.test"]),
        ])
        let rendering = try Renderer.sample.rendered(table)
        #expect(!rendering.configuration.contains("bind :1"))
        #expect(rendering.configuration.contains("backend service_x_5fy\n"))
    }

    @Test func conflictsAreDecidedByWhoHadItAndReported() {
        let a = instance("a", 1, ["HAPROXY_0_VHOST": "same.test", "service_port": "11000"])
        let b = instance("b", 1, ["HAPROXY_0_VHOST": "same.test,b.test", "service_port": "11000"])
        let first = table([a, b])
        #expect(first.backends.map(\.hosts) == [["same.test"], ["b.test"]])
        #expect(first.problems.map(\.service) == ["b", "b"])
        // b was there before a came: it keeps both.
        let alone = table([b])
        let second = table([a, b], before: alone.owners)
        #expect(second.backends.map(\.service) == ["b"])
        #expect(second.backends[0].hosts == ["b.test", "same.test"])
        #expect(second.problems.contains { $0.service == "a" && $0.text.contains("belongs to service b") })
        // b has gone: a gets them.
        #expect(table([a], before: second.owners).backends[0].hosts == ["same.test"])
    }

    @Test func reservedAndBusyPortsAreRefused() {
        var policy = RouteTable.Policy()
        policy.reservedPorts = [8080]
        let table = table(
            [
                instance("a", 1, ["HAPROXY_0_PORT": "8080"]), instance("b", 1, ["HAPROXY_0_PORT": "11000"]),
                instance("c", 1, ["HAPROXY_0_PORT": "99999"]), instance("d", 1, ["HAPROXY_0_SPEED": "fast", "service_port": "11003"]),
            ], policy, busy: [11000: "(another process listens there)"])
        #expect(table.backends.map(\.service) == ["d"])
        let text = table.problems.map { "\($0.service): \($0.text)" }.joined(separator: "\n")
        #expect(text.contains("a: port 8080 is reserved"))
        #expect(text.contains("b: port 11000 is in use"))
        #expect(text.contains("c: label HAPROXY_0_PORT is '99999'"))
        #expect(text.contains("d: label 'HAPROXY_0_SPEED' is not supported"))
    }

    @Test func aDomainNamesEachHTTPService() {
        var policy = RouteTable.Policy()
        policy.domain = "lb.test"
        #expect(table([instance("web", 1, ["HAPROXY_0_VHOST": "a.test"])], policy).backends[0].hosts == ["a.test", "web.lb.test"])
        #expect(table([instance("db", 1, ["service_port": "11000"])], policy).backends[0].hosts.isEmpty)
    }

    /// As mesos-consul registers them: the metrics port is below the task's name for DNS only.
    @Test func aNamedPortIsNoServerOfItsTasksService() {
        var policy = RouteTable.Policy()
        policy.groups = [ServiceLabels.everyGroup]
        let web = instance("web", 0, port: 31000, ["HAPROXY_0_VHOST": "a.test"])
        let metrics = ServiceInstance(
            service: "web", id: "web-0:1:named", node: "n0", address: "10.0.0.1", port: 31001, tags: ["metrics"],
            meta: ["named_port": "metrics"], health: .passing)
        #expect(table([web, metrics], policy).backends.map(\.servers) == [[.init(address: "10.0.0.1", port: 31000)]])
    }

    @Test func renderingIsStableAndGolden() throws {
        let instances = [
            instance("web", 2, ["HAPROXY_0_VHOST": "web.example.test", "service_port": "11000"]),
            instance("web", 1, ["HAPROXY_0_VHOST": "web.example.test", "service_port": "11000"]),
            instance("db", 1, address: "fd00::1", port: 5432, ["service_port": "15432"]),
        ]
        let rendering = try Renderer.sample.rendered(table(instances))
        #expect(GoldenFile("haproxy.cfg").difference(from: rendering.configuration) == nil)
        #expect(GoldenFile("hosts.map").difference(from: rendering.map) == nil)
        #expect(try Renderer.sample.rendered(table(instances.reversed())) == rendering)
        let empty = try Renderer.sample.rendered(table([]))
        #expect(GoldenFile("empty.cfg").difference(from: empty.configuration) == nil)
    }
}

extension Rendering.Surroundings {
    static let sample = Rendering.Surroundings(
        bind: "0.0.0.0", port: 80, directory: "/run/mesos-cluster/haproxy", groups: ["external"], maxConnections: 20000,
        connectTimeout: .seconds(5), clientTimeout: .seconds(50), serverTimeout: .seconds(50), checkInterval: .seconds(5),
        drain: .seconds(600))
}

extension Renderer {
    static var sample: Renderer {
        get throws {
            Renderer(
                .sample, template: try Template(ConfigurationTemplate.text, name: ConfigurationTemplate.name),
                backendTemplate: try Template(BackendTemplate.text, name: BackendTemplate.name))
        }
    }

    func rendered(_ table: RouteTable) throws -> Rendering {
        var renderer = self
        return try renderer.render(table)
    }
}
