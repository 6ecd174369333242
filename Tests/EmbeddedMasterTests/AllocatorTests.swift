import Mesos
import Testing

@testable import EmbeddedMesos

@Suite struct AllocatorTests {
    private func candidate(_ id: String, _ allocated: Resources = Resources([]), weight: Double = 1, gpus: Bool = true)
        -> Allocator.Candidate
    {
        .init(frameworkID: id, role: "*", allocated: allocated, weight: weight, takesGPUs: gpus)
    }
    private let total = Resources(cpus: 8, mem: 8192)

    @Test func `who has the smallest dominant share is offered first`() {
        let grants = Allocator().allocate(
            [.init(agentID: "S0", available: Resources(cpus: 4, mem: 4096))],
            to: [candidate("cpu", Resources(cpus: 4)), candidate("mem", Resources(mem: 3000))], total: total)
        #expect(grants.map(\.frameworkID) == ["mem"])
    }

    @Test func `agents are shared between equals`() {
        let supplies = ["S0", "S1"].map { Allocator.Supply(agentID: $0, available: Resources(cpus: 4, mem: 4096)) }
        let grants = Allocator().allocate(supplies, to: [candidate("a"), candidate("b")], total: total)
        #expect(Set(grants.map(\.frameworkID)) == ["a", "b"])
    }

    @Test func `a weight counts`() {
        let grants = Allocator().allocate(
            [.init(agentID: "S0", available: Resources(cpus: 4, mem: 4096))],
            to: [candidate("light", Resources(cpus: 1)), candidate("heavy", Resources(cpus: 2), weight: 4)], total: total)
        #expect(grants.map(\.frameworkID) == ["heavy"])
    }

    @Test func `what one refused goes to another, and more than was refused is offered again`() {
        var allocator = Allocator()
        allocator.refuse(Resources(cpus: 4, mem: 4096), frameworkID: "a", role: "*", agentID: "S0", until: 10)
        let supply = Allocator.Supply(agentID: "S0", available: Resources(cpus: 4, mem: 4096))
        #expect(allocator.allocate([supply], to: [candidate("a")], total: total).isEmpty)
        #expect(allocator.allocate([supply], to: [candidate("a"), candidate("b")], total: total).map(\.frameworkID) == ["b"])
        let more = Allocator.Supply(agentID: "S0", available: Resources(cpus: 5, mem: 4096))
        #expect(allocator.allocate([more], to: [candidate("a")], total: total).count == 1)
        #expect(allocator.nextExpiry == 10)
        let expired = allocator.expireFilters(10)
        #expect(expired && allocator.filterCount == 0)
    }

    @Test func `crumbs and foreign reservations are not offered`() throws {
        let crumbs = Allocator.Supply(agentID: "S0", available: Resources(cpus: 0.001, mem: 8))
        #expect(Allocator().allocate([crumbs], to: [candidate("a")], total: total).isEmpty)
        let reserved = Allocator.Supply(agentID: "S0", available: try Resources(text: "cpus(prod):4;mem(prod):100;cpus:1"))
        #expect(Allocator().allocate([reserved], to: [candidate("a")], total: total).first?.resources.cpus == 1)
        let gpu = Allocator.Supply(agentID: "S0", available: Resources(cpus: 1, gpus: 1))
        #expect(Allocator().allocate([gpu], to: [candidate("a", gpus: false)], total: total).isEmpty)
    }
}
