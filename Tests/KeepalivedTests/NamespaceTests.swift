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

    func withLoadBalancers(_ body: (LoadBalancer, LoadBalancer) async throws -> Void) async throws {
        let pair = try await NamespacePair()
        let (one, two) = (try LoadBalancer(1, pair), try LoadBalancer(2, pair))
        do {
            for balancer in [one, two] {
                try await balancer.startHAProxy()
                try await balancer.startWrap()
            }
            try await owner(one, other: two, "the first of the peers owns the addresses")
            try await body(one, two)
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
            return mine == Self.all && others == []
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

    @Test func wrongConfigurationIsRefusedBeforeItIsInPlace() async throws {
        let pair = try await NamespacePair()
        let one = try LoadBalancer(1, pair)
        let template = try pair.directory.write("bad.mustache", "vrrp_instance x {\n    nonsense {{version}}\n}\n")
        try await one.startWrap(["KEEPALIVED_TEMPLATE": template])
        try await eventually("the entrypoint ends") { await !one.wrapIsRunning }
        #expect(await one.log.contains("refuses the new"))
        #expect(try await one.held() == [])
        await pair.remove()
    }
}
