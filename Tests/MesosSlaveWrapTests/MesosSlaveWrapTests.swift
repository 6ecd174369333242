import ClusterCore
import ClusterTestKit
import Entrypoint
import JSON
import Mesos
import Prerequisites
import Settings
import Supervision
import Testing

@testable import mesos_slave_wrap

@Suite struct MesosSlaveWrapTests {
    private func settings(_ environment: [String: String]) throws -> ResolvedSettings {
        try SettingsLoader(schema: MesosSlaveWrap.schema.withCommonSettings).load(environment: environment)
    }

    private let upstream = SlaveFacts(engines: .init(upstream: "/usr/sbin/mesos-slave", version: "1.1.0"))
    private let embedded = SlaveFacts(engines: .init(embedded: "/opt/bin/embedded-engine"))
    private let basic = ["MESOS_MASTER": "zk://127.0.1.1:2181,127.0.1.2:2181/mesos", "NODE_ADDRESS": "127.0.2.1"]

    private func plan(_ environment: [String: String], _ facts: SlaveFacts) throws -> LaunchPlan {
        try MesosSlaveWrap.plan(settings(environment), facts: facts)
    }

    private func refusals(_ environment: [String: String], _ facts: SlaveFacts) throws -> [String] {
        do {
            _ = try plan(environment, facts)
            return []
        } catch let refusal as PlanRefusal {
            return refusal.reasons
        }
    }

    @Test func `the least that is needed`() throws {
        let text = try plan(basic, embedded).text
        #expect(GoldenFile("embedded.txt").difference(from: text) == nil)
    }

    @Test func `the INDIGO image's variables are taken`() throws {
        let text = try plan(
            [
                "MESOS_ZK": "zk://10.0.0.1:2181/mesos", "MESOS_IP": "10.0.0.9", "MESOS_HOSTNAME": "s9.example.test", "PRINCIPAL": "p",
                "SECRET": "hidden", "MESOS_LOG_DIR": "/var/log/mesos", "MESOS_EXECUTOR_REGISTRATION_TIMEOUT": "5mins",
                "MESOS_CONTAINERIZERS": "docker,mesos", "MESOS_RESOURCES": "cpus:8;mem:16384", "MESOS_ATTRIBUTES": "rack:r1",
                "MESOS_SWITCH_USER": "false", "MESOS_HTTP_PASSWORD": "hidden too", "MESOS_DOCKER_STOP_TIMEOUT": "10secs",
                "END_TASKS_ON_STOP": "true",
            ], upstream
        ).text
        #expect(GoldenFile("upstream.txt").difference(from: text) == nil)
        #expect(!text.contains("hidden"), "a secret is printed")
    }

    @Test func `a secret stands in files of mode 0600 only`() throws {
        let plan = try plan(basic.merging(["SECRET": "hidden", "MESOS_MASTER": "zk://u:geheim@127.0.1.1:2181/mesos"]) { $1 }, embedded)
        #expect(plan.files.map(\.mode) == [0o600, 0o600])
        #expect(plan.files.first?.content == "{\"principal\":\"root\",\"secret\":\"hidden\"}\n")
        #expect(plan.argv.allSatisfy { !$0.contains("geheim") && !$0.contains("hidden") })
        #expect(plan.argv.contains("--master=file:///run/mesos-cluster/mesos-slave/master"))
    }

    private func checkpointed(_ engine: EngineChoice.Engine = .embedded) -> SlaveFacts {
        SlaveFacts(
            engines: .init(upstream: engine == .upstream ? "/usr/sbin/mesos-slave" : nil, embedded: "/opt/bin/embedded-engine"),
            checkpoint: AgentCheckpoint(
                engine: engine,
                agent: AgentInfo(
                    hostname: "127.0.2.1", port: 5051, resources: Resources(cpus: 2, mem: 1024, disk: 1000),
                    attributes: [Attribute("rack", .text("r1"))], id: "M-S0")))
    }

    @Test(arguments: [EngineChoice.Engine.embedded, .upstream]) func `an unchanged agent goes on`(engine: EngineChoice.Engine) throws {
        let same = basic.merging(["MESOS_RESOURCES": "mem:1024;cpus:2", "MESOS_ATTRIBUTES": "rack:r1"]) { $1 }
        #expect(try refusals(same, checkpointed(engine)).isEmpty)
    }

    @Test func `a changed agent is refused with what to do`() throws {
        let reasons = try refusals(
            basic.merging([
                "MESOS_RESOURCES": "cpus:4", "MESOS_ATTRIBUTES": "rack:r2", "MESOS_PORT": "6051", "MESOS_HOSTNAME": "other",
            ]) { $1 }, checkpointed())
        #expect(reasons.count == 4)
        #expect(reasons[2].hasPrefix("MESOS_RESOURCES was 'cpus:2' when agent M-S0 first registered, and is 'cpus:4' now: set it back"))
        #expect(reasons.allSatisfy { $0.contains("/var/lib/mesos/meta/slaves/latest") && $0.contains("nothing was changed") })
    }

