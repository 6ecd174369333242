import ClusterTestKit
import Glibc
import Testing

/// The real keepalived on two load balancers in namespaces of their own.
@Suite(
    .serialized, .timeLimit(.minutes(5)),
    .enabled("network namespaces can't be made here: that needs root (CAP_SYS_ADMIN and CAP_NET_ADMIN)") { await NamespacePair.canBeMade() }
)
struct NamespaceTests {
    static let all = LoadBalancer.virtualAddresses

    func withLoadBalancers(
        _ settings: [String: String] = [:], _ body: (LoadBalancer, LoadBalancer) async throws -> Void
    ) async throws {
        try await withNetwork(settings) { _, one, two in try await body(one, two) }
    }

    func withNetwork(
        _ settings: [String: String] = [:], _ body: (NamespacePair, LoadBalancer, LoadBalancer) async throws -> Void
    ) async throws {
        let pair = try await NamespacePair()
        let (one, two) = (try LoadBalancer(1, pair), try LoadBalancer(2, pair))
        do {
            for balancer in [one, two] {
                try await balancer.startHAProxy()
                // Where no list of peers says who is preferred.
                let priority = settings["KEEPALIVED_PEERS"] == "" ? ["KEEPALIVED_PRIORITY": "\(160 - balancer.number)"] : [:]
                try await balancer.startWrap(settings.merging(priority) { $1 })
                // Who comes first keeps the addresses then.
                if settings["KEEPALIVED_NOPREEMPT"] != nil, balancer.number == 1 {
                    try await eventually("the first one owns the addresses") { try await one.held() == Self.all }
                }
            }
            try await owner(one, other: two, "the first of the peers owns the addresses")
            try await body(pair, one, two)
        } catch {
            await pair.remove()
            Issue.record("\(error)\n--- 1\n\(await one.log)\n--- 2\n\(await two.log)")
            return
        }
        await pair.remove()
    }

    /// Waits until one node has all addresses and the other none.
    @discardableResult
    func owner(_ owner: LoadBalancer, other: LoadBalancer, _ what: String, within: Duration = .seconds(20)) async throws -> Duration {
        let began = ContinuousClock.now
        try await eventually(within: within, what) {
            let (mine, others) = (try await owner.held(), try await other.held())
            return mine == (await owner.expected) && others == []
        }
        return ContinuousClock.now - began
    }

    @Test func theAddressesFollowHAProxy() async throws {
        try await withLoadBalancers { one, two in
            try await eventually("role and readiness") { try await one.health("--role").output.contains("leader") }
            try await eventually("readiness") { try await one.health("--ready").code == 0 }
            try await eventually("the standby") { try await two.health("--role").output.contains("standby") }

            await one.killHAProxy()
            let took = try await owner(two, other: one, "the other takes over where HAProxy died")
            print("VIP after HAProxy's death: \(took)")
            try await eventually("the first is not ready") { try await one.health("--ready").code == 1 }

            try await one.startHAProxy()
            try await owner(one, other: two, "the first takes the addresses back")
        }
    }

    @Test func theAddressesMoveOnStop() async throws {
        try await withLoadBalancers { one, two in
            let stopped = Task { await one.stopWrap() }
            let took = try await owner(two, other: one, "the other takes over on stop")
            print("VIP after a stop: \(took)")
            #expect(await stopped.value == 0)
            #expect(try await one.held() == [])
        }
    }

    @Test func nothingIsLeftAfterKill9() async throws {
        try await withLoadBalancers { one, two in
            let began = ContinuousClock.now
            try await one.killAll()
            try await eventually("the other takes over from a lost node") { try await two.held() == Self.all }
            print("VIP after a node's loss: \(ContinuousClock.now - began)")
            #expect(try await one.held() == Self.all, "the killed keepalived could not tidy up: the test proves nothing else")

            // HAProxy is dead there, so it must not own the addresses again, only lose them.
            await one.killHAProxy()
            try await one.startWrap()
            try await owner(two, other: one, "the restarted entrypoint removes what was left")
            try await eventually("keepalived runs again") { try await one.health("--live").code == 0 }
            #expect(await one.log.contains("removed a virtual address that keepalived left"))
        }
    }

    @Test func aKilledVRRPProcessLeavesNothing() async throws {
        try await withLoadBalancers { one, two in
            let before = try await one.vrrpPID()
            try await one.killVRRP()
            try await eventually("keepalived was restarted") { try await one.vrrpPID() != before }
            try await owner(one, other: two, "the first owns the addresses again")
            #expect(await one.wrapIsRunning)
            #expect(await one.stopWrap() == 0)
            #expect(try await one.held() == [])
        }
    }

    @Test func aPausedKeepalivedIsReplaced() async throws {
        try await withLoadBalancers { one, two in
            try await one.signal(SIGSTOP, all: false)
            let took = try await owner(two, other: one, "the other takes over, and the paused one has none")
            print("VIP after a pause of keepalived: \(took)")
            try await owner(one, other: two, "a new keepalived owns them again")
            #expect(await one.log.contains("ended keepalived and removed the virtual addresses"))
        }
    }

    @Test func aPausedNodeLosesItsAddresses() async throws {
        try await withLoadBalancers(["KEEPALIVED_ADDRESS_LEASE": "3s"]) { one, two in
            try await one.signal(SIGSTOP, all: true)
            let took = try await owner(two, other: one, "the kernel takes the addresses of a node back where nothing runs")
            print("VIP after a pause of all: \(took)")
            try await one.signal(SIGCONT, all: true)
            try await owner(one, other: two, "it owns them again when it runs again")
        }
    }

