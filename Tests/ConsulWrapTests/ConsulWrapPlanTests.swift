import ClusterTestKit
import Entrypoint
import Settings
import Testing

@testable import consul_wrap

/// Settings as the entrypoint would load them.
func load(_ environment: [String: String]) throws -> ResolvedSettings {
    try SettingsLoader(schema: ConsulWrap.schema.withCommonSettings).load(environment: environment)
}

@Suite struct ConsulWrapPlanTests {
    private let facts = ConsulFacts(hostname: "host-1", binary: "/usr/bin/consul")
    private let server = [
        "CONSUL_MODE": "server", "CONSUL_SERVERS": "10.0.0.1,10.0.0.2,10.0.0.3", "NODE_ADDRESS": "10.0.0.2", "NODE_NAME": "master-2",
        "EXPECT": "3", "CONSUL_GOSSIP_KEY": "pUqJrVyVRj5jsiYEkM/tFQYfWyJIv4s3XkvDwy7Cu5s=",
    ]

    private func refusals(_ environment: [String: String], _ facts: ConsulFacts? = nil) throws -> [String] {
        do {
            _ = try ConsulWrap.plan(load(environment), facts: facts ?? self.facts)
            return []
        } catch let refusal as PlanRefusal {
            return refusal.reasons
        }
    }

    @Test func aServersConfiguration() throws {
        let plan = try ConsulWrap.plan(load(server), facts: facts)
        #expect(plan.argv == ["/usr/bin/consul", "agent", "-config-file", "/run/mesos-cluster/consul/agent.json"])
        let file = try #require(plan.files.first)
        #expect(file.mode == 0o600 && file.isSecret)
        #expect(GoldenFile("server.json").difference(from: file.content) == nil)
    }

    @Test func anAgentWithEverything() throws {
        let token = "5ca1ab1e-0000-4000-8000-000000000000"
        let plan = try ConsulWrap.plan(
            load([
                "CONSUL_MODE": "agent", "CONSUL_SERVERS": "consul-1,::1,10.0.0.3", "NODE_ADDRESS": "10.0.0.7", "CONSUL_DATACENTER": "bari",
                "CONSUL_DOMAIN": "indigo", "CONSUL_CLIENT_ADDRESS": "127.0.0.1,10.0.0.7", "CONSUL_SERF_PORT": "9301",
                "CONSUL_HTTPS_PORT": "8501", "CONSUL_RECURSORS": "9.9.9.9", "CONSUL_UI": "true", "CONSUL_LEAVE_ON_STOP": "yes",
                "CONSUL_TLS_CA_FILE": "/tls/ca.pem", "CONSUL_TLS_CERT_FILE": "/tls/node.pem", "CONSUL_TLS_KEY_FILE": "/tls/node.key",
                "CONSUL_ACL": "true", "CONSUL_ACL_AGENT_TOKEN": token,
            ]), facts: facts)
        #expect(GoldenFile("agent.json").difference(from: plan.files[0].content) == nil)
        #expect(!plan.argv.joined().contains(token))
    }

    @Test func everyReasonIsGivenAtOnce() throws {
        let reasons = try refusals(
            [
                "CONSUL_MODE": "server", "CONSUL_SERVERS": "10.0.0.1,10.0.0.2", "EXPECT": "3", "CONSUL_TLS_CA_FILE": "/ca",
                "CONSUL_LEAVE_ON_STOP": "1",
            ],
            ConsulFacts(hostname: "h", binary: nil, keyring: .different))
        for part in ["even", "EXPECT", "TLS needs", "NODE_ADDRESS", "no program", "keyring", "LEAVE_ON_STOP"] {
            #expect(reasons.contains { $0.contains(part) }, "\(part) in \(reasons)")
        }
    }

    @Test func aServerMustBeInItsOwnList() throws {
        var other = server
        other["NODE_ADDRESS"] = "10.0.0.9"
        #expect(try refusals(other).count == 1)
        other["CONSUL_MODE"] = "agent"
        #expect(try refusals(other).isEmpty)
        #expect(try refusals(["CONSUL_MODE": "server", "CONSUL_SERVERS": "10.0.0.1", "NODE_ADDRESS": "10.0.0.1"]).isEmpty)
        #expect(try refusals(["CONSUL_MODE": "server", "CONSUL_SERVERS": "a,a,a", "NODE_ADDRESS": "10.0.0.1"]).count == 1)
    }

    @Test(arguments: ["c2hvcnQ=", "not base64", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"])
    func gossipKeysOfAnotherLengthAreRefusedAndNotShown(_ key: String) {
        do {
            _ = try load(server.merging(["CONSUL_GOSSIP_KEY": key]) { $1 })
            Issue.record("this is no key")
        } catch {
            #expect("\(error)".contains("CONSUL_GOSSIP_KEY"))
            #expect(!"\(error)".contains(key))
        }
    }

    @Test func tokensWithoutACLAreRefused() throws {
        let token = "5ca1ab1e-0000-4000-8000-000000000000"
        #expect(try refusals(server.merging(["CONSUL_ACL_MASTER_TOKEN": token]) { $1 }).count == 1)
        #expect(try refusals(server.merging(["CONSUL_ACL": "true", "CONSUL_ACL_MASTER_TOKEN": token]) { $1 }).isEmpty)
    }
}
