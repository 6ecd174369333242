import Checks
import ClusterTestKit
import Entrypoint
import JSON
import Settings
import Testing

@testable import keepalived_wrap

struct PlanTests {
    static let facts = KeepalivedFacts(
        hostname: "lb1", interfaces: ["lo", "eth0", "eth1"],
        addresses: [
            link("lo", "127.0.0.1", 8), link("eth0", "198.18.0.31", 24), link("eth0", "fd00:18::31", 64), link("eth1", "192.0.2.7", 24),
        ], binary: "/usr/sbin/keepalived", version: "2.2.7")

    static func link(_ interface: String, _ address: String, _ length: Int) -> LinkAddress {
        LinkAddress(interface: interface, address: InternetAddress(address)!, prefixLength: length)
    }

    func settings(_ environment: [String: String]) throws -> ResolvedSettings {
        var environment = environment
        if environment["KEEPALIVED_VIRTUAL_IPS"] == nil && environment["KEEPALIVED_VIRTUAL_IP"] == nil {
            environment["KEEPALIVED_VIRTUAL_IPS"] = "198.18.0.100/24"
        }
        return try SettingsLoader(schema: Keepalived.schema.withCommonSettings).load(environment: environment)
    }

    func plan(_ environment: [String: String], facts: KeepalivedFacts = facts) throws -> LaunchPlan {
        try Keepalived.plan(try settings(environment), facts: facts)
    }

    func refusals(_ environment: [String: String], facts: KeepalivedFacts = facts) -> [String] {
        do {
            _ = try plan(environment, facts: facts)
            return []
        } catch let refusal as PlanRefusal {
            return refusal.reasons
        } catch {
            return ["\(error)"]
        }
    }

    static let both = [
        "KEEPALIVED_VIRTUAL_IPS": "198.18.0.100/24,198.18.0.101/24,fd00:18::100/64", "NODE_ADDRESS": "198.18.0.31",
        "KEEPALIVED_PEERS": "198.18.0.30,198.18.0.31,198.18.0.32,fd00:18::30,fd00:18::31,fd00:18::32", "NODE_NAME": "balancer-2",
    ]

    @Test func bothFamiliesByUnicast() throws {
        #expect(GoldenFile("both-families.plan").difference(from: try plan(Self.both).text) == nil)
    }

    @Test func theINDIGOImagesVariablesByMulticast() throws {
        let plan = try plan([
            "KEEPALIVED_VIRTUAL_IP": "172.16.50.5", "KEEPALIVED_INTERFACE": "eth1", "KEEPALIVED_PRIORITY": "150",
            "KEEPALIVED_PASSWORD": "s3al.d", "KEEPALIVED_VRRP_VERSION": "2",
        ])
        let file = try #require(plan.files.last)
        #expect(file.isSecret && file.mode == 0o600)
        #expect(!plan.text.contains("s3al.d"))
        #expect(GoldenFile("version-2.conf").difference(from: file.content) == nil)
    }

    @Test func withoutAProbeNothingIsTracked() throws {
        let plan = try plan(["KEEPALIVED_HAPROXY_PROBE": "none", "NODE_ADDRESS": "198.18.0.31"])
        #expect(plan.companions.map(\.name) == ["addresses"] && plan.files.count == 1 && !plan.files[0].content.contains("track_file"))
        #expect(!plan.checks.map(\.name).contains("haproxy"))
    }