    @Test func aPausedNodeThatComesBackSettlesAtOnce() async throws {
        try await withLoadBalancers { one, two in
            try await one.signal(SIGSTOP, all: true)
            try await eventually("the other takes over") { try await two.held() == Self.all }
            try await one.signal(SIGCONT, all: true)
            let took = try await owner(one, other: two, "one of them gives up")
            print("both after a pause: \(took)")
        }
    }

    @Test func anIsolatedNodeThatComesBackSettlesAtOnce() async throws {
        try await withNetwork { pair, one, two in
            try await pair.isolate(1, true)
            try await eventually("the other takes over") { try await two.held() == Self.all }
            #expect(try await one.held() == Self.all)
            try await pair.isolate(1, false)
            let took = try await owner(one, other: two, "one of them gives up")
            print("both after an isolation: \(took)")
        }
    }

    @Test func aKilledEntrypointLeavesNothing() async throws {
        try await withLoadBalancers { one, two in
            await one.killWrap()
            let took = try await owner(two, other: one, "the other takes over, and nothing is left")
            print("VIP after the entrypoint was killed: \(took)")
        }
    }

    /// The route of the network is the node's own address's: bounding a virtual address must not bound it.
    @Test func theNetworkStaysWhenTheAddressesLeave() async throws {
        try await withNetwork(["KEEPALIVED_ADDRESS_LEASE": "3s"]) { pair, one, two in
            let end = ContinuousClock.now + .seconds(5)
            while ContinuousClock.now < end { #expect(try await one.held() == Self.all) }
            let routes = { try await command(["ip", "-n", pair.names[0], "-6", "route", "show", "fd00:18:7::/64"], pair.directory).output }
            let before = try await routes()
            #expect(before.contains("veth1") && !before.contains("expires"))
            #expect(await one.stopWrap() == 0)
            let after = try await routes()
            #expect(after.contains("veth1"))
        }
    }

    @Test func multicastServesBothFamilies() async throws {
        try await withLoadBalancers(["KEEPALIVED_PEERS": ""]) { one, two in
            await one.killHAProxy()
            try await owner(two, other: one, "the other takes over where HAProxy died")
        }
    }

    @Test func version2WithItsPassword() async throws {
        let settings = [
            "KEEPALIVED_VIRTUAL_IPS": "198.18.7.100/24", "KEEPALIVED_VRRP_VERSION": "2", "KEEPALIVED_PASSWORD": "s3al.d",
            "KEEPALIVED_PEERS": "198.18.7.1,198.18.7.2",
        ]
        try await withLoadBalancers(settings) { one, _ in
            try await eventually("the role") { try await one.health("--role").output.contains("leader") }
            #expect(await one.log.contains("s3al.d") == false)
        }
    }

    @Test func withNopreemptTheOwnerStays() async throws {
        try await withLoadBalancers(["KEEPALIVED_NOPREEMPT": "true"]) { one, two in
            await one.killHAProxy()
            try await owner(two, other: one, "the other takes over where HAProxy died")
            try await one.startHAProxy()
            try await eventually("the first is ready again") { try await one.health("--ready").code == 0 }
            // A take-over would come within four adverts, a second.
            let end = ContinuousClock.now + .milliseconds(2500)
            while ContinuousClock.now < end { #expect(try await two.held() == Self.all) }
        }
    }

    @Test(
        arguments: [
            (["KEEPALIVED_VRID": "300"], 78, "KEEPALIVED_VRID: '300' is not allowed; expected a whole number, 1–255"),
            (["KEEPALIVED_PASSWORD_FILE": "/nonexistent/secret"], 78, "does not exist: create the file or correct the path"),
            (["KEEPALIVED_TEMPLATE": "/nonexistent/template"], 78, "correct KEEPALIVED_TEMPLATE"),
            (["KEEPALIVED_BINARY": "/nonexistent/keepalived"], 78, "install keepalived, or give KEEPALIVED_BINARY"),
        ] as [([String: String], Int32, String)])
    func badInputEndsWithOneMessage(settings: [String: String], status: Int32, message: String) async throws {
        let pair = try await NamespacePair()
        let one = try LoadBalancer(1, pair)
        try await one.startWrap(settings)
        #expect(await one.waitForWrap() == status)
        #expect(await one.log.contains(message))
        #expect(await one.hasConfiguration == false)
        await pair.remove()
    }

    @Test func withoutItsCapabilitiesItSaysSo() async throws {
        let pair = try await NamespacePair()
        let one = try LoadBalancer(1, pair)
        try await one.startWrap(with: ["setpriv", "--bounding-set", "-net_admin", "--inh-caps", "-net_admin"])
        #expect(await one.waitForWrap() == 78)
        #expect(await one.log.contains("keepalived needs CAP_NET_ADMIN, which this process lacks"))
        await pair.remove()
    }

    @Test func wrongConfigurationIsRefusedBeforeItIsInPlace() async throws {
        let pair = try await NamespacePair()
        let one = try LoadBalancer(1, pair)
        let template = try pair.directory.write("bad.mustache", "vrrp_instance x {\n    nonsense {{version}}\n}\n")
        try await one.startWrap(["KEEPALIVED_TEMPLATE": template])
        #expect(await one.waitForWrap() == 65)
        #expect(await one.log.contains("refuses the new"))
        #expect(await one.hasConfiguration == false)
        #expect(try await one.held() == [])
        await pair.remove()
    }
}
