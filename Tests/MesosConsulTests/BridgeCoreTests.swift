import ClusterCore
import ClusterTestKit
import Consul
import JSON
import Testing

@testable import mesos_consul

@Suite struct BridgeCoreTests {
    private let rules = ServiceRules()
    private func event(_ json: JSON) throws -> OperatorEvent { try OperatorEvent(json: json) }
    private func old(_ id: String = "old", slave: String?) -> ServiceRegistration {
        ServiceRegistration(
            id: "mesos-consul:F:\(id):0", name: "web", address: "10.0.0.9", port: 1, meta: slave.map { ["slave_id": $0] } ?? [:])
    }
    private func node(_ address: String, _ services: ServiceRegistration..., isAlive: Bool = true) -> NodeServices {
        NodeServices(
            name: "node-\(address)", address: address, isAlive: isAlive,
            services: Dictionary(uniqueKeysWithValues: services.map { ($0.id, $0) }))
    }
    private let failure = ClusterError(.unavailable, "no answer")

    @Test func anAgentIsAskedOnceAndThenToldOnlyWhatIsNew() throws {
        var core = BridgeCore(rules: rules, now: .zero)
        core.take(try event(subscribed([operatorAgent("S0", "10.0.0.1")], [operatorTask("web.1", slave: "S0", state: "TASK_STAGING")])))
        let first = core.jobs(.zero)
        #expect(first.map(\.address) == ["10.0.0.1"] && first[0].known == nil && first[0].wants.count == 1)
        // It is busy: nothing is done twice.
        core.take(try event(updated("web.1", "TASK_RUNNING")))
        #expect(core.jobs(.zero).isEmpty)
        core.finished("10.0.0.1", .success(first[0].wants), .zero)
        let second = core.jobs(.zero)
        #expect(second.count == 1 && second[0].known == first[0].wants && second[0].wants.count == 2)
        core.finished("10.0.0.1", .success(second[0].wants), .zero)
        #expect(core.jobs(.zero).isEmpty && core.serviceCount == 2)
        core.take(try event(updated("web.1", "TASK_KILLED")))
        #expect(core.jobs(.zero).map(\.wants.count) == [1])
    }

    @Test func aFailingAgentIsTriedAgainLaterAndLater() throws {
        var core = BridgeCore(rules: rules, now: .zero)
        core.take(try event(subscribed([operatorAgent("S0", "10.0.0.1"), operatorAgent("S1", "10.0.0.2")], [])))
        var now = Duration.zero
        var delays: [Duration] = []
        for _ in 0..<5 {
            _ = core.jobs(now)
            core.finished("10.0.0.1", .failure(failure), now)
            core.finished("10.0.0.2", .success(core.jobs(now).first?.wants ?? [:]), now)
            let next = try #require(core.nextRetry)
            delays.append(next - now)
            now = next
        }
        #expect(delays == [.seconds(1), .seconds(2), .seconds(4), .seconds(8), .seconds(8)])
        #expect(core.agentProblems.keys.sorted() == ["10.0.0.1"])
    }

    @Test func whatADeadAgentOughtNotToHaveIsTakenOutOfTheCatalog() throws {
        var core = BridgeCore(rules: rules, limits: .init(deadAfter: .seconds(10)), now: .zero)
        core.take(try event(subscribed([operatorAgent("S0", "10.0.0.1")], [operatorTask("web.1", slave: "S0")])))
        let job = try #require(core.jobs(.zero).first)
        core.finished("10.0.0.1", .success(job.wants), .zero)
        let listed = NodeServices(name: "n1", address: "10.0.0.1", isAlive: false, services: job.wants)
        core.take([listed])
        #expect(core.jobs(.zero).isEmpty)
        // Mesos gives the slave up, and its agent does not answer.
        core.take(try event(["type": "AGENT_REMOVED", "agent_removed": ["agent_id": ["value": "S0"]]]))
        #expect(core.jobs(.seconds(1)).map(\.wants.count) == [0])
        core.finished("10.0.0.1", .failure(failure), .seconds(2))
        core.take([listed])
        #expect(core.removals(.seconds(11)).isEmpty)
        #expect(core.removals(.seconds(12)).map(\.service) == job.wants.keys.sorted())
        core.take([NodeServices(name: "n1", address: "10.0.0.1", isAlive: false, services: [:])])
        #expect(core.removals(.seconds(20)).isEmpty && core.agentProblems.isEmpty)
    }

