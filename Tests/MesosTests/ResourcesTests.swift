import ClusterCore
import JSON
import Mesos
import Testing

@Suite struct ResourcesTests {
    @Test func `a tenth added and taken away ten times leaves nothing`() {
        var sum = Resources()
        for _ in 0..<10 { sum += Resources(cpus: 0.1) }
        #expect(sum.cpus == 1)
        for _ in 0..<10 { sum -= Resources(cpus: 0.1) }
        #expect(sum.isEmpty)
    }

    @Test func `ports are taken out of the middle and put back`() {
        let all = ValueRanges([31000...32000])
        let rest = all - ValueRanges(values: [31000, 31500, 32000])
        #expect(rest.description == "[31001-31499, 31501-31999]")
        #expect(rest + ValueRanges(values: [31500, 31000, 32000]) == all)
        #expect(rest.count == 998)
        #expect(!rest.contains(31500) && rest.contains(31501))
        #expect(!all.contains(ValueRanges([31999...32001])))
    }

    @Test func `random port sets add and subtract like sets`() {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<200 {
            let left = Set((0..<20).map { _ in Int.random(in: 0..<40, using: &generator) })
            let right = Set((0..<20).map { _ in Int.random(in: 0..<40, using: &generator) })
            let (a, b) = (ValueRanges(values: left), ValueRanges(values: right))
            #expect(Array((a + b).values) == left.union(right).sorted())
            #expect(Array((a - b).values) == left.subtracting(right).sorted())
            #expect(a.contains(b) == right.isSubset(of: left))
        }
    }

    @Test func `the agent's text form is read and written`() throws {
        let resources = try Resources(text: "cpus:2;mem:1024; ports:[31000-32000, 40000-40001];gpus(ml):1;disks:{a, b}")
        #expect(resources.cpus == 2 && resources.mem == 1024 && resources.gpus == 1)
        #expect(resources.ports.count == 1003)
        #expect(resources.flagText == "cpus:2;mem:1024;ports:[31000-32000, 40000-40001];gpus(ml):1;disks:{a,b}")
        #expect(try Resources(text: resources.flagText) == resources)
        #expect(resources.plain.gpus == 0)
    }

    @Test(arguments: ["cpus", "cpus:", "cpus:-1", "cpus:x", "ports:[5-1]", ":3", "ports:[1]", "cpus():1"])
    func `wrong text is refused`(_ text: String) {
        #expect(throws: ClusterError.self) { try Resources(text: text) }
    }

    @Test func `reserved and unreserved amounts are not mixed`() throws {
        let offer = try Resources(text: "cpus:1;cpus(prod):1").allocated(to: "prod")
        #expect(offer.cpus == 2)
        #expect(!offer.contains(Resources(cpus: 2).allocated(to: "prod")))
        #expect(offer.contains(Resources(cpus: 1).allocated(to: "prod")))
    }

    @Test func `amounts are printed as Mesos prints them`() {
        let resources = Resources(cpus: 1.9, mem: 2016, ports: ValueRanges([31000...32000])).allocated(to: "*")
        #expect(resources.description == "cpus(allocated: *):1.9; mem(allocated: *):2016; ports(allocated: *):[31000-32000]")
    }

    @Test func `attributes have the types that their text says`() throws {
        let attributes = try Attribute.list(text: "rack:r1;level:2.5;ids:[1-3]; url:http://x:1/")
        #expect(attributes.map(\.text) == ["r1", "2.5", "[1-3]", "http://x:1/"])
        #expect(attributes[1].value == .scalar(Scalar(2.5)))
        for attribute in attributes { #expect(try Attribute(json: attribute.json) == attribute) }
        #expect(throws: ClusterError.self) { try Attribute.list(text: "rack") }
    }
}
