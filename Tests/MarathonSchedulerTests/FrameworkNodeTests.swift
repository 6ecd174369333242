import ClusterCore
import ClusterTestKit
import EngineSupport
import Logging
import MesosFramework
import Synchronization
import Testing
import ZooKeeper

/// The shell that Marathon and Chronos share, against a real ZooKeeper.
@Suite(.timeLimit(.minutes(1))) struct FrameworkNodeTests {
    private func node(_ zooKeeper: HostPort, timeout: Duration = .seconds(10)) throws -> FrameworkNode {
        FrameworkNode(
            name: "Test", own: HostPort(host: "127.0.0.1", port: try freePort()), listenAddress: "127.0.0.1",
            zooKeeper: ZooKeeperURL(servers: [zooKeeper], path: "/test"), election: "latches", sessionTimeout: timeout,
            viaHeader: "X-Test-Via", bodyLimit: 1024, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    @Test func whenItHasEndedItsLeadingHasEndedToo() async throws {
        let zooKeeper = try await ZooKeeperServer.start()
        let node = try node(zooKeeper.address)
        let (starts, started) = AsyncStream.makeStream(of: Void.self)
        let hasEnded = Mutex(false)
        let running = Task {
            try await node.run(handler: { _, _ in { _ in .text("here") } }) { _ in
                started.yield()
                try? await Task.sleep(for: .seconds(60), clock: .continuous)
                // What it was about is brought to an end.
                for _ in 0..<1000 { await Task.yield() }
                hasEnded.withLock { $0 = true }
            }
        }
        for await _ in starts { break }
        running.cancel()
        _ = await running.result
        #expect(hasEnded.withLock { $0 })
        // Its node is gone: the next one leads at once.
        let client = ZooKeeperClient(url: ZooKeeperURL(servers: [zooKeeper.address], path: ""))
        try await client.connect()
        #expect(try await client.children(of: "/test/latches") == [])
        await client.close()
    }

    @Test func whoLosesItsElectionNodeEnds() async throws {
        let zooKeeper = try await ZooKeeperServer.start()
        let node = try node(zooKeeper.address)
        let (starts, started) = AsyncStream.makeStream(of: Void.self)
        let running = Task {
            try await node.run(handler: { _, _ in { _ in .text("here") } }) { _ in
                started.yield()
                try await Task.sleep(for: .seconds(60), clock: .continuous)
            }
        }
        for await _ in starts { break }
        let client = ZooKeeperClient(url: ZooKeeperURL(servers: [zooKeeper.address], path: ""))
        try await client.connect()
        for name in try await client.children(of: "/test/latches") { try await client.delete("/test/latches/\(name)") }
        await #expect(throws: FrameworkNode.LostLeadership.self) { try await running.value }
        await client.close()
    }

    @Test func whoLosesZooKeeperEndsWithoutIt() async throws {
        let zooKeeper = try await ZooKeeperServer.start()
        let node = try node(zooKeeper.address, timeout: .seconds(2))
        let (starts, started) = AsyncStream.makeStream(of: Void.self)
        let running = Task {
            try await node.run(handler: { _, _ in { _ in .text("here") } }) { _ in
                started.yield()
                try await Task.sleep(for: .seconds(60), clock: .continuous)
            }
        }
        for await _ in starts { break }
        await zooKeeper.kill()
        let start = ContinuousClock.now
        await #expect(throws: FrameworkNode.LostLeadership.self) { try await running.value }
        #expect(start.duration(to: .now) < .seconds(15))
    }
}
