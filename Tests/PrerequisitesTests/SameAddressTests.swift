import ClusterCore
import ClusterTestKit
import Entrypoint
import Logging
import Synchronization
import Testing
import ZooKeeper

@testable import Prerequisites

/// Two nodes with one host name, against a real ZooKeeper: the exit of the one's child never ends the other's healthy leader.
@Suite struct SameAddressTests {
    struct Kind: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let node: String
        let data: String
        let other: String
        let election: @Sendable (String) -> ElectionNodes
    }

    private static let address = HostPort(host: "127.0.1.1", port: 8080)
    private static func latch(_ name: String) -> Kind {
        Kind(testDescription: name, node: "_c_x-latch-", data: "127.0.1.1:8080", other: "127.0.1.1:8080") {
            .latch(parent: $0, id: address)
        }
    }

    static let kinds = [
        latch("marathon"), latch("chronos"),
        Kind(testDescription: "marathon before 1.2", node: "member_", data: "127.0.1.1:8080", other: "127.0.1.1:8080") {
            .members(parent: $0, id: address)
        },
        Kind(
            testDescription: "mesos-master", node: "json.info_", data: #"{"id":"a","address":{"ip":"127.0.1.1","port":8080}}"#,
            other: #"{"id":"b","address":{"ip":"127.0.1.1","port":8080}}"#
        ) { .mesosMasters(path: $0, address: address) },
    ]

    /// A wrap with its child, as far as ZooKeeper sees them.
    private struct Node {
        let handover: ElectionHandover
        let child: Child
        let warnings = Warnings()
        let session: ZooKeeperClient
        let companion: Task<Void, any Error>

        init(_ server: ZooKeeperServer, _ election: ElectionNodes, pid: Int32, record: String? = nil) async throws {
            handover = ElectionHandover(ensemble: server.url(), election: election, record: record)
            session = ZooKeeperClient(url: server.url(), sessionTimeout: .seconds(30))
            try await session.connect()
            try await handover.spawnAction.run(warnings.logger)
            child = Child(pid, logger: warnings.logger)
            let (context, action) = (child.context, handover.companion)
            companion = Task { try await action.run(context) }
        }

        func announce(_ path: String, _ data: String) async throws -> String {
            try await session.create(path, data: Array(data.utf8), mode: .ephemeralSequential)
        }

        func exits(isStopping: Bool = false) async throws {
            let pid = try #require(child.pid.withLock { $0 })
            child.pid.withLock { $0 = nil }
            try await handover.exitAction.run(ExitedChild(pid: pid, exitCode: 137, isStopping: isStopping), warnings.logger)
        }

        func end() async {
            companion.cancel()
            _ = await companion.result
            await session.close()
        }
    }

    @Test(.timeLimit(.minutes(2)), arguments: kinds) func aKilledChildsWrapLeavesTheHealthyLeaderAlone(kind: Kind) async throws {
        let server = try await ZooKeeperServer.start()
        let directory = try TemporaryDirectory("same-address")
        let root = ZooKeeperClient(url: server.url())
        try await root.connect()
        try await root.create("/e")
        let first = try await Node(server, kind.election("/e"), pid: 100)
        let leader = try await first.announce("/e/\(kind.node)", kind.data)
        // Its pid is a living process' own, so that a record can be written of it.
        let process = try await TestProcess(["sleep", "600"], output: directory.file("child.log"))
        let record = directory.file("sock.election")
        let second = try await Node(server, kind.election("/e"), pid: process.pid, record: record)
        let follower = try await second.announce("/e/\(kind.node)", kind.other)
        for node in [first, second] {
            try await eventually("it is told of") { !node.warnings.all.isEmpty }
        }
        #expect(!Files.exists(record))

        await #expect(throws: ClusterError.self) { try await second.exits() }
        #expect(try await root.exists(leader) != nil)
        #expect(try await root.exists(follower) != nil)
        // Nor when it has been started again, whatever it announces then.
        try await second.handover.spawnAction.run(second.warnings.logger)
        second.child.pid.withLock { $0 = 300 }
        let again = try await second.announce("/e/\(kind.node)", kind.other)
        await #expect(throws: ClusterError.self) { try await second.exits() }
        await #expect(throws: ClusterError.self) { try await first.exits() }
        for path in [leader, follower, again] { #expect(try await root.exists(path) != nil) }
        for node in [first, second] {
            #expect(node.warnings.all.count == 1)
            let text = try #require(node.warnings.all.first)
            #expect(text.contains("two nodes announce the same address 127.0.1.1:8080") && text.contains("check the host name settings"))
            await node.end()
        }
        await process.kill()
        await root.close()
    }

    @Test(.timeLimit(.minutes(2)), arguments: kinds) func aWrapThatNeverAnnouncedLeavesTheLeaderAlone(kind: Kind) async throws {
        let server = try await ZooKeeperServer.start()
        let root = ZooKeeperClient(url: server.url())
        try await root.connect()
        try await root.create("/e")
        let leader = try await root.create("/e/\(kind.node)", data: Array(kind.data.utf8), mode: .ephemeralSequential)
        let second = try await Node(server, kind.election("/e"), pid: 100)
        try await second.exits()
        #expect(try await root.exists(leader) != nil)
        await second.end()
        await root.close()
    }

    @Test(.timeLimit(.minutes(2)), arguments: kinds) func aNewSessionsNodeAndARestartedChildsAreHandedOverAtOnce(kind: Kind) async throws {
        let server = try await ZooKeeperServer.start()
        let root = ZooKeeperClient(url: server.url())
        try await root.connect()
        try await root.create("/e")
        let node = try await Node(server, kind.election("/e"), pid: 100)
        let expired = try await node.announce("/e/\(kind.node)", kind.data)
        try await eventually("it is recorded") { await node.handover.verdict(on: 100) != .own([]) }
        try await root.delete(expired)
        let anew = try await root.create("/e/\(kind.node)", data: Array(kind.data.utf8), mode: .ephemeralSequential)
        try await node.exits()
        #expect(try await root.exists(anew) == nil)

        try await node.handover.spawnAction.run(node.warnings.logger)
        node.child.pid.withLock { $0 = 101 }
        let restarted = try await node.announce("/e/\(kind.node)", kind.data)
        try await node.exits(isStopping: true)
        #expect(try await root.exists(restarted) == nil)
        #expect(node.warnings.all.isEmpty)
        await node.end()
        await root.close()
    }
}
