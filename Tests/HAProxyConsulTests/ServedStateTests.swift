import ClusterTestKit
import Consul
import Testing

@testable import haproxy_consul

@Suite struct ServedStateTests {
    private func table(_ instances: [ServiceInstance]) -> RouteTable { RouteTable(instances, policy: .init()) }
    private func served(_ table: RouteTable) -> ServedState { ServedState(table, generation: "g", mapPath: "/hosts.map") }
    private func web(_ number: Int, _ labels: [String: String] = [:]) -> ServiceInstance {
        instance("web", number, ["HAPROXY_0_VHOST": "web.test"].merging(labels) { $1 })
    }

    @Test func serversComeAndGoWithoutAReload() throws {
        let present = table([web(1), web(2)])
        let state = served(present)
        let change = try #require(state.change(from: present, to: table([web(2), web(3)])))
        #expect(change.hosts == nil)
        #expect(change.backends.map(\.name) == ["service_web"])
        let names = table([web(1), web(2), web(3)]).backends[0].servers
        #expect(change.backends[0].steps == [.add(names[2]), .retire(names[0].name)])
        let next = state.applying(change)
        #expect(next.hasLeaving)
        // It comes back before it could be deleted.
        let back = try #require(next.change(from: table([web(2), web(3)]), to: table([web(1), web(2), web(3)])))
        #expect(back.backends[0].steps == [.restore(names[0])])
    }

    @Test func hostNamesMoveByTheMap() throws {
        let present = table([web(1)])
        let state = served(present)
        let change = try #require(state.change(from: present, to: table([instance("web", 1, ["HAPROXY_0_VHOST": "web.test,www.test"])])))
        #expect(change.backends.isEmpty)
        #expect(change.hosts == ["web.test/": "service_web", "www.test/": "service_web"])
        #expect(RuntimeCommands(change, check: "check") == RuntimeCommands(RuntimeChange(), check: "check"))
    }

