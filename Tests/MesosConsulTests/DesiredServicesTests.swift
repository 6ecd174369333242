import ClusterCore
import Consul
import JSON
import Testing

@testable import mesos_consul

/// A state as Mesos 1.11 writes it, reduced to what is read.
func state(_ tasks: String, slave: String = "127.0.2.1", term: Double = 1) throws -> MesosState {
    try MesosState(
        json: JSON(
            parsing: """
                {"id":"m","elected_time":\(term),"slaves":[{"id":"S0","hostname":"slave-1","pid":"slave(1)@\(slave):5051","active":true}],
                 "frameworks":[{"id":"F","tasks":[\(tasks)]}],"orphan_tasks":[]}
                """))
}

func task(_ id: String, name: String = "web", state: String = "TASK_RUNNING", extra: String = "", ports: String = "[31000-31001]") -> String
{
    """
    {"id":"\(id)","name":"\(name)","framework_id":"F","slave_id":"S0","state":"\(state)","resources":{"ports":"\(ports)"}\(extra)}
    """
}

@Suite struct DesiredServicesTests {
    private func services(_ tasks: String...) throws -> [ServiceRegistration] {
        let desired = DesiredServices(try state(tasks.joined(separator: ",")), serviceName: "mesos")
        return (desired.byAgent["127.0.2.1"] ?? [:]).values.filter { !$0.tags.contains("follower") }.sorted { $0.id < $1.id }
    }

    @Test func aTaskIsAServiceForEachPort() throws {
        let extra = """
            ,"labels":[{"key":"HAPROXY_GROUP","value":"external"},{"key":"tags","value":"a, b"}],
            "discovery":{"visibility":"FRAMEWORK","name":"web","ports":{"ports":[
              {"number":31000,"name":"http","protocol":"tcp","labels":{"labels":[{"key":"service_port","value":"11000"}]}},
              {"number":31001,"name":"Admin_UI","protocol":"tcp"}]}}
            """
        let found = try services(task("web.1", extra: extra))
        #expect(found.map(\.name) == ["web", "web-admin-ui"])
        #expect(found.map(\.port) == [31000, 31001])
        #expect(found.map(\.address) == ["127.0.2.1", "127.0.2.1"])
        #expect(found[0].id == "mesos-consul:F:web.1:0")
        #expect(found[0].tags == ["a", "b"])
        #expect(found[0].meta["HAPROXY_GROUP"] == "external" && found[0].meta["service_port"] == "11000")
        #expect(found[0].meta["port_index"] == nil && found[1].meta["port_index"] == "1")
    }

    @Test func onlyRunningAndNotUnhealthyTasksCount() throws {
        let unhealthy =
            #","statuses":[{"state":"TASK_RUNNING","timestamp":1,"healthy":true},{"state":"TASK_RUNNING","timestamp":2,"healthy":false}]"#
        let healthy = #","health_check":{"type":"HTTP"},"statuses":[{"state":"TASK_RUNNING","timestamp":2,"healthy":true}]"#
        let unknown = #","health_check":{"type":"HTTP"},"statuses":[{"state":"TASK_RUNNING","timestamp":2}]"#
        let found = try services(
            task("a"), task("b", state: "TASK_STAGING"), task("c", extra: unhealthy), task("d", extra: healthy), task("e", extra: unknown))
        #expect(Set(found.compactMap { $0.meta["task_id"] }) == ["a", "d"])
    }

    @Test func namesAndLabelsAreWhatConsulTakes() throws {
        let label =
            #","labels":[{"key":"bad key","value":"x"},{"key":"long","value":""# + String(repeating: "x", count: 513)
            + #""},{"key":"ok","value":"1"}]"#
        let found = try services(task("a", name: "My App_v2!", extra: label, ports: ""))
        #expect(found.map(\.name) == ["my-app-v2"])
        #expect(found[0].port == 0)
        #expect(found[0].meta.keys.sorted() == ["framework_id", "ok", "task_id"])
        let desired = DesiredServices(try state(task("a", extra: label)), serviceName: "mesos")
        #expect(desired.problems.count == 4)
        #expect(try services(task("a", name: "///")).isEmpty)
    }

    @Test func slavesAndMastersAreServices() throws {
        let desired = DesiredServices(try state(""), serviceName: "mesos")
        let follower = try #require(desired.byAgent["127.0.2.1"]?["mesos-consul:slave:S0"])
        #expect(follower.name == "mesos" && follower.tags == ["follower"] && follower.port == 5051)
        let leader = DesiredServices.master(.init(host: "127.0.1.1", port: 5050), isLeader: true, serviceName: "mesos")
        #expect(leader.tags == ["leader", "master"])
    }

    @Test func aStateThatIsNoneIsRefused() throws {
        let json = try JSON(parsing: "{}")
        #expect(throws: (any Error).self) { try MesosState(json: json) }
    }
}

@Suite struct ServiceDiffTests {
    private let a = ServiceRegistration(id: "mesos-consul:F:a:0", name: "a", address: "1.2.3.4", port: 1)
    private let b = ServiceRegistration(id: "mesos-consul:F:b:0", name: "b", address: "1.2.3.4", port: 2)

    private func map(_ list: [ServiceRegistration]) -> [String: ServiceRegistration] {
        Dictionary(uniqueKeysWithValues: list.map { ($0.id, $0) })
    }

    @Test func equalMeansNoWrite() {
        var withCheck = a
        withCheck.checks = [ServiceCheck("x", name: "x", probe: .ttl(.seconds(1)))]
        #expect(ServiceDiff(has: map([a]), wants: map([withCheck])).isEmpty)
    }

    @Test func whatIsNewOrChangedIsWrittenAndOnlyOurOwnIsRemoved() {
        var changed = a
        changed.meta = ["k": "v"]
        let foreign = ServiceRegistration(id: "consul", name: "consul")
        let master = DesiredServices.master(.init(host: "127.0.1.1", port: 5050), isLeader: true, serviceName: "mesos")
        let gone = ServiceRegistration(id: "mesos-consul:F:gone:0", name: "gone")
        let diff = ServiceDiff(has: map([a, foreign, master, gone]), wants: map([changed, b]))
        #expect(diff.registrations == [changed, b])
        #expect(diff.deregistrations == ["mesos-consul:F:gone:0"])
    }
}