    /// Who is cut off shall not fight the new leader's bridge with what was so before.
    @Test(arguments: [false, true]) func aSilentMesosLeadsToNoWrite(isLost: Bool) throws {
        var core = BridgeCore(rules: rules, limits: .init(deadAfter: .seconds(10), silence: .seconds(30)), now: .zero)
        #expect(!core.isSilent(.seconds(30)) && core.isSilent(.seconds(31)))
        let atFirst = core.heard(.zero)
        #expect(!atFirst)
        core.take(try event(subscribed([operatorAgent("S0", "10.0.0.1"), operatorAgent("S1", "10.0.0.2")], [])))
        let wants = Dictionary(uniqueKeysWithValues: core.jobs(.zero).map { ($0.address, $0.wants) })
        core.finished("10.0.0.1", .success(wants["10.0.0.1"] ?? [:]), .zero)
        core.finished("10.0.0.2", .failure(failure), .zero)
        // Another bridge has taken one service away and added others; one agent is silent.
        let nodes = [node("10.0.0.1", old("new", slave: "S0")), node("10.0.0.2", old("new2", slave: "S1"), isAlive: false)]
        core.take(nodes)
        let later: Duration = isLost ? .seconds(20) : .seconds(31)
        if isLost { core.lost() }
        #expect(core.isSilent(later) && core.jobs(later).isEmpty && core.removals(later).isEmpty)

        let (again, twice) = (core.heard(later), core.heard(later))
        #expect(again && !twice)
        #expect(core.removals(later).map(\.service) == ["mesos-consul:F:new2:0"])
        let fresh = core.jobs(later)
        #expect(fresh.map(\.address) == ["10.0.0.1", "10.0.0.2"] && fresh.allSatisfy { $0.known == nil })
    }

    /// After a take-over the new master does not know all slaves yet: their services stay.
    @Test func aTakeOverDeregistersNothingThatIsAwaited() throws {
        var core = BridgeCore(rules: rules, limits: .init(silence: .seconds(3600)), now: .zero)
        core.take(try event(subscribed([operatorAgent("S0", "10.0.0.1")], [], recovered: ["S1"])))
        core.finished("10.0.0.1", .success(core.jobs(.zero)[0].wants), .zero)
        core.take([node("10.0.0.2", old(slave: "S1"))])
        #expect(core.jobs(.seconds(3600)).isEmpty && core.removals(.seconds(3600)).isEmpty)
        // It registers, its task runs.
        core.take(try event(["type": "AGENT_ADDED", "agent_added": ["agent": operatorAgent("S1", "10.0.0.2")]]))
        core.take(try event(["type": "TASK_ADDED", "task_added": ["task": operatorTask("old", slave: "S1")]]))
        let job = try #require(core.jobs(.seconds(5)).first)
        #expect(job.wants.keys.contains("mesos-consul:F:old:0"))
        #expect(!ServiceDiff(has: [:], wants: job.wants, rules: rules).isEmpty)

        // What nobody awaits is an orphan.
        core.take([node("10.0.0.3", old(slave: "S7")), node("10.0.0.4", old(slave: nil))])
        #expect(core.jobs(.seconds(6)).map(\.address) == ["10.0.0.3"])
        core.take([node("10.0.0.4", old(slave: nil))])
        #expect(core.jobs(.seconds(700)).map(\.address).contains("10.0.0.4"))
    }

