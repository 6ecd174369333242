import Checks
import Consul
import Testing

@testable import haproxy_consul

@Suite struct ReconcilerTests {
    private let start = ContinuousClock.now
    private func at(_ seconds: Double) -> ContinuousClock.Instant { start + .milliseconds(Int(seconds * 1000)) }

    private func services(_ range: Range<Int>) -> [ServiceInstance] {
        range.map { instance("s\($0)", $0, ["HAPROXY_0_VHOST": "s\($0).test"]) }
    }
    /// Services that take a reload each, since they have ports.
    private func withPorts(_ range: Range<Int>) -> [ServiceInstance] {
        range.map { instance("s\($0)", $0, ["HAPROXY_0_PORT": "\(11000 + $0)"]) }
    }
    private func view(_ instances: [ServiceInstance]) -> CatalogSnapshot { CatalogSnapshot(instances) }
    private func reloads(_ actions: [Reconciler.Action]) -> [RouteTable] {
        actions.compactMap { if case .reload(let table) = $0 { table } else { nil } }
    }
    /// What was asked of HAProxy, one way or the other.
    private func tables(_ actions: [Reconciler.Action]) -> [RouteTable] {
        actions.compactMap { action in
            switch action {
            case .reload(let table), .change(_, let table): table
            case .persist, .log: nil
            }
        }
    }
    private func names(_ reconciler: Reconciler) -> Int { reconciler.table.backends.reduce(0) { $0 + $1.servers.count } }

    /// A reconciler that serves these.
    private func serving(_ instances: [ServiceInstance], index: UInt64 = 100) throws -> Reconciler {
        let empty = RouteTable([], policy: .init())
        var reconciler = Reconciler(.init(), lastGood: AcceptedView(), table: empty, served: served(empty))
        let table = try #require(tables(reconciler.view(view(instances), index: index, now: at(-100))).first)
        _ = reconciler.applied(table, served(table), now: at(-99))
        return reconciler
    }

    private func served(_ table: RouteTable) -> ServedState {
        ServedState(table, generation: "\(table.backends.hashValue)", mapPath: "/hosts.map")
    }

    @Test func theFirstChangeIsServedAtOnceAndTheNextOnesTogether() throws {
        var reconciler = try serving(withPorts(0..<1))
        let first = reloads(reconciler.view(view(withPorts(0..<2)), index: 101, now: at(0)))
        #expect(first.count == 1)
        // While the reload runs, and shortly after it, changes gather.
        #expect(reloads(reconciler.view(view(withPorts(0..<3)), index: 102, now: at(0.01))).isEmpty)
        #expect(reloads(reconciler.applied(first[0], served(first[0]), now: at(0.02))).isEmpty)
        #expect(reloads(reconciler.view(view(withPorts(0..<4)), index: 103, now: at(0.03))).isEmpty)
        let wakeUp = try #require(reconciler.wakeUp)
        #expect(wakeUp == at(0.17))
        let second = reloads(reconciler.tick(now: wakeUp))
        #expect(second.first?.backends.count == 4)
        _ = reconciler.applied(second[0], served(second[0]), now: at(0.2))
        // The same again: nothing to do.
        #expect(tables(reconciler.view(view(withPorts(0..<4)), index: 104, now: at(9))).isEmpty)
        #expect(reconciler.wakeUp == nil)
    }