    @Test func aNewServiceOrShapeTakesAReload() {
        let present = table([web(1)])
        let state = served(present)
        #expect(state.change(from: present, to: table([web(1), instance("db", 2, ["service_port": "11000"])])) == nil)
        #expect(
            state.change(from: present, to: table([instance("web", 1, ["HAPROXY_0_VHOST": "web.test", "HAPROXY_0_PORT": "11001"])])) == nil)
    }

    @Test func aPlainNewServiceGetsASpareBackend() throws {
        let present = table([web(1)])
        let other = instance("other", 2, ["HAPROXY_0_VHOST": "other.test"])
        let change = try #require(served(present).change(from: present, to: table([web(1), other])))
        #expect(change.lent == ["other": "spare_1"])
        #expect(change.hosts == ["web.test/": "service_web", "other.test/": "spare_1"])
        let next = served(present).applying(change)
        // It stays there, and the next one gets another.
        let more = instance("more", 3, ["HAPROXY_0_VHOST": "more.test"])
        let second = try #require(next.change(from: table([web(1), other]), to: table([web(1), other, more])))
        #expect(second.lent == ["more": "spare_2"])
        #expect(second.hosts?["other.test/"] == "spare_1")
        // More new ones than spares take a reload.
        let many = (1...17).map { instance("n\($0)", $0, ["HAPROXY_0_VHOST": "n\($0).test"]) }
        #expect(next.change(from: table([web(1), other]), to: table([web(1), other] + many)) == nil)
    }

    @Test func aServiceThatGoesLeavesNoServer() throws {
        let present = table([web(1), web(2)])
        let state = served(present)
        let change = try #require(state.change(from: present, to: table([])))
        #expect(change.hosts == [:])
        #expect(change.backends[0].steps.count == 2)
        // A port would stay open: that takes a reload.
        let withPort = table([instance("db", 2, ["service_port": "11000"])])
        #expect(served(withPort).change(from: withPort, to: table([])) == nil)
    }

    @Test func commandsAddBeforeTheMapAndRetireAfterIt() throws {
        let change = try #require(served(table([web(1)])).change(from: table([web(1)]), to: table([web(2)])))
        let commands = RuntimeCommands(change, check: "check inter 5000ms")
        let new = table([web(2)]).backends[0].servers[0]
        #expect(
            commands.beforeMap == [
                "add server service_web/\(new.name) \(new.endpoint) check inter 5000ms weight 1", "enable health service_web/\(new.name)",
                "enable server service_web/\(new.name)",
            ])
        #expect(commands.afterMap == ["set server service_web/\(table([web(1)]).backends[0].servers[0].name) state maint"])
    }

    /// A model of HAProxy carries out what the reconciler asks for, with reloads and changes that fail, restarts and connections that hold
    /// servers; whatever the history, it ends up serving what Consul tells, and never a server that is gone for longer than one action.
    @Test(arguments: 1...40)
    func anyHistoryEndsInWhatConsulTells(seed: UInt64) throws { try play(seed, poison: nil) }

    /// A service that HAProxy never takes costs the others nothing, and is served once HAProxy takes it.
    @Test(arguments: 1...40)
    func aServiceThatHAProxyRefusesCostsTheOthersNothing(seed: UInt64) throws { try play(seed, poison: "s4") }

    private func play(_ seed: UInt64, poison first: String?) throws {
        var poison = first
        var random = SeededGenerator(seed: seed)
        var now = ContinuousClock.now
        let empty = table([])
        var model = ModelHAProxy(empty)
        var reconciler = Reconciler(.init(), lastGood: AcceptedView(), table: empty, served: model.state)
        var catalog: [ServiceInstance] = []
        var index: UInt64 = 10
        func settle(_ first: [Reconciler.Action], canFail: Bool) {
            var actions = first
            while !actions.isEmpty {
                var next: [Reconciler.Action] = []
                for action in actions {
                    switch action {
                    case .reload(let table):
                        now += .milliseconds(80)
                        if table.backends.contains(where: { $0.service == poison }) || canFail && Int.random(in: 0..<8, using: &random) == 0
                        {
                            next += reconciler.failed("refused", now: now)
                        } else {
                            model.reload(table)
                            next += reconciler.applied(table, model.state, now: now)
                        }
                    case .change(let change, let table):
                        now += .milliseconds(3)
                        switch canFail ? Int.random(in: 0..<10, using: &random) : 9 {
                        case 0: next += reconciler.runtimeFailed("no answer", now: now)
                        case 1:
                            model.restart()
                            next += reconciler.restarted(model.onDisk, model.state, now: now)
                        default:
                            model.apply(change, table, keepsConnections: Bool.random(using: &random))
                            next += reconciler.applied(table, model.state, now: now)
                        }
                    case .persist, .log: break
                    }
                }
                actions = next
            }
        }
        for _ in 0..<200 {
            now += .milliseconds(Int.random(in: 1...400, using: &random))
            let number = Int.random(in: 0..<12, using: &random)
            catalog.removeAll { $0.id == "web-\(number)" || $0.id == "i\(number)" }
            if Bool.random(using: &random) {
                let service = "s\(number % 5)"
                var labels = ["HAPROXY_0_VHOST": "\(service).test"]
                if poison != nil, number % 5 > 1 { labels["service_port"] = "1100\(number % 5)" }
                if number % 5 == 4 { labels["service_port"] = "11004" }
                catalog.append(instance(service, number, address: "10.0.0.\(number)", labels))
            }
            index += 1
            settle(reconciler.view(CatalogSnapshot(catalog), index: index, now: now), canFail: true)
        }
        // Then nothing changes any more: time alone must bring the rest.
        func wait() {
            for _ in 0..<100 {
                guard let wakeUp = reconciler.wakeUp else { break }
                now = max(now, wakeUp)
                settle(reconciler.tick(now: now), canFail: false)
            }
        }
        if poison != nil {
            catalog.append(instance("s4", 4, address: "10.0.0.4", ["HAPROXY_0_VHOST": "s4.test", "service_port": "11004"]))
            settle(reconciler.view(CatalogSnapshot(catalog), index: index + 1, now: now), canFail: false)
            wait()
            let others = table(catalog.filter { $0.service != "s4" })
            #expect(model.routes == ModelHAProxy(others).routes)
            #expect(reconciler.failure != nil && reconciler.table.problems.map(\.service) == ["s4"])
            poison = nil
        }
        wait()
        #expect(model.routes == ModelHAProxy(reconciler.table).routes)
        #expect(reconciler.table.backends == table(catalog).backends)
        #expect(model.state.hasLeaving == false)
        #expect(reconciler.failure == nil && reconciler.heldBack.isEmpty && reconciler.table.problems.isEmpty)
    }
}

/// What HAProxy does with reloads and changes, without its network.
private struct ModelHAProxy {
    private(set) var state: ServedState
    private(set) var onDisk: RouteTable
    private var generation = 0

    init(_ table: RouteTable) {
        onDisk = table
        state = ServedState(table, generation: "0", mapPath: "/0")
    }

    /// What clients see: the servers behind each host name, and behind each port.
    var routes: [String: Set<String>] {
        var routes: [String: Set<String>] = [:]
        for (host, backend) in state.hosts { routes[host] = Set((state.backends[backend]?.serving ?? [:]).keys) }
        for backend in state.backends.values { for port in backend.shape.ports { routes[":\(port)"] = Set(backend.serving.keys) } }
        return routes
    }

    mutating func reload(_ table: RouteTable) {
        onDisk = table
        restart()
    }

    mutating func restart() {
        generation += 1
        state = ServedState(onDisk, generation: "\(generation)", mapPath: "/\(generation)")
    }

    mutating func apply(_ change: RuntimeChange, _ table: RouteTable, keepsConnections: Bool) {
        state = state.applying(change)
        onDisk = table
        guard !keepsConnections else { return }
        for part in change.backends {
            for case .delete(let name) in part.steps { state.backends[part.name]?.leaving.remove(name) }
        }
    }
}