    @Test func aMasterThatTellsNoRecoveredSlavesGivesThemTime() throws {
        var core = BridgeCore(rules: rules, limits: .init(grace: .seconds(60)), now: .zero)
        core.take(.subscribed(try state("")))
        _ = core.jobs(.zero)
        core.take([node("10.0.0.2", old(slave: "S1"))])
        _ = core.heard(.seconds(59))
        #expect(core.jobs(.seconds(59)).isEmpty)
        core.take([node("10.0.0.2", old(slave: "S1"))])
        #expect(core.jobs(.seconds(60)).map(\.address) == ["10.0.0.2"])
    }

    @Test func theCatalogMakesADifferentAgentBeAsked() throws {
        var core = BridgeCore(rules: rules, now: .zero)
        core.take(try event(subscribed([operatorAgent("S0", "10.0.0.1")], [operatorTask("web.1", slave: "S0")])))
        let wants = try #require(core.jobs(.zero).first).wants
        core.finished("10.0.0.1", .success(wants), .zero)
        let services = wants.merging(["consul": ServiceRegistration(id: "consul", name: "consul")]) { $1 }
        core.take([NodeServices(name: "n", address: "10.0.0.1", isAlive: true, services: services)])
        #expect(core.jobs(.zero).isEmpty)
        core.take([NodeServices(name: "n", address: "10.0.0.1", isAlive: true, services: ["consul": services["consul"]!])])
        #expect(core.jobs(.zero).map { $0.known == nil } == [true])
    }

    /// A model Mesos and model agents, some of which fail at times: when all is quiet, each agent has what it ought to have and nothing
    /// else of ours, nothing of others was touched, and nothing more is written.
    @Test(arguments: 1...60 as ClosedRange<UInt64>) func historiesEndInAgreement(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var model = Model(seed: seed)
        for _ in 0..<300 { try model.step(&random) }
        try model.settle()
        #expect(model.wrong == [], "seed \(seed)")
        let writes = model.writes
        try model.settle()
        #expect(model.writes == writes, "seed \(seed): written though equal")
        #expect(model.busiest <= 1, "seed \(seed): an agent had two jobs at a time")
    }
}

/// Slaves with their agents, and a bridge whose writes take their time.
private struct Model {
    let rules = ServiceRules()
    let foreign = ServiceRegistration(id: "foreign", name: "foreign")
    var core: BridgeCore
    var now = Duration.zero
    var slaves: [Int: [String: String]] = [:]
    var content: [Int: [String: ServiceRegistration]] = [:]
    var dead: Set<Int> = []
    var jobs: [AgentJob] = []
    var next = 0
    var writes = 0
    var busiest = 0

    init(seed: UInt64) {
        core = BridgeCore(rules: rules, limits: .init(deadAfter: .seconds(5), grace: .seconds(30)), now: .zero)
        for index in 0..<5 { content[index] = ["foreign": foreign] }
    }

    func address(_ index: Int) -> String { "10.0.0.\(index)" }
    func index(_ address: String) -> Int { Int(address.split(separator: ".").last ?? "") ?? 0 }
    func tell(_ core: inout BridgeCore, _ json: JSON) throws { core.take(try OperatorEvent(json: json)) }

    var snapshot: JSON {
        subscribed(
            slaves.keys.sorted().map { operatorAgent("S\($0)", address($0)) },
            slaves.sorted { $0.key < $1.key }.flatMap { slave, tasks in
                tasks.sorted { $0.key < $1.key }.map { operatorTask($0.key, slave: "S\(slave)", state: $0.value) }
            })
    }

