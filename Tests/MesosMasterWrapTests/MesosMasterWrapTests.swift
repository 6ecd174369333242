import ClusterCore
import ClusterTestKit
import Entrypoint
import JSON
import Mesos
import Prerequisites
import Settings
import Testing

@testable import mesos_master_wrap

@Suite struct MesosMasterWrapTests {
    private let upstream = MasterFacts(engines: .init(upstream: "/usr/sbin/mesos-master", version: "1.11.0"))
    private let embedded = MasterFacts(engines: .init(embedded: "/opt/bin/embedded-engine"))
    private let three = "zk://10.0.0.1:2181,10.0.0.2:2181,10.0.0.3:2181/mesos"

    private func plan(_ environment: [String: String], _ facts: MasterFacts) throws -> LaunchPlan {
        let settings = try SettingsLoader(schema: MesosMasterWrap.schema.withCommonSettings).load(environment: environment)
        return try MesosMasterWrap.plan(settings, facts: facts)
    }

    private func refusals(_ environment: [String: String], _ facts: MasterFacts) throws -> [String] {
        do {
            _ = try plan(environment, facts)
            return []
        } catch let refusal as PlanRefusal {
            return refusal.reasons
        }
    }

    @Test func `a development master`() throws {
        let text = try plan(["MESOS_ZK": "zk://127.0.1.1:2181/mesos", "NODE_ADDRESS": "127.0.1.1"], embedded).text
        #expect(GoldenFile("embedded.txt").difference(from: text) == nil)
    }

    @Test func `the INDIGO image's and role's variables are taken`() throws {
        let plan = try plan(
            [
                "MESOS_ZK": three, "MESOS_IP": "10.0.0.2", "MESOS_PORT": "5050", "MESOS_HOSTNAME": "m2.example.test",
                "MESOS_CLUSTER": "indigo", "MESOS_QUORUM": "2", "MESOS_WORK_DIR": "/var/lib/mesos", "MESOS_LOG_DIR": "/var/log/mesos",
                "MESOS_OFFER_TIMEOUT": "30secs", "PRINCIPAL": "mesos", "SECRET": "hidden-secret", "MESOS_HTTP_PASSWORD": "hidden-word",
                "MESOS_ROLES": "prod,dev", "MESOS_slave_ping_timeout": "5secs",
            ], upstream)
        #expect(GoldenFile("upstream.txt").difference(from: plan.text) == nil)
        #expect(!plan.argv.joined().contains("hidden") && !plan.text.contains("hidden"))
        let file = try #require(plan.files.first)
        #expect(file.mode == 0o600 && file.isSecret)
        #expect(try JSON(parsing: file.content)["credentials"]?.array?.count == 2)
        #expect(!plan.environment.keys.contains { $0.hasPrefix("MESOS_") })
        // Mesos itself must take the argv.
        _ = try MesosFlags.parse(plan.argv.dropFirst().map { $0 }, table: MesosFlags.master(version: "1.11"))
    }

    @Test func `an old Mesos gets its own flags' names`() throws {
        let old = MasterFacts(engines: .init(upstream: "/usr/sbin/mesos-master", version: "0.28.2"))
        let argv = try plan(
            ["MESOS_ZK": three, "NODE_ADDRESS": "10.0.0.1", "SECRET": "s3cr3t-word", "MESOS_HTTP_PASSWORD": "other-w0rd"], old
        ).argv
        #expect(argv.contains("--authenticate_slaves") && argv.contains("--authenticate_http") && argv.contains("--authenticate"))
        _ = try MesosFlags.parse(argv.dropFirst().map { $0 }, table: MesosFlags.master(version: "0.28"))
        #expect(
            try refusals(["MESOS_ZK": three, "NODE_ADDRESS": "10.0.0.1", "MESOS_DOMAIN": "x"], old).first?.contains("MESOS_DOMAIN") == true)
    }

    @Test(arguments: [("1", 1), ("3", 2), ("5", 3), ("7", 4)])
    func `the quorum is the majority`(_ count: String, _ quorum: Int) throws {
        let argv = try plan(["MESOS_ZK": three, "NODE_ADDRESS": "10.0.0.1", "MESOS_MASTER_COUNT": count], upstream).argv
        #expect(argv.contains("--quorum=\(quorum)"))
    }

    @Test func `what would corrupt the registry is refused, all reasons at once`() throws {
        let even = try refusals(["MESOS_ZK": three, "MESOS_MASTERS": "a,b", "MESOS_QUORUM": "1"], MasterFacts(engines: .init()))
        for part in ["even number", "MESOS_QUORUM is 1", "NODE_ADDRESS", "no engine is installed"] {
            #expect(even.contains { $0.contains(part) }, "\(part) in \(even)")
        }
        let wrong = try refusals(["MESOS_ZK": three, "NODE_ADDRESS": "10.0.0.1", "MESOS_QUORUM": "1", "MESOS_MASTER_COUNT": "3"], upstream)
        #expect(wrong.contains { $0.contains("majority of 3 masters is 2") })
    }

    @Test func `the embedded engine is not taken for several hosts by accident`() throws {
        let environment = ["MESOS_ZK": three, "NODE_ADDRESS": "10.0.0.1"]
        #expect(try refusals(environment, embedded).first?.contains("ALLOW_EMBEDDED") == true)
        #expect(
            try plan(environment.merging(["ALLOW_EMBEDDED": "1"]) { $1 }, embedded).argv.prefix(2) == [
                "/opt/bin/embedded-engine", "mesos-master",
            ])
        let loopback = "zk://127.0.1.1:2181,127.0.1.2:2181,127.0.1.3:2181/mesos"
        #expect(try plan(["MESOS_ZK": loopback, "NODE_ADDRESS": "127.0.1.2"], embedded).argv[1] == "mesos-master")
        #expect(try refusals(environment.merging(["ENGINE": "upstream"]) { $1 }, embedded).first?.contains("not installed") == true)
    }

    @Test func `a password in the ZooKeeper URL stays out of argv`() throws {
        let plan = try plan(["MESOS_ZK": "zk://u:hidden-pw@10.0.0.1:2181/mesos", "NODE_ADDRESS": "10.0.0.1"], upstream)
        #expect(plan.argv.contains("--zk=file:///run/mesos-cluster/mesos-master/zk"))
        #expect(!plan.text.contains("hidden-pw"))
        #expect(plan.files.first?.content == "zk://u:hidden-pw@10.0.0.1:2181/mesos")
    }

    @Test func `a misspelt or forbidden flag is refused by name`() {
        let schema = MesosMasterWrap.schema.withCommonSettings
        for (variable, part) in [("MESOS_QUORM", "MESOS_QUORUM"), ("MESOS_MASTER_CONTENDER", "ZooKeeper")] {
            #expect {
                try SettingsLoader(schema: schema).load(environment: ["MESOS_ZK": three, variable: "x"])
            } throws: { "\($0)".contains(part) }
        }
    }

    @Test func `facts can be replayed`() throws {
        for facts in [upstream, embedded, MasterFacts(engines: .init())] { #expect(try MasterFacts(json: facts.json) == facts) }
    }
}
