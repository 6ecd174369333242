import ClusterCore
import ClusterTestKit
import Testing
import ZooKeeper

@Suite struct ClientTests {
    @Test(.timeLimit(.minutes(2))) func nodesAreCreatedReadChangedAndDeleted() async throws {
        let server = try await ZooKeeperServer.start()
        let client = ZooKeeperClient(url: server.url())
        try await client.connect()
        #expect(try await client.create("/a", data: Array("one".utf8)) == "/a")
        await #expect(throws: ZooKeeperError(.nodeExists, "/a")) { try await client.create("/a") }
        await #expect(throws: ZooKeeperError(.noNode, "/x/y")) { try await client.create("/x/y") }
        #expect(try await client.createRecursively("/x/y/z", data: [1]))
        #expect(try await client.createRecursively("/x/y/z", data: [2]) == false)
        #expect(try await client.get("/x/y/z").data == [1])

        let node = try await client.get("/a")
        #expect(node.text == "one" && node.stat.version == 0 && node.stat.ephemeralOwner == 0)
        #expect(try await client.set("/a", data: [], version: 0).version == 1)
        #expect(try await client.get("/a").data.isEmpty)
        await #expect(throws: ZooKeeperError(.badVersion, "/a")) { try await client.set("/a", data: [], version: 0) }

        let first = try await client.create("/a/n-", mode: .persistentSequential)
        let second = try await client.create("/a/n-", mode: .ephemeralSequential, acl: .open)
        #expect(first == "/a/n-0000000000" && second == "/a/n-0000000001")
        #expect(try await client.exists(second)?.ephemeralOwner == client.sessionID)
        #expect(try await client.children(of: "/a").sorted() == ["n-0000000000", "n-0000000001"])
        await #expect(throws: ZooKeeperError(.notEmpty, "/a")) { try await client.delete("/a") }
        try await client.deleteRecursively("/a")
        #expect(try await client.exists("/a") == nil)
        await #expect(throws: ZooKeeperError.self) { try await client.create("/big", data: [UInt8](repeating: 0, count: 900_001)) }
        try await client.create("/big", data: [UInt8](repeating: 7, count: 900_000))
        #expect(try await client.get("/big").data.count == 900_000)
        await client.close()
        await #expect(throws: ZooKeeperError.self) { try await client.get("/big") }
    }

    @Test(.timeLimit(.minutes(2))) func transactionsAreAllOrNothing() async throws {
        let server = try await ZooKeeperServer.start()
        let client = ZooKeeperClient(url: server.url())
        try await client.connect()
        let results = try await client.multi([
            .create("/t", data: [1]), .create("/t/s-", mode: .persistentSequential), .set("/t", data: [2]), .check("/t", version: 1),
        ])
        #expect(results.count == 4 && results[0] == .created("/t") && results[1] == .created("/t/s-0000000000") && results[3] == .checked)
        do {
            try await client.multi([.create("/u"), .check("/t", version: 7), .delete("/t/s-0000000000")])
            Issue.record("the check must fail")
        } catch {
            #expect(error.index == 1 && error.error == ZooKeeperError(.badVersion, "/t"))
        }
        #expect(try await client.exists("/u") == nil)
        await client.close()
    }

    @Test(.timeLimit(.minutes(2))) func theDigestUserIsTheOnlyOneWhoMayWrite() async throws {
        let server = try await ZooKeeperServer.start()
        let owner = ZooKeeperClient(url: server.url(credentials: .init(user: "mesos", password: "s3:cret")))
        let stranger = ZooKeeperClient(url: server.url())
        try await owner.connect()
        try await stranger.connect()
        try await owner.create("/p", data: [1], acl: .creatorAllWorldRead)
        try await owner.create("/secret", data: [1], acl: .creatorAll)
        #expect(try await stranger.get("/p").data == [1])
        await #expect(throws: ZooKeeperError(.noAuth, "/p")) { try await stranger.set("/p", data: []) }
        await #expect(throws: ZooKeeperError(.noAuth, "/secret")) { try await stranger.get("/secret") }
        try await owner.set("/p", data: [2])
        await owner.close()
        await stranger.close()
    }

    @Test(.timeLimit(.minutes(1))) func aServerThatIsNotThereIsNamedInTheError() async throws {
        let port = try freePort()
        let client = ZooKeeperClient(servers: [HostPort(host: "127.0.0.1", port: port)])
        await #expect(throws: ZooKeeperError(.connectionLoss, "127.0.0.1:\(port) within 300ms")) {
            try await client.connect(within: .milliseconds(300))
        }
        await client.close()
    }
}