    @Test func `more is fine where the policy says so, less is not`() throws {
        let additive = basic.merging(["MESOS_RECONFIGURATION_POLICY": "additive", "MESOS_ATTRIBUTES": "rack:r1;zone:z"]) { $1 }
        #expect(try refusals(additive.merging(["MESOS_RESOURCES": "cpus:4"]) { $1 }, checkpointed()).isEmpty)
        #expect(try refusals(additive.merging(["MESOS_RESOURCES": "cpus:1"]) { $1 }, checkpointed()).count == 1)
    }

    @Test func `the other engine's checkpoint is refused`() throws {
        var facts = checkpointed(.upstream)
        facts.engines.upstream = nil
        #expect(try refusals(basic, facts).first?.contains("checkpoint of the upstream engine") == true)
    }

    @Test func `several hosts need upstream, or leave`() throws {
        let remote = ["MESOS_MASTER": "zk://10.0.0.1:2181/mesos", "NODE_ADDRESS": "10.0.0.9"]
        #expect(try refusals(remote, embedded).first?.contains("ALLOW_EMBEDDED") == true)
        #expect(try refusals(remote.merging(["ALLOW_EMBEDDED": "true"]) { $1 }, embedded).isEmpty)
    }

    @Test(arguments: [
        (["MESOS_RESOURCES": "cpus=2"], "MESOS_RESOURCES"), (["MESOS_ATTRIBUTES": "rack"], "MESOS_ATTRIBUTES"),
        (["MESOS_CONTAINERIZERS": "appc"], "MESOS_CONTAINERIZERS"), (["MESOS_PORT": "0"], "MESOS_PORT"),
        (["MESOS_WORK_DIR": "relative"], "MESOS_WORK_DIR"), (["MESOS_MASTER_DETECTOR": "x"], "MESOS_MASTER_DETECTOR"),
        (["MESOS_MASTER": "10.0.0.1:5050"], "MESOS_MASTER"),
    ])
    func `a malformed setting is named`(environment: [String: String], name: String) throws {
        do {
            _ = try settings(basic.merging(environment) { $1 })
            Issue.record("accepted \(environment)")
        } catch {
            #expect("\(error)".contains(name), "\(error)")
        }
    }

    @Test func `tasks outlive the slave`() throws {
        let plan = try plan(basic, embedded)
        #expect(plan.leavesSessions)
        #expect(plan.stop.signal == 15)
    }

    @Test func `facts can be replayed`() throws {
        let facts = checkpointed(.upstream)
        #expect(try SlaveFacts(json: facts.json) == facts)
    }
}

@Suite struct SlaveInfoMessageTests {
    private func field(_ number: UInt8, _ bytes: [UInt8]) -> [UInt8] { [number << 3 | 2, UInt8(bytes.count)] + bytes }
    private func number(_ field: UInt8, _ value: UInt8) -> [UInt8] { [field << 3, value] }
    private func double(_ value: Double) -> [UInt8] { [1 << 3 | 1] + withUnsafeBytes(of: value.bitPattern.littleEndian) { Array($0) } }

    @Test func `upstream's checkpoint is read`() throws {
        let cpus = field(1, Array("cpus".utf8)) + number(2, 0) + field(3, double(2)) + field(6, Array("*".utf8))
        let ports = field(1, Array("ports".utf8)) + number(2, 1) + field(4, field(1, [1 << 3, 0x98, 0xF2, 1, 2 << 3, 0x80, 0xFA, 1]))
        let rack = field(1, Array("rack".utf8)) + number(2, 3) + field(5, field(1, Array("r1".utf8)))
        let message =
            field(1, Array("host".utf8)) + field(3, cpus) + field(3, ports) + field(5, rack) + field(6, field(1, Array("M-S0".utf8)))
            + [8 << 3, 0xBB, 0x27]
        let agent = try #require(SlaveInfoMessage.read(withUnsafeBytes(of: UInt32(message.count)) { Array($0) } + message))
        #expect(agent.hostname == "host" && agent.port == 5051 && agent.id == "M-S0")
        #expect(agent.resources.cpus == 2 && agent.resources.ports.description == "[31000-32000]")
        #expect(agent.attributes == [Attribute("rack", .text("r1"))])
    }

    @Test func `what is no checkpoint is told so`() throws {
        #expect(SlaveInfoMessage.read(Array("nonsense".utf8)) == nil)
        let directory = try TemporaryDirectory("slave-wrap")
        #expect(try AgentCheckpoint.read(workDirectory: directory.path) == nil)
        try directory.write("meta/slaves/latest/slave.info", "nonsense")
        #expect(throws: ClusterError.self) { try AgentCheckpoint.read(workDirectory: directory.path) }
    }
}
