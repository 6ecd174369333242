import ClusterCore
import ClusterTestKit
import Entrypoint
import JSON
import Settings
import Testing

@testable import zookeeper_init

@Suite struct PlanTests {
    static func facts(_ change: (inout ZooKeeperFacts) -> Void = { _ in }) -> ZooKeeperFacts {
        let host = HostFacts(
            hostname: "m1.example.test", addresses: ["127.0.0.1", "10.0.0.1", "fd00::1"], executableDirectory: "/usr/local/bin", uid: 900)
        var facts = ZooKeeperFacts(
            host: host, java: "/usr/bin/java", classPath: ["/usr/share/java/zookeeper.jar", "/usr/share/java/log4j-1.2.jar"],
            logging: .log4j)
        change(&facts)
        return facts
    }

    static func plan(_ environment: [String: String], facts: ZooKeeperFacts = facts()) throws -> LaunchPlan {
        let settings = try SettingsLoader(schema: ZooKeeperInit.schema.withCommonSettings).load(environment: environment)
        return try ZooKeeperInit.plan(settings, facts: facts)
    }

    static func reasons(_ environment: [String: String], facts: ZooKeeperFacts = facts()) throws -> [String] {
        do {
            _ = try plan(environment, facts: facts)
            return []
        } catch let refusal as PlanRefusal {
            return refusal.reasons
        }
    }

    @Test func theOriginalImagesVariablesMakeAnEnsemble() throws {
        let plan = try Self.plan(["SERVERS": "10.0.0.1,10.0.0.2,10.0.0.3", "MYID": "1"])
        #expect(GoldenFile("original-image.txt").difference(from: plan.text) == nil)
    }

    @Test func everythingSet() throws {
        let facts = Self.facts { facts in
            facts.classPath = ["/opt/zookeeper/lib/zookeeper-3.9.2.jar", "/opt/zookeeper/lib/logback-classic-1.2.13.jar"]
            facts.logging = .logback
            facts.resolved = ["zoo1": ["10.0.0.1"], "zoo2": ["10.0.0.2"]]
        }
        let plan = try Self.plan(
            [
                "ZOO_SERVERS": "server.3=zoo1:2889:3889;2181 server.5=zoo2:2889:3889:participant server.7=[fd00::7]:2889:3889",
                "NODE_ADDRESS": "10.0.0.1", "ZOO_DATA_LOG_DIR": "/var/log/zookeeper", "ZOO_CLIENT_PORT": "2182", "ZOO_TICK_TIME": "500ms",
                "ZOO_HEAP_SIZE": "1024", "ZOO_JVM_FLAGS": "-XX:+UseSerialGC -Da=b", "ZOO_LOG_LEVEL": "warn",
            ], facts: facts)
        #expect(GoldenFile("everything.txt").difference(from: plan.text) == nil)
    }

    @Test func aSingleServerNeedsNoSettings() throws {
        #expect(GoldenFile("single.txt").difference(from: try Self.plan([:]).text) == nil)
    }

    @Test func theMemberListDecidesTheID() throws {
        let list = "10.0.0.3,10.0.0.1,10.0.0.2"
        #expect(try Self.plan(["SERVERS": list]).files[0].content == "2\n")
        #expect(try Self.plan(["SERVERS": list, "NODE_ADDRESS": "10.0.0.2", "ZOO_LISTEN_ON_ALL": "true"]).files[0].content == "3\n")
        #expect(try Self.plan(["SERVERS": "127.0.1.1,127.0.1.2,127.0.1.3", "NODE_ADDRESS": "127.0.1.2"]).files[0].content == "2\n")
        // By name, where it resolves to this node.
        let facts = Self.facts { $0.resolved = ["a": ["10.0.0.8"], "b": ["10.0.0.1"], "c": ["10.0.0.7"]] }
        #expect(try Self.plan(["SERVERS": "a,b,c"], facts: facts).files[0].content == "2\n")
        #expect(try Self.plan(["SERVERS": "x,m1.example.test,y"]).files[0].content == "2\n")
    }

    @Test(arguments: [
        (["SERVERS": "10.0.0.5,10.0.0.6,10.0.0.7"], ["none of ZOO_SERVERS (10.0.0.5, 10.0.0.6, 10.0.0.7) is this node"]),
        (["SERVERS": "10.0.0.1,127.0.0.1,10.0.0.3"], ["members 1 (10.0.0.1) and 2 (127.0.0.1) are both this node"]),
        (["SERVERS": "10.0.0.1,10.0.0.2,10.0.0.3", "MYID": "2"], ["ZOO_MY_ID is 2 (10.0.0.2), but by its address this node is member 1"]),
        (["SERVERS": "10.0.0.1,10.0.0.2,10.0.0.3", "MYID": "4"], ["ZOO_MY_ID is 4, but ZOO_SERVERS has no member 4"]),
        (
            ["SERVERS": "10.0.0.1,10.0.0.2"],
            ["has 2 members, and an even number stands no more failures than 1: 2 of 2 must answer; use 1 or 3"]
        ),
        (["SERVERS": "10.0.0.1,10.0.0.2,10.0.0.3,10.0.0.4"], ["use 3 or 5"]),
        (["SERVERS": "10.0.0.1,10.0.0.2,10.0.0.2"], ["names 10.0.0.2:2888 twice"]),
        (["SERVERS": "server.1=10.0.0.1:2888:3888,10.0.0.2,10.0.0.3"], ["some members as server.N= and others without"]),
        (["SERVERS": "server.1=10.0.0.1:1:2,server.1=10.0.0.2:1:2,server.2=10.0.0.3:1:2"], ["two members with id 1"]),
    ])
    func aListThatIsWrongIsRefused(environment: [String: String], expected: [String]) throws {
        let reasons = try Self.reasons(environment)
        for text in expected { #expect(reasons.contains { $0.contains(text) }, "\(reasons)") }
    }

    @Test func aPlaceWhereTheOthersCannotReachItIsRefused() throws {
        let list = "10.0.0.1,10.0.0.2,10.0.0.3"
        #expect(
            try Self.reasons(["SERVERS": list, "NODE_ADDRESS": "10.0.0.2"]) == [
                "NODE_ADDRESS 10.0.0.2 is not an address of this host (127.0.0.1, 10.0.0.1, fd00::1): correct it, or set "
                    + "ZOO_LISTEN_ON_ALL=true where it is translated to one of them"
            ])
        // Debian's installer gives the host's own name to 127.0.1.1.
        let facts = Self.facts { $0.resolved = ["m1.example.test": ["127.0.1.1"], "m2": ["10.0.0.2"], "m3": ["10.0.0.3"]] }
        let names = ["SERVERS": "m1.example.test,m2,m3"]
        #expect(try Self.reasons(names, facts: facts).first?.hasPrefix("m1.example.test is 127.0.1.1 on this host") == true)
        #expect(try Self.reasons(names.merging(["NODE_ADDRESS": "10.0.0.1", "MYID": "1"]) { $1 }, facts: facts).isEmpty)
    }