    mutating func step(_ random: inout SeededGenerator) throws {
        now += .milliseconds(Int.random(in: 10...800, using: &random))
        let slave = Int.random(in: 0..<5, using: &random)
        switch Int.random(in: 0..<14, using: &random) {
        case 0 where slaves[slave] == nil:
            slaves[slave] = [:]
            try tell(&core, ["type": "AGENT_ADDED", "agent_added": ["agent": operatorAgent("S\(slave)", address(slave))]])
        case 1 where slaves[slave] != nil:
            slaves[slave] = nil
            try tell(&core, ["type": "AGENT_REMOVED", "agent_removed": ["agent_id": ["value": .string("S\(slave)")]]])
        case 2, 3:
            guard slaves[slave] != nil else { break }
            next += 1
            slaves[slave]?["t\(next)"] = "TASK_STAGING"
            let task = operatorTask("t\(next)", slave: "S\(slave)", state: "TASK_STAGING")
            try tell(&core, ["type": "TASK_ADDED", "task_added": ["task": task]])
        case 4, 5, 6:
            guard let id = slaves[slave]?.keys.sorted().randomElement(using: &random) else { break }
            let isEnd = slaves[slave]?[id] == "TASK_RUNNING"
            slaves[slave]?[id] = isEnd ? nil : "TASK_RUNNING"
            try tell(&core, updated(id, isEnd ? "TASK_FINISHED" : "TASK_RUNNING"))
        case 7: if !dead.insert(slave).inserted { dead.remove(slave) }
        case 8: compare()
        case 9: try tell(&core, snapshot)
        case 10:
            // Another bridge leads for a while, and this one again: it begins with nothing.
            core = BridgeCore(rules: rules, limits: .init(deadAfter: .seconds(5), grace: .seconds(30)), now: now)
            jobs = []
            try tell(&core, snapshot)
        default: work(&random)
        }
        begin()
    }

    mutating func begin() {
        _ = core.heard(now)
        jobs += core.jobs(now)
        busiest = max(busiest, Dictionary(grouping: jobs, by: \.address).values.map(\.count).max() ?? 0)
    }

    mutating func work(_ random: inout SeededGenerator) {
        guard let position = jobs.indices.randomElement(using: &random) else { return }
        perform(jobs.remove(at: position))
    }

    mutating func perform(_ job: AgentJob) {
        let slave = index(job.address)
        guard !dead.contains(slave) else {
            core.finished(job.address, .failure(ClusterError(.unavailable, "dead")), now)
            return
        }
        let has = job.known ?? content[slave] ?? [:]
        let rules = rules
        let diff = ServiceDiff(has: has, wants: job.wants, rules: rules) { job.keeper.keeps(rules.slave(of: $0)) }
        for service in diff.registrations { content[slave]?[service.id] = service }
        for id in diff.deregistrations { content[slave]?[id] = nil }
        writes += diff.registrations.count + diff.deregistrations.count
        core.finished(job.address, .success((content[slave] ?? [:]).filter { rules.owns($0.key) }), now)
    }

    mutating func compare() {
        core.take(
            content.keys.sorted().map { NodeServices(name: "n\($0)", address: address($0), isAlive: true, services: content[$0] ?? [:]) })
        for (node, service) in core.removals(now) { content[Int(node.dropFirst()) ?? 0]?[service] = nil }
    }

    /// Everything lives again, and time passes.
    mutating func settle() throws {
        dead = []
        _ = core.heard(now)
        try core.take(OperatorEvent(json: snapshot))
        for _ in 0..<6 {
            now += .seconds(40)
            _ = core.heard(now)
            compare()
            begin()
            while !jobs.isEmpty {
                perform(jobs.removeFirst())
                begin()
            }
        }
    }

    /// What is not as it ought to be.
    var wrong: [String] {
        content.keys.sorted().compactMap { slave in
            var wanted: Set<String> = ["foreign"]
            if let tasks = slaves[slave] {
                wanted.insert("mesos-consul:slave:S\(slave)")
                for (id, state) in tasks where state == "TASK_RUNNING" { wanted.insert("mesos-consul:F:\(id):0") }
            }
            let has = Set((content[slave] ?? [:]).keys)
            return has == wanted ? nil : "agent \(slave) has \(has.sorted()), wanted \(wanted.sorted())"
        }
    }
}
