import ClusterCore
import ClusterTestKit
import Consul
import HTTPClient
import Synchronization
import Testing
import ZooKeeper

/// The executable with a real ZooKeeper and a real Consul; only the master's state is told by the test.
@Suite(.timeLimit(.minutes(3))) struct BridgeTests {
    @Test func tasksBecomeServicesAndDisappear() async throws {
        let agent = try await ConsulAgent.start()
        let zooKeeper = try await ZooKeeperServer.start()
        let told = Mutex(try document([task("web.1")]))
        let state = SharedState(told: told.withLock { $0 })
        let master = try TestHTTPBackend { request in
            switch request.target {
            case "/state": .init(200, state.told.withLock { $0 })
            // Mesos 0.28 has no operator API.
            case "/api/v1": .init(404)
            default: .init(200)
            }
        }
        let directory = try TemporaryDirectory("bridge")
        let process = try await TestProcess(
            [BuiltExecutable.path("mesos-consul")],
            environment: [
                "MESOS_ZK": zooKeeper.url("/mesos").description, "NODE_ADDRESS": "127.0.0.1", "MESOS_MASTER_PORT": "\(master.port)",
                "CONSUL_HTTP_ADDR": agent.http.description, "CONSUL_AGENT_PORT": "\(agent.http.port)", "MESOS_CONSUL_REFRESH": "100ms",
                "MESOS_CONSUL_RECONCILE": "1s", "PROBE_SOCKET": directory.file("probe.sock"), "PROBE_PORT": "0",
            ], output: directory.file("log"))
        let consul = ConsulClient(ConsulAddress(host: agent.http.host, port: agent.http.port), http: HTTPClient())
        try await consul.register(ServiceRegistration(id: "foreign", name: "foreign", port: 1))

        // No master leads yet: nothing is read.
        let client = ZooKeeperClient(url: zooKeeper.url("/"))
        client.start()
        try await client.connect(within: .seconds(20))
        let info = """
            {"id":"m","ip":16777343,"port":\(master.port),"hostname":"127.0.0.1","pid":"master@127.0.0.1:\(master.port)",
             "address":{"ip":"127.0.0.1","port":\(master.port),"hostname":"127.0.0.1"}}
            """
        try await client.createRecursively("/mesos/json.info_0000000001", data: Array(info.utf8))
        try await eventually("the task is a service") { try await consul.instances(of: "web").map(\.port) == [31000] }
        try await eventually("the master leads") {
            try await consul.instances(of: "mesos", tag: "leader").map(\.port) == [master.port]
        }
        #expect(try await consul.instances(of: "mesos", tag: "follower").count == 1)

        // A second instance; and what somebody removed comes back with the next full comparison.
        state.told.withLock { $0 = (try? document([task("web.1"), task("web.2", ports: "[31500-31500]")])) ?? "" }
        try await eventually("two instances") { try await consul.instances(of: "web").map(\.port).sorted() == [31000, 31500] }
        let id = try #require(try await consul.instances(of: "web").first?.id)
        try await consul.deregister(serviceID: id)
        try await eventually("registered again") { try await consul.instances(of: "web").count == 2 }

        // A master that can't be read takes nothing away; an end does.
        state.told.withLock { $0 = "no JSON" }
        let reads = master.requests.count
        try await eventually("it was asked again") { master.requests.count > reads + 3 }
        #expect(try await consul.instances(of: "web").count == 2)
        state.told.withLock { $0 = (try? document([task("web.2", ports: "[31500-31500]")])) ?? "" }
        try await eventually("one is gone") { try await consul.instances(of: "web").map(\.port) == [31500] }
        #expect(try await consul.instances(of: "foreign").count == 1)

        // Another master leads: its own bridge writes; the services stay.
        try await client.delete("/mesos/json.info_0000000001")
        try await eventually("no leader") { try await consul.instances(of: "mesos", tag: "leader").isEmpty }
        #expect(try await consul.instances(of: "web").count == 1)
        #expect(await process.terminate() == 0)
        await client.close()
        await zooKeeper.kill()
        await agent.kill()
    }

    private final class SharedState: Sendable {
        let told: Mutex<String>
        init(told: String) { self.told = Mutex(told) }
    }

    private func document(_ tasks: [String]) throws -> String {
        """
        {"id":"m","elected_time":1.5,"slaves":[{"id":"S0","hostname":"slave-1","pid":"slave(1)@127.0.0.1:5051"}],
         "frameworks":[{"id":"F","tasks":[\(tasks.joined(separator: ",").replacing("[31000-31001]", with: "[31000-31000]"))]}]}
        """
    }
}