    @Test func allReasonsAreGivenAtOnce() throws {
        let facts = Self.facts { facts in
            facts.java = nil
            facts.classPath = []
            facts.recordedID = 3
        }
        let reasons = try Self.reasons(["SERVERS": "10.0.0.1,10.0.0.2"], facts: facts)
        #expect(reasons.count == 4, "\(reasons)")
        #expect(reasons.contains { $0.contains("this node is member 1, but its data directory is that of member 3") })
        #expect(reasons.contains { $0.contains("there is no Java") } && reasons.contains { $0.contains("there is no ZooKeeper") })
    }

    @Test func aMemberListMayChangeOnlyWithAMajority() throws {
        func members(_ hosts: [String]) -> [Member] {
            hosts.enumerated().map { Member(id: $0 + 1, host: "10.0.0.\($1)", peerPort: 2888, electionPort: 3888) }
        }
        func refused(_ old: [String], _ new: [String]) throws -> Bool {
            let facts = Self.facts { $0.recordedMembers = members(old) }
            return try !Self.reasons(["SERVERS": new.map { "10.0.0.\($0)" }.joined(separator: ",")], facts: facts).isEmpty
        }
        #expect(try !refused(["1", "2", "3"], ["1", "2", "3"]))
        #expect(try !refused(["1", "2", "3"], ["1", "2", "4"]))
        #expect(try !refused(["1", "2", "3"], ["1", "2", "3", "4", "5"]))
        #expect(try !refused(["1", "2", "3", "4", "5"], ["1", "2", "3"]))
        #expect(try refused(["1", "2", "3"], ["1", "4", "5"]))
        #expect(try refused(["1", "2", "3"], ["1", "3", "2"]))
        #expect(try refused(["1"], ["1", "2", "3"]))
        // A single server is recorded without members.
        #expect(try refused([], ["1", "2", "3"]))
        #expect(try refused(["1", "2", "3"], []))
        #expect(try !refused([], []))
        let facts = Self.facts { $0.recordedMembers = members(["1", "2", "3"]) }
        let reasons = try Self.reasons(["SERVERS": "10.0.0.1,10.0.0.4,10.0.0.5"], facts: facts)
        #expect(
            reasons == [
                "the member list changed from 1=10.0.0.1,2=10.0.0.2,3=10.0.0.3 to 1=10.0.0.1,2=10.0.0.4,3=10.0.0.5: 1 member is kept, "
                    + "but 2 are needed for a majority of both, so data could be lost; change fewer members at a time and wait until they "
                    + "follow. Where you know that the members kept have all data and will lead, remove "
                    + "/var/lib/zookeeper/mesos-cluster-members.json on each of them"
            ])
    }

    @Test func wrongSettingsAreNamedAllAtOnce() {
        let environment = ["ZOO_CLIENT_PORT": "0", "MYID": "300", "SERVERS": "a:b", "ZOO_DATA_DIR": "data", "ZOO_TICKTIME": "1"]
        do {
            _ = try Self.plan(environment)
            Issue.record("must be refused")
        } catch {
            let text = "\(error)"
            for name in ["ZOO_CLIENT_PORT", "MYID", "SERVERS", "ZOO_DATA_DIR", "ZOO_TICKTIME"] { #expect(text.contains(name), "\(text)") }
        }
    }

    @Test func factsReadBackWhatTheyWrote() throws {
        let facts = Self.facts { facts in
            facts.resolved = ["a": ["10.0.0.8"], "b": []]
            facts.recordedID = 2
            facts.recordedMembers = [Member(id: 1, host: "a", peerPort: 1, electionPort: 2)]
        }
        #expect(try ZooKeeperFacts(json: JSON(parsing: facts.json.text())) == facts)
    }

    @Test func memberListsReadBackWhatTheyWrote() {
        for text in ["a,b,c", "a:1:2,b:1:2", "server.1=a:1:2,server.9=[fd00::1]:1:2", ""] {
            #expect(MemberList(settingText: text)?.settingText == text)
        }
        for text in ["a:1", "a:1:2:3", "server.0=a:1:2", "server.x=a", "a:0:1", "[fd00::1", "a/b", "server.256=a"] {
            #expect(MemberList(settingText: text) == nil, "\(text)")
        }
    }
}
