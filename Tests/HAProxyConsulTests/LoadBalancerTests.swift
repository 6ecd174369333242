import ClusterCore
import ClusterTestKit
import Consul
import HTTPClient
import JSON
import Testing

/// The executable with a real Consul, a real HAProxy and real backends.
@Suite(.timeLimit(.minutes(3))) struct LoadBalancerTests {
    @Test func routesFollowConsulAndOutliveIt() async throws {
        let agent = try await ConsulAgent.start()
        let consul = client(agent)
        let backend = try TestHTTPBackend { _ in .init(200, "web") }
        let balancer = try RunningLoadBalancer(consul: agent)
        try await balancer.start()
        try await balancer.waitUntil("web.test", answers: 503)

        let servicePort = try freePort()
        try await consul.register(
            service("web", port: backend.port, ["HAPROXY_0_VHOST": "web.test,www.test", "service_port": "\(servicePort)"]))
        try await balancer.waitUntil("web.test", answers: 200)
        try await balancer.waitUntil("WWW.test:80", answers: 200)
        try await balancer.waitUntil("any", answers: 200, at: servicePort)
        #expect(await balancer.status(host: "web.test.evil") == 503)

        // What can't be served is told, and costs nobody else anything.
        try await consul.register(service("bad", port: backend.port, ["HAPROXY_0_VHOST": "a b\n    server evil 6.6.6.6:80"]))
        try await consul.register(service("taken", port: backend.port, ["HAPROXY_0_PORT": "\(backend.port)"]))
        let reloads = try await balancer.document()["reloads"]?.int
        try await consul.register(service("other", port: backend.port, ["HAPROXY_0_VHOST": "other.test"]))
        try await balancer.waitUntil("other.test", answers: 200)
        #expect(try await balancer.document()["reloads"]?.int == reloads, "a plain new service takes no reload")
        let problems = try await balancer.document()["problems"]?.array?.compactMap { $0["service"]?.string } ?? []
        #expect(Set(problems) == ["bad", "taken"])

        // Unhealthy: no server is left behind the name. Gone: no route.
        try await consul.deregister(serviceID: "other")
        try await balancer.waitUntil("other.test", answers: 503)

        await agent.kill()
        try await eventually("the outage is seen") { try await balancer.document()["consul_outage"] != nil }
        #expect(await balancer.status(host: "web.test") == 200)

        // A restart without Consul serves the same; a Consul that has lost its catalog takes nothing away.
        #expect(await balancer.process?.terminate(grace: .seconds(30)) == 0)
        try await balancer.start()
        try await balancer.waitUntil("web.test", answers: 200)
        try await agent.start()
        try await eventually("the servers are held") { try await (balancer.document()["held_servers"]?.int ?? 0) > 0 }
        #expect(await balancer.status(host: "web.test") == 200)
        await balancer.process?.terminate()
        await agent.kill()
    }

    @Test func wrongSettingsEndWithOneClearMessage() async throws {
        let agent = try await ConsulAgent.start()
        let busy = try TestHTTPBackend { _ in .init(200, "") }
        let directory = try TemporaryDirectory("template")
        let template = try directory.write("haproxy.mustache", "global\n{{#backends}}\n")
        for (extra, word) in [
            (["HAPROXY_STATS": "true"], "HAPROXY_STATS"), (["HAPROXY_MODE": "marathon"], "HAPROXY_MODE"),
            (["HAPROXY_PORT": "\(busy.port)"], "\(busy.port)"), (["HAPROXY_TEMPLATE": template], "haproxy.mustache"),
            (["HAPROXY_BINARY": "/nowhere/haproxy"], "/nowhere/haproxy"), (["HAPROXY_TEMPLATE": "/nowhere/template"], "HAPROXY_TEMPLATE"),
        ] {
            let balancer = try RunningLoadBalancer(consul: agent, extra)
            try await balancer.start()
            #expect(await balancer.process?.wait() == 78, "\(extra): \(balancer.log)")
            #expect(balancer.log.contains(word), "\(balancer.log)")
        }
        await agent.kill()
    }
}
