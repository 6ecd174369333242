import ClusterCore
import ClusterTestKit
import Glibc
import Testing

@testable import ZooKeeper

/// What pointers handed to a C library must withstand.
@Suite(.serialized) struct StressTests {
    @Test(.timeLimit(.minutes(2))) func manyOperationsAtOnceAreAllAnswered() async throws {
        let server = try await ZooKeeperServer.start()
        let client = ZooKeeperClient(url: server.url())
        try await client.connect()
        try await client.create("/many")
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<2000 {
                group.addTask {
                    try await client.create("/many/\(number)", data: Array("\(number)".utf8))
                    #expect(try await client.get("/many/\(number)").text == "\(number)")
                }
            }
            try await group.waitForAll()
        }
        #expect(try await client.children(of: "/many").count == 2000)
        let deletions: [ZooKeeperOperation] = (0..<2000).map { .delete("/many/\($0)") }
        #expect(try await client.multi(deletions).count == 2000)
        await client.close()
    }

    @Test(.timeLimit(.minutes(2))) func clientsThatGoInTheMiddleOfTheirWorkLeaveNothing() async throws {
        let server = try await ZooKeeperServer.start()
        let keeper = ZooKeeperClient(url: server.url())
        try await keeper.connect()
        try await keeper.create("/go")
        let before = openDescriptors()
        for round in 0..<40 {
            let client = ZooKeeperClient(url: server.url())
            client.start()
            if round % 4 != 0 { try await client.connect() }
            let watch = Task { for try await _ in client.watchChildren("/go") {} }
            let work = (0..<20).map { number in
                Task { try await client.create("/go/\(round)-\(number)", mode: .ephemeral) }
            }
            if round % 2 == 0 { for task in work { task.cancel() } }
            if round % 3 == 0 { await server.pause() }
            let closing = Task { await client.close() }
            await server.resume()
            await closing.value
            // Every operation ends, with its answer or an error.
            for task in work { _ = await task.result }
            _ = await watch.result
        }
        try await eventually("no ephemeral node is left") { try await keeper.children(of: "/go").isEmpty }
        try await eventually("no socket is left") { openDescriptors() <= before + 2 }
        await keeper.close()
    }

    @Test(.timeLimit(.minutes(1))) func aClientThatIsDroppedEndsItsSession() async throws {
        let server = try await ZooKeeperServer.start()
        let observer = ZooKeeperClient(url: server.url())
        try await observer.connect()
        do {
            let client = ZooKeeperClient(url: server.url(), sessionTimeout: .seconds(30))
            try await client.connect()
            try await client.create("/mine", mode: .ephemeral)
        }
        try await eventually(within: .seconds(10), "its node is gone long before the time-out") {
            try await observer.exists("/mine") == nil
        }
        await observer.close()
    }

    @Test(.timeLimit(.minutes(1))) func aCancelledOperationEndsAtOnce() async throws {
        let server = try await ZooKeeperServer.start()
        let client = ZooKeeperClient(url: server.url(), sessionTimeout: .seconds(30))
        try await client.connect()
        await server.pause()
        let began = ContinuousClock.now
        let read = Task { try await client.get("/zookeeper") }
        read.cancel()
        await #expect(throws: ZooKeeperError(.cancelled, "/zookeeper")) { try await read.value }
        #expect(ContinuousClock.now - began < .seconds(5))
        await server.resume()
        try await eventually("the session goes on") { try await client.exists("/zookeeper") != nil }
        await client.close()
    }

    private func openDescriptors() -> Int { (try? Files.list("/proc/self/fd"))?.count ?? 0 }
}
