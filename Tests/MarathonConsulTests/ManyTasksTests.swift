import ClusterCore
import ClusterTestKit
import Consul
import HTTPClient
import JSON
import Marathon
import Testing

@testable import marathon_consul

/// The tasks of 200 nodes.
@Suite(.timeLimit(.minutes(2))) struct ManyTasksTests {
    @Test func aCycleOverThousandsOfTasksIsShort() async throws {
        let agent = try await ConsulAgent.start()
        let consul = ConsulClient(ConsulAddress(host: agent.http.host, port: agent.http.port), http: HTTPClient())
        let layout = KeyLayout(prefix: "marathon")
        let apps = (0..<200).map { number in
            app("/group/web\(number)", checks: 1, tasks: (0..<25).map { task("group_web\(number).\($0)", alive: [true]) })
        }
        let clock = ContinuousClock()
        var view = MarathonView()
        func cycle() async throws -> (Duration, writes: Int) {
            let began = clock.now
            view.take(MarathonSnapshot(apps), asked: time(0), came: time(1))
            var has: [String: JSON] = [:]
            for entry in try await consul.values(under: "marathon/") { has[entry.key] = try JSON(parsing: entry.value) }
            let diff = KeyDiff(has: has, wants: layout.desired(view), layout: layout)
            let operations = diff.writes.map { KVOperation.set(key: $0.key, value: $0.value.bytes()) }
            for batch in KVOperation.batches(operations) { try await consul.transact(batch) }
            return (clock.now - began, operations.count)
        }
        let (first, written) = try await cycle()
        #expect(written == 5200)
        #expect(try await consul.values(under: "marathon/").count == 5200)
        var again = try await cycle()
        // A debug build beside other tests; a release build takes a fraction of it.
        let limit = Duration.seconds(10)
        for _ in 0..<2 where again.0 >= limit { again = try await cycle() }
        print("5000 tasks: written in \(first.milliseconds) ms, compared in \(again.0.milliseconds) ms")
        #expect(again.writes == 0)
        #expect(again.0 < limit)
        await agent.kill()
    }
}