    @Test func anOperatorsTemplateReplacesTheBuiltInOne() throws {
        var facts = Self.facts
        facts.template = "{{#instances}}{{name}} {{priority}}\n{{/instances}}"
        #expect(try plan(Self.both, facts: facts).files.last?.content == "vip_ipv4 190\nvip_ipv6 190\n")
        facts.template = "{{#instances}}\n{{nonsense}}{{/instances}}"
        #expect(
            refusals(Self.both, facts: facts) == ["KEEPALIVED_TEMPLATE:2:1: the name 'nonsense' is not known here: correct the template"])
    }

    @Test(arguments: [
        (["KEEPALIVED_PASSWORD": "s3al.d"], "VRRP version 3 has no password"),
        (["KEEPALIVED_VRRP_VERSION": "2"], "VRRP version 2 requires KEEPALIVED_PASSWORD"),
        (["KEEPALIVED_VRRP_VERSION": "2", "KEEPALIVED_PASSWORD": "x.y.z", "KEEPALIVED_ADVERT_INTERVAL": "1500ms"], "counts whole seconds"),
        (
            ["KEEPALIVED_VRRP_VERSION": "2", "KEEPALIVED_PASSWORD": "x.y.z", "KEEPALIVED_VIRTUAL_IPS": "fd00::1/64"],
            "VRRP version 2 knows no IPv6"
        ),
        (["KEEPALIVED_PASSWORD": "123456789"], "KEEPALIVED_PASSWORD: a secret value is not allowed; expected text, 1–8 characters"),
        (["KEEPALIVED_PASSWORD": "a b"], "KEEPALIVED_PASSWORD: a secret value is not allowed"),
        (["KEEPALIVED_VRID": "0"], "KEEPALIVED_VRID: '0' is not allowed; expected a whole number, 1–255"),
        (["KEEPALIVED_VRID": "256"], "KEEPALIVED_VRID: '256' is not allowed"),
        (["KEEPALIVED_PRIORITY": "255"], "KEEPALIVED_PRIORITY: '255' is not allowed"),
        (["KEEPALIVED_VIRTUAL_IPS": "198.18.0.100/33"], "KEEPALIVED_VIRTUAL_IPS: '198.18.0.100/33' is not allowed"),
        (["KEEPALIVED_VIRTUAL_IPS": "127.0.0.5/8"], "KEEPALIVED_VIRTUAL_IPS: '127.0.0.5/8' is not allowed"),
        (["KEEPALIVED_VIRTUAL_IPS": "198.18.0.100/24,198.18.0.100"], "names an address twice"),
        (["KEEPALIVED_VIRTUAL_IPS": "198.18.0.31/24"], "198.18.0.31 is a load balancer's own address"),
        (["KEEPALIVED_PEERS": "198.18.0.30,198.18.0.32"], "none of this node's addresses is in KEEPALIVED_PEERS"),
        (["KEEPALIVED_PEERS": "fd00:18::30,fd00:18::31"], "KEEPALIVED_PEERS has no IPv4 address"),
        (
            ["KEEPALIVED_PEERS": "198.18.0.30,198.18.0.31,fd00:18::31,fd00:18::30"],
            "lists this node's IPv4 and IPv6 addresses at different places"
        ),
        (
            ["KEEPALIVED_PEERS": "198.18.0.30,198.18.0.31", "KEEPALIVED_PRIORITY": "200"],
            "is what the load balancer at place 1 of KEEPALIVED_PEERS gets"
        ),
        (["KEEPALIVED_PEERS": "198.18.0.31,192.0.2.7"], "names more than one IPv4 address of this node"),
        (["KEEPALIVED_ADDRESS_LEASE": "2500ms"], "KEEPALIVED_ADDRESS_LEASE: '2500ms' is not allowed"),
        (["KEEPALIVED_INTERFACE": "eth7"], "there is no interface eth7 (KEEPALIVED_INTERFACE); this host has eth0, eth1"),
        (["KEEPALIVED_INTERFACE": "lo"], "the loopback can't hold virtual addresses"),
        (["KEEPALIVED_ADVERT_INTERVAL": "1ms"], "KEEPALIVED_ADVERT_INTERVAL: '1ms' is not allowed"),
        (["KEEPALIVED_VRPP_VERSION": "3"], "did you mean KEEPALIVED_VRRP_VERSION?"),
    ])
    func wrongSettingsAreRefused(environment: [String: String], reason: String) {
        let all = refusals(environment.merging(["NODE_ADDRESS": "198.18.0.31"]) { $1 }).joined(separator: "\n")
        #expect(all.contains(reason), "\(all)")
    }

    @Test func everyReasonIsGivenAtOnce() {
        var facts = Self.facts
        facts.binary = nil
        let reasons = refusals(
            ["KEEPALIVED_PASSWORD": "s3al.d", "NODE_ADDRESS": "198.18.0.99", "KEEPALIVED_PEERS": "198.18.0.30"], facts: facts)
        #expect(reasons.count == 4, "\(reasons)")
        #expect(reasons.contains("keepalived was not found: install keepalived, or give KEEPALIVED_BINARY"))
    }

    @Test func theInterfaceIsFound() throws {
        func interface(_ environment: [String: String], _ facts: KeepalivedFacts = Self.facts) throws -> String {
            try VRRPLayout(
                try settings(environment), nodeAddress: environment["NODE_ADDRESS"].flatMap { InternetAddress($0) }, facts: facts
            ).interface
        }
        #expect(try interface(["NODE_ADDRESS": "192.0.2.7"]) == "eth1")
        #expect(try interface(["KEEPALIVED_INTERFACE": "eth1", "NODE_ADDRESS": "198.18.0.31"]) == "eth1")
        #expect(try interface(["KEEPALIVED_PEERS": "192.0.2.7,192.0.2.8"]) == "eth1")
        #expect(try interface(["KEEPALIVED_VIRTUAL_IPS": "192.0.2.100/24"]) == "eth1")
        // What a killed keepalived left on eth1 does not count.
        var facts = Self.facts
        facts.addresses.append(Self.link("eth1", "198.18.0.100", 24))
        #expect(try interface([:], facts) == "eth0")
    }

    @Test func prioritiesFollowThePlaceInTheList() throws {
        for (index, own) in ["198.18.0.30", "198.18.0.31", "198.18.0.32"].enumerated() {
            var facts = Self.facts
            facts.addresses = [Self.link("eth0", own, 24)]
            let layout = try VRRPLayout(
                try settings(["KEEPALIVED_PEERS": "198.18.0.30,198.18.0.31,198.18.0.32"]), nodeAddress: nil, facts: facts)
            #expect(layout.priority == 200 - 10 * index)
            #expect(layout.instances[0].peers.count == 2 && !layout.instances[0].peers.map(\.description).contains(own))
            #expect(layout.instances[0].source?.description == own)
        }
    }

    @Test func factsAreReplayable() throws {
        #expect(try KeepalivedFacts(json: try JSON(parsing: Self.facts.json.text())) == Self.facts)
    }
}
