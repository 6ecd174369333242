import ClusterCore
import Consul
import JSON
import Testing

@testable import mesos_consul

/// A state as Mesos 1.11 writes it, reduced to what is read.
func state(_ tasks: String, slave: String = "127.0.2.1") throws -> MesosState {
    try MesosState(
        json: JSON(
            parsing: """
                {"id":"m","slaves":[{"id":"S0","hostname":"slave-1","pid":"slave(1)@\(slave):5051","active":true}],
                 "frameworks":[{"id":"F","name":"marathon","tasks":[\(tasks)]}],"orphan_tasks":[]}
                """))
}

func task(_ id: String, name: String = "web", state: String = "TASK_RUNNING", extra: String = "", ports: String = "[31000-31001]") -> String
{
    """
    {"id":"\(id)","name":"\(name)","framework_id":"F","slave_id":"S0","state":"\(state)","resources":{"ports":"\(ports)"}\(extra)}
    """
}

func desired(_ tasks: String..., rules: ServiceRules = ServiceRules()) throws -> DesiredServices {
    var view = MesosView()
    view.take(try state(tasks.joined(separator: ",")))
    return DesiredServices(try #require(view.slaves["S0"]), view, rules: rules)
}

@Suite struct DesiredServicesTests {
    private func services(_ tasks: String..., rules: ServiceRules = ServiceRules()) throws -> [ServiceRegistration] {
        var view = MesosView()
        view.take(try state(tasks.joined(separator: ",")))
        let slave = try #require(view.slaves["S0"])
        return DesiredServices(slave, view, rules: rules).services.values.filter { !$0.id.contains(":slave:") }.sorted { $0.id < $1.id }
    }

    private static let ports = """
        ,"labels":[{"key":"HAPROXY_GROUP","value":"external"},{"key":"tags","value":"a, b"},{"key":"use","value":"1"}],
        "discovery":{"visibility":"FRAMEWORK","name":"web","ports":{"ports":[
          {"number":31000,"name":"http","protocol":"tcp","labels":{"labels":[{"key":"service_port","value":"11000"}]}},
          {"number":31001,"name":"admin","protocol":"tcp","labels":{"labels":[{"key":"tags","value":"x"}]}}]}}
        """

    @Test func aTaskIsAServiceForEachPort() throws {
        let found = try services(task("web.1", extra: Self.ports))
        #expect(found.map(\.id) == ["mesos-consul:F:web.1:0", "mesos-consul:F:web.1:1", "mesos-consul:F:web.1:1:named"])
        #expect(found.map(\.name) == ["web", "web-port2", "web"])
        #expect(found.map(\.port) == [31000, 31001, 31001])
        #expect(Set(found.map(\.address)) == ["127.0.2.1"])
        #expect(found.map(\.tags) == [["a", "b", "http"], ["a", "b", "admin", "x"], ["a", "b", "admin", "x"]])
        #expect(found[0].meta["HAPROXY_GROUP"] == "external" && found[0].meta["service_port"] == "11000")
        #expect(found[0].meta["port_index"] == nil && found[1].meta["port_index"] == "1")
        // Found by DNS, and no service of its own to publish.
        #expect(found[2].meta.keys.sorted() == ["framework_id", "named_port", "slave_id", "task_id"])
        #expect(found[2].meta["named_port"] == "admin")
    }

    @Test func theLabelChoosesThePorts() throws {
        #expect(try services(task("web.1", extra: Self.ports), rules: ServiceRules(portLabel: "use")).map(\.port) == [31001, 31001])
        #expect(try services(task("web.1", extra: Self.ports), rules: ServiceRules(portLabel: "other")).count == 3)
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

    /// Names as the original cleans them.
    @Test(arguments: [
        ("web", "", "web"), ("b.a", "", "b.a"), ("My App_v2!", "", "myappv2"), ("kafka_broker", "-", "kafka-broker"), ("-x-", "", "x"),
        ("///", "", ""),
    ]) func namesAreCleaned(name: String, separator: String, cleaned: String) throws {
        #expect(ServiceName.cleaned(name, separator: separator) == cleaned)
        let rules = ServiceRules(separator: separator)
        let names = try services(task("t", name: name, ports: ""), rules: rules).filter { !$0.id.hasSuffix(":dns") }.map(\.name)
        #expect(names == (cleaned.isEmpty ? [] : [cleaned]))
    }

    /// Consul's DNS has services of one label only.
    @Test func anAppInAGroupIsAlsoFoundByOneLabel() throws {
        let label = #","labels":[{"key":"HAPROXY_GROUP","value":"external"}]"#
        let found = try services(task("1", name: "web.shop", extra: label, ports: "[31000-31000]"))
        #expect(found.map(\.name) == ["web.shop", "web--shop"] && found.map(\.port) == [31000, 31000])
        #expect(found.map { $0.meta["HAPROXY_GROUP"] } == ["external", nil])
        #expect(try services(task("1", name: "web-shop", ports: "")).map(\.name) == ["web-shop"])
    }

    @Test func aLabelGivesAnotherName() throws {
        #expect(
            try services(task("t", extra: #","labels":[{"key":"overrideTaskName","value":"Shop_1"}]"#, ports: "")).map(\.name) == ["shop1"])
    }

    @Test func filtersChooseTasks() throws {
        func names(_ rules: ServiceRules) throws -> [String] {
            Set(try services(task("1", name: "web"), task("2", name: "webapi"), task("3", name: "db-7"), rules: rules).map(\.name)).sorted()
                .filter { !$0.contains("port") }
        }
        func patterns(_ texts: String...) throws -> [Pattern] { try texts.map { try #require(Pattern($0)) } }
        #expect(try names(ServiceRules(whitelist: try patterns("^web"))) == ["web", "webapi"])
        #expect(try names(ServiceRules(blacklist: try patterns("api$", "^x"))) == ["db-7", "web"])
        #expect(try names(ServiceRules(whitelist: try patterns("^web", "\\d$"), blacklist: try patterns("api"))) == ["db-7", "web"])
        #expect(try names(ServiceRules(frameworkWhitelist: try patterns("^marathon$"))).count == 3)
        #expect(try names(ServiceRules(frameworkBlacklist: try patterns("marathon"))).isEmpty)
        #expect(try names(ServiceRules(sharedNames: try patterns("^(db)-"))) == ["db", "web", "webapi"])
        #expect(Pattern("(") == nil && Pattern("") == nil)
    }

    @Test func taskTagsAndChecksAreTheOriginals() throws {
        let extra = #","labels":[{"key":"check_http","value":"http://{host}:{port}/up"},{"key":"check_interval","value":"3s"}]"#
        let rules = ServiceRules(taskTags: [try #require(TaskTag(settingText: "eb:front")), try #require(TaskTag(settingText: "db:store"))])
        let found = try services(task("1", extra: extra, ports: "[31000-31000]"), rules: rules)
        #expect(found.map(\.tags) == [["front"]])
        #expect(
            found[0].checks.map(\.probe) == [.http(url: "http://127.0.2.1:31000/up", interval: .seconds(3), timeout: .seconds(5))])
        #expect(try desired(task("1", extra: #","labels":[{"key":"check_script","value":"true"}]"#)).problems.count == 2)
    }

    @Test func theAddressIsLookedForInOrder() throws {
        let extra = """
            ,"statuses":[{"state":"TASK_RUNNING","timestamp":1,"labels":[{"key":"Docker.NetworkSettings.IPAddress","value":"172.17.0.5"}],
            "container_status":{"network_infos":[{"ip_addresses":[{"ip_address":"10.1.2.3"}]}]}}]
            """
        func address(_ order: AddressSource...) throws -> String? {
            try services(task("1", extra: extra), rules: ServiceRules(addressOrder: order)).first?.address
        }
        #expect(try address(.mesos, .host) == "127.0.2.1")
        #expect(try address(.netinfo, .host) == "10.1.2.3")
        #expect(try address(.mesos, .docker) == "172.17.0.5")
    }

    @Test func labelsAreWhatConsulTakes() throws {
        let label =
            #","labels":[{"key":"bad key","value":"x"},{"key":"long","value":""# + String(repeating: "x", count: 513)
            + #""},{"key":"ok","value":"1"}]"#
        #expect(try services(task("a", extra: label, ports: ""))[0].meta.keys.sorted() == ["framework_id", "ok", "slave_id", "task_id"])
        #expect(try desired(task("a", extra: label)).problems.count == 4)
    }

    @Test func whatIsLeftOutIsSaidWithItsReason() throws {
        func problems(_ labels: [(String, String)]) throws -> [String] {
            let list = labels.map { #"{"key":"\#($0)","value":"\#($1)"}"# }.joined(separator: ",")
            return try desired(task("a", extra: #","labels":[\#(list)]"#, ports: "[31000-31000]")).problems
        }
        let many = try problems((10...70).map { ("l\($0)", "x") })
        #expect(many.count == 1 && many.allSatisfy { $0.contains("label l70 is beyond the first 60") })
        #expect(try problems([("consul-x", "x")]).first?.contains("begins as Consul") == true)
        #expect(try problems([("a.b", "x")]).first?.contains("other letters") == true)
    }

    @Test func slavesAndMastersAreServices() throws {
        let follower = try #require(try desired().services["mesos-consul:slave:S0"])
        #expect(follower.name == "mesos" && follower.tags == ["follower"] && follower.port == 5051)
        let leader = DesiredServices.master(.init(host: "127.0.1.1", port: 5050), isLeader: true, rules: ServiceRules())
        #expect(leader.tags == ["leader", "master"])
        let tagged = DesiredServices.master(.init(host: "127.0.1.1", port: 5050), isLeader: true, rules: ServiceRules(hostTags: ["a"]))
        #expect(tagged.tags == ["leader.a", "master.a"])
    }

    @Test func aStateThatIsNoneIsRefused() throws {
        let json = try JSON(parsing: "{}")
        #expect(throws: (any Error).self) { try MesosState(json: json) }
        #expect(throws: (any Error).self) { try MesosState(operatorState: json) }
    }

    @Test func theOperatorAPITellsTheSame() throws {
        let event = try OperatorEvent(json: subscribed([operatorAgent("S0", "127.0.2.1")], [operatorTask("web.1", slave: "S0")]))
        var view = MesosView()
        _ = view.take(event)
        let told = DesiredServices(try #require(view.slaves["S0"]), view, rules: ServiceRules())
        #expect(told.services == (try desired(task("web.1", ports: "[31000-31000]"))).services)
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
        #expect(ServiceDiff(has: map([a]), wants: map([withCheck]), rules: ServiceRules()).isEmpty)
    }

    @Test func whatIsNewOrChangedIsWrittenAndOnlyOurOwnIsRemoved() {
        var changed = a
        changed.meta = ["k": "v"]
        let foreign = ServiceRegistration(id: "consul", name: "consul")
        let master = DesiredServices.master(.init(host: "127.0.1.1", port: 5050), isLeader: true, rules: ServiceRules())
        let gone = ServiceRegistration(id: "mesos-consul:F:gone:0", name: "gone")
        let diff = ServiceDiff(has: map([a, foreign, master, gone]), wants: map([changed, b]), rules: ServiceRules())
        #expect(diff.registrations == [changed, b])
        #expect(diff.deregistrations == ["mesos-consul:F:gone:0"])
        #expect(ServiceDiff(has: map([gone]), wants: [:], rules: ServiceRules(), keeps: { _ in true }).isEmpty)
    }
}