    @Test func aFailedReloadIsTriedAgain() throws {
        var reconciler = try serving(withPorts(0..<1))
        _ = reconciler.view(view(withPorts(0..<2)), index: 101, now: at(0))
        _ = reconciler.failed("refused", now: at(0.1))
        #expect(reconciler.failure == "refused")
        #expect(reconciler.servedTable.backends.count == 1)
        let wakeUp = try #require(reconciler.wakeUp)
        let again = reloads(reconciler.tick(now: wakeUp))
        _ = reconciler.applied(try #require(again.first), served(again[0]), now: wakeUp)
        #expect(reconciler.failure == nil)
    }

    /// A dead server goes at once, though HAProxy refuses a new service.
    @Test func aRefusedReloadHoldsBackOnlyWhatIsNew() throws {
        let web = [instance("web", 1, ["HAPROXY_0_VHOST": "web.test"]), instance("web", 2, ["HAPROXY_0_VHOST": "web.test"])]
        var reconciler = try serving(web)
        _ = reconciler.view(view(web + withPorts(0..<1)), index: 101, now: at(0))
        let told = reconciler.failed("refused", now: at(0.1))
        #expect(tables(told).isEmpty)
        #expect(reconciler.table.problems.map(\.service) == ["s0"])
        let less = reconciler.view(view([web[0]] + withPorts(0..<1)), index: 102, now: at(0.2))
        #expect(reloads(less).isEmpty)
        #expect(tables(less).first?.backends.map(\.servers.count) == [1])
        _ = reconciler.applied(tables(less)[0], try #require(reconciler.served), now: at(0.3))
        // A change of the service itself is tried at once.
        let other = [instance("s0", 0, ["HAPROXY_0_PORT": "12000"])]
        #expect(reloads(reconciler.view(view([web[0]] + other), index: 103, now: at(0.4))).count == 1)
    }

    /// A port that another process has taken meanwhile is looked for when a reload has failed.
    @Test func aFailedReloadLooksForBusyPortsAgain() throws {
        var reconciler = try serving(services(0..<1))
        _ = reconciler.view(view(services(0..<1) + withPorts(1..<2)), index: 101, now: at(0))
        _ = reconciler.failed("refused", busyPorts: { _ in [11001: "(another process listens there)"] }, now: at(0.1))
        #expect(reconciler.table.problems.contains { $0.text.contains("port 11001 is in use") })
    }

    /// All load balancers refuse the same: none may give up its address for it.
    @Test func aRefusedReloadGatesNoReadiness() async throws {
        var reconciler = try serving(withPorts(0..<1))
        _ = reconciler.view(view(withPorts(0..<2)), index: 101, now: at(0))
        _ = reconciler.failed("refused", now: at(0.1))
        var failing: [String] = []
        for check in LoadBalancerState.routeChecks(hasLastGood: true, { [reconciler] in reconciler }) {
            guard case .fail(let reason) = await check.run() else { continue }
            #expect(check.gates.isEmpty, "\(check.name)")
            #expect(reason.contains("refused"))
            failing.append(check.name)
        }
        #expect(failing == ["reload"])
    }

    @Test func silenceChangesNothing() throws {
        var reconciler = try serving(services(0..<5))
        #expect(reconciler.consulFailed("refused", now: at(0)) == [.log(.consulLost("refused"))])
        #expect(reconciler.consulFailed("refused", now: at(1)).isEmpty)
        #expect(names(reconciler) == 5)
        #expect(reconciler.view(view(services(0..<5)), index: 101, now: at(60)) == [.log(.consulBack(after: .seconds(60)))])
    }

    @Test func aMassLossMustLast() throws {
        var reconciler = try serving(services(0..<10))
        #expect(tables(reconciler.view(view(services(0..<3)), index: 101, now: at(0))).isEmpty)
        #expect(names(reconciler) == 10)
        // What is new is served meanwhile.
        let more = tables(reconciler.view(view(services(0..<3) + services(20..<21)), index: 102, now: at(1)))
        #expect(more.first?.backends.count == 11)
        _ = reconciler.applied(more[0], served(more[0]), now: at(1))
        // Back in time: never mind.
        var back = reconciler
        _ = back.view(view(services(0..<10) + services(20..<21)), index: 103, now: at(2))
        #expect(back.holdReason == nil && names(back) == 11)
        // Not back: believed without further news.
        #expect(reconciler.wakeUp == at(10))
        let less = tables(reconciler.tick(now: at(10)))
        #expect(less.first?.backends.count == 4)
    }

    @Test func aSmallLossIsBelievedAtOnce() throws {
        var reconciler = try serving(services(0..<3))
        #expect(tables(reconciler.view(view([]), index: 101, now: at(0))).first?.backends.isEmpty == true)
        var many = try serving(services(0..<100))
        #expect(tables(many.view(view(services(0..<60)), index: 101, now: at(0))).first?.backends.count == 60)
    }

    @Test func anEmptyCatalogAfterARestartTakesNoRoute() throws {
        var reconciler = try serving(services(0..<20), index: 5000)
        _ = reconciler.consulFailed("refused", now: at(0))
        // Back at a lower index, empty for 80 s, then refilled little by little.
        for second in stride(from: 5.0, to: 85, by: 5) {
            #expect(tables(reconciler.view(view([]), index: UInt64(second), now: at(second))).isEmpty)
        }
        #expect(names(reconciler) == 20)
        _ = reconciler.view(view(services(0..<19)), index: 200, now: at(90))
        #expect(names(reconciler) == 20)
        _ = reconciler.view(view(services(0..<20)), index: 201, now: at(91))
        #expect(reconciler.held == 0)
        // From now on a loss is a loss.
        #expect(tables(reconciler.view(view(services(0..<19)), index: 202, now: at(92))).count == 1)
    }

    @Test func whatIsNeverRegisteredAgainGoesInTheEnd() throws {
        var reconciler = try serving(services(0..<20), index: 5000)
        _ = reconciler.view(view(services(0..<10)), index: 7, now: at(0))
        #expect(names(reconciler) == 20)
        let wakeUp = try #require(reconciler.wakeUp)
        #expect(wakeUp == at(300))
        let table = try #require(tables(reconciler.tick(now: wakeUp)).first ?? tables(reconciler.tick(now: wakeUp + .seconds(10))).first)
        #expect(table.backends.count == 10)
    }

    @Test func aMovedInstanceReplacesItself() throws {
        var reconciler = try serving(services(0..<2))
        var moved = services(0..<2)
        moved[0] = instance("s0", 0, address: "10.9.9.9", ["HAPROXY_0_VHOST": "s0.test"])
        let table = try #require(tables(reconciler.view(view(moved), index: 101, now: at(0))).first)
        #expect(table.backends[0].servers.map(\.address) == ["10.9.9.9"])
    }

    @Test func theAcceptedViewSurvivesTheDisk() throws {
        var reconciler = try serving(services(0..<3) + [instance("db", 9, health: .critical, ["service_port": "11000"])])
        _ = reconciler.view(view(services(0..<2)), index: 101, now: at(0))
        let view = reconciler.accepted
        #expect(try AcceptedView(json: view.json) == view)
    }
}
