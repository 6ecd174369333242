import ClusterCore
import ClusterTestKit
import HTTPClient
import Testing

@testable import Consul

/// With a real Consul server.
@Suite(.timeLimit(.minutes(2))) struct ConsulAgentTests {
    private func client(_ agent: ConsulAgent) -> ConsulClient {
        ConsulClient(ConsulAddress(host: agent.http.host, port: agent.http.port), http: HTTPClient())
    }

    /// Reads events until one satisfies.
    private func view(
        _ iterator: inout CatalogWatch.Iterator, where satisfies: (CatalogSnapshot) -> Bool
    ) async throws -> CatalogSnapshot {
        while let event = await iterator.next() {
            if case .view(let snapshot, _) = event, satisfies(snapshot) { return snapshot }
        }
        throw ClusterError(.unavailable, "the watch ended")
    }

    @Test func aWatchSeesRegistrationHealthAndRemoval() async throws {
        let agent = try await ConsulAgent.start()
        let consul = client(agent)
        #expect(try await consul.leader() != nil)
        let itself = try await consul.agentSelf()
        #expect(itself.isServer && itself.isLeader && itself.nodeName == agent.node)
        var iterator = CatalogWatch(consul).makeAsyncIterator()
        _ = try await view(&iterator) { $0.instances.contains { $0.service == "consul" } }

        let service = ServiceRegistration(
            id: "task:1 ä/x", name: "web", port: 31000, tags: ["a"], meta: ["HAPROXY_0_VHOST": "web.example.test"],
            checks: [ServiceCheck("ttl", name: "told by its owner", probe: .ttl(.seconds(3600)), initial: .passing)])
        try await consul.register(service)
        let seen = try await view(&iterator) { $0.instances.contains { $0.service == "web" } }.instances.first { $0.service == "web" }
        #expect(
            seen
                == ServiceInstance(
                    service: "web", id: service.id, node: agent.node, address: "127.0.0.1", port: 31000, tags: ["a"], meta: service.meta))
        #expect(try await consul.instances(of: "web", passingOnly: true) == [try #require(seen)])
        #expect(try await consul.agentServices()[service.id]?.meta == service.meta)

        try await consul.report(checkID: service.checks[0].id(serviceID: service.id), .critical, output: "gone")
        _ = try await view(&iterator) { $0.instances.contains { $0.service == "web" && $0.health == .critical } }
        try await consul.deregister(serviceID: service.id)
        _ = try await view(&iterator) { !$0.instances.contains { $0.service == "web" } }
        // Again, though it is gone.
        try await consul.deregister(serviceID: service.id)
        await agent.kill()
    }

    @Test func aWatchSurvivesARestartWithAnEmptyCatalog() async throws {
        let agent = try await ConsulAgent.start()
        let consul = client(agent)
        for number in 0..<20 { try await consul.register(ServiceRegistration(id: "s\(number)", name: "web", port: 1000 + number)) }
        var iterator = CatalogWatch(consul).makeAsyncIterator()
        _ = try await view(&iterator) { $0.instances.count { $0.service == "web" } == 20 }
        await agent.kill()
        var failures = 0
        while failures < 3, let event = await iterator.next() { if case .failed = event { failures += 1 } }
        // In memory only: it comes back empty, at a lower index.
        try await agent.start()
        _ = try await view(&iterator) { !$0.instances.contains { $0.service == "web" } }
        try await consul.register(ServiceRegistration(id: "again", name: "web", port: 1))
        _ = try await view(&iterator) { $0.instances.contains { $0.id == "again" } }
        await agent.kill()
    }

    @Test func keysValuesAndSessionsWork() async throws {
        let agent = try await ConsulAgent.start()
        let consul = client(agent)
        let key = "service/haproxy/ä b"
        #expect(try await consul.value(of: key) == nil)
        #expect(try await consul.setValue(Array("1".utf8), of: key, expecting: 0))
        #expect(try await !consul.setValue(Array("2".utf8), of: key, expecting: 0))
        let entry = try #require(try await consul.value(of: key))
        #expect(entry.value == Array("1".utf8) && entry.key == key)
        #expect(try await consul.setValue(Array("2".utf8), of: key, expecting: entry.modifyIndex))
        #expect(try await consul.values(under: "service/").map(\.value) == [Array("2".utf8)])
        try await consul.removeValue(of: "service/", recursively: true)
        #expect(try await consul.values(under: "service/").isEmpty)
        // A session needs its node in the catalog, which the agent registers a moment after its start.
        let session = try await eventuallyValue { try await consul.createSession(name: "test", ttl: .seconds(10)) }
        #expect(try await consul.setValue([], of: "lock", acquiring: session))
        #expect(try await consul.value(of: "lock")?.session == session)
        #expect(try await consul.renewSession(session))
        try await consul.destroySession(session)
        #expect(try await !consul.renewSession(session))
        await agent.kill()
    }

    @Test func deadOrForbiddenAgentsAreNamed() async throws {
        let consul = ConsulClient(ConsulAddress(host: "127.0.0.1", port: try freePort()), http: HTTPClient(), token: "secret-token")
        do {
            _ = try await consul.leader()
            Issue.record("nobody can answer there")
        } catch {
            #expect(error.code == .unavailable)
            #expect(!error.description.contains("secret-token"))
        }
        let agent = try await ConsulAgent.start(extra: ["-hcl", "acl { enabled = true \n default_policy = \"deny\" }"])
        let denied = ConsulClient(
            ConsulAddress(host: agent.http.host, port: agent.http.port), http: HTTPClient(), token: "5ca1ab1e-0000-0000-0000-000000000000")
        do {
            try await denied.register(ServiceRegistration(id: "x", name: "x"))
            Issue.record("the token does not exist")
        } catch {
            #expect(error.code == .settings)
            #expect(!error.description.contains("5ca1ab1e"))
        }
        await agent.kill()
    }
}
