import Checks
import ClusterCore
import ClusterTestKit
import Entrypoint
import Logging
import Supervision
import Synchronization
import Testing
import ZooKeeper

@testable import Prerequisites

@Suite struct HandoverTests {
    let address = HostPort(host: "10.0.0.1", port: 5050)
    let masterInfo = """
        {"address":{"hostname":"m1","ip":"10.0.0.1","port":5050},"hostname":"m1","id":"x","ip":16777226,"pid":"master@10.0.0.1:5050","port":5050}
        """

    @Test func mastersAreToldApartByTheirAddress() {
        let election = ElectionNodes.mesosMasters(path: "/mesos", address: address)
        #expect(election.isOwn(Array(masterInfo.utf8)))
        #expect(!election.isOwn(Array(masterInfo.replacing("5050", with: "5051").utf8)))
        #expect(election.isOwn(Array(#"{"pid":"master@10.0.0.1:5050"}"#.utf8)))
        #expect(!election.isOwn(Array("garbage".utf8)))
        #expect(election.isCandidate("json.info_0000000001") && !election.isCandidate("log_replicas"))
        let latch = ElectionNodes.latch(parent: "/m/leader-curator", id: address)
        #expect(latch.isOwn(Array("10.0.0.1:5050".utf8)) && !latch.isOwn(Array("10.0.0.1:50".utf8)))
    }

    @Test(.timeLimit(.minutes(2))) func theNextMasterLeadsAtOnceWhenTheLeadersProcessHasExited() async throws {
        let server = try await ZooKeeperServer.start()
        let session = ZooKeeperClient(url: server.url(), sessionTimeout: .seconds(30))
        try await session.connect()
        try await session.create("/mesos")
        func announce(_ data: String) async throws -> String {
            try await session.create("/mesos/json.info_", data: Array(data.utf8), mode: .ephemeralSequential)
        }
        let handover = ElectionHandover(ensemble: server.url("/mesos"), election: .mesosMasters(path: "/mesos", address: address))
        let child = Child()
        child.pid.withLock { $0 = 100 }
        let context = child.context
        try await handover.spawnAction.run(context.logger)
        let companion = Task { try await handover.companion.run(context) }
        let own = try await announce(masterInfo)
        let other = try await announce(masterInfo.replacing("10.0.0.1", with: "10.0.0.2"))
        var watched = session.watchChildren("/mesos").makeAsyncIterator()
        _ = try await watched.next()

        child.pid.withLock { $0 = nil }
        let began = ContinuousClock.now
        try await handover.exitAction.run(ExitedChild(pid: 100, exitCode: 137, isStopping: false), Logger(label: "test"))
        // Some 10 ms on an idle machine; the limit is for a crowded one.
        let took = ContinuousClock.now - began
        print("handed over within \(took)")
        #expect(took < .seconds(1))
        #expect(try await watched.next() == [String(other.dropFirst("/mesos/".count))])
        #expect(try await session.exists(own) == nil)

        // The restarted child's node stays, whatever is asked for the child before.
        try await handover.spawnAction.run(context.logger)
        child.pid.withLock { $0 = 101 }
        let newer = try await announce(masterInfo)
        _ = try await watched.next()
        try await eventually("the record knows the new child") {
            guard case .own(let nodes) = await handover.verdict(on: 101) else { return false }
            return nodes.map(\.path) == [newer]
        }
        try await handover.exitAction.run(ExitedChild(pid: 100, exitCode: 137, isStopping: false), Logger(label: "test"))
        #expect(try await session.exists(newer) != nil)
        try await handover.exitAction.run(ExitedChild(pid: 101, exitCode: 0, isStopping: true), Logger(label: "test"))
        #expect(try await session.exists(newer) == nil)
        #expect(try await session.exists(other) != nil)
        companion.cancel()
        _ = await companion.result
        await session.close()
    }

    @Test(.timeLimit(.minutes(2))) func aNodeMadeJustBeforeTheExitIsFoundToo() async throws {
        let server = try await ZooKeeperServer.start()
        let session = ZooKeeperClient(url: server.url(), sessionTimeout: .seconds(30))
        try await session.connect()
        try await session.createRecursively("/marathon/leader-curator")
        let handover = ElectionHandover(
            ensemble: server.url(), election: .latch(parent: "/marathon/leader-curator", id: HostPort(host: "a", port: 8080)))
        try await handover.spawnAction.run(Logger(label: "test"))
        let own = try await session.create(
            "/marathon/leader-curator/_c_1-latch-", data: Array("a:8080".utf8), mode: .ephemeralSequential)
        let other = try await session.create(
            "/marathon/leader-curator/_c_2-latch-", data: Array("b:8080".utf8), mode: .ephemeralSequential)
        // Not while something that the child has left may lead on.
        await #expect(throws: ClusterError.self) {
            try await handover.exitAction.run(ExitedChild(pid: 5, exitCode: 1, isStopping: false, left: [77]), Logger(label: "test"))
        }
        #expect(try await session.exists(own) != nil)
        try await handover.exitAction.run(ExitedChild(pid: 5, exitCode: 1, isStopping: true), Logger(label: "test"))
        #expect(try await session.exists(own) == nil)
        #expect(try await session.exists(other) != nil)
        await session.close()
    }

    private func left(_ child: ProcessIdentity, entrypoint: Int32 = 40, nodes: [CandidateNode] = []) -> PredecessorRecord {
        PredecessorRecord(
            ensemble: "a:2181", parent: "/mesos", entrypoint: entrypoint, namespace: "pid:[1]", child: child, group: child.pid, nodes: nodes
        )
    }

    @Test func aPredecessorIsGoneOnlyWhereThatIsCertain() {
        let record = left(
            ProcessIdentity(pid: 41, startTicks: 7, bootID: "boot"), nodes: [CandidateNode(path: "/e/1", owner: -7, czxid: 1)])
        #expect(PredecessorRecord(json: record.json) == record)
        func doubt(
            _ record: PredecessorRecord, boot: String = "boot", namespace: String = "pid:[1]", lock: Bool = true, runs: Bool = false,
            members: Bool = false
        ) -> String? {
            record.doubt(
                .init(
                    bootID: boot, namespace: namespace, holdsLock: lock, isRunning: { $0 == record.child && runs },
                    hasMembers: { $0 == 41 && members }
                ))
        }
        #expect(doubt(record) == nil)
        #expect(doubt(record, runs: true) != nil)
        #expect(doubt(record, members: true) != nil)
        #expect(doubt(record, lock: false) != nil)
        // A record in a directory that hosts share, or from before a reboot.
        #expect(doubt(record, boot: "other") != nil)
        // A container that was started again: only the first process' end ends all.
        #expect(doubt(record, namespace: "pid:[2]") != nil)
        var first = record
        first.entrypoint = 1
        #expect(doubt(first, namespace: "pid:[2]") == nil)
        #expect(doubt(first, namespace: "pid:[2]", lock: false) != nil)
        #expect(doubt(first, namespace: "") != nil)
    }

    @Test(.timeLimit(.minutes(2))) func aKilledPredecessorsNodeIsHandedOverWhenItsProcessIsGone() async throws {
        let server = try await ZooKeeperServer.start()
        let directory = try TemporaryDirectory("handover")
        let session = ZooKeeperClient(url: server.url(), sessionTimeout: .seconds(30))
        try await session.connect()
        try await session.create("/mesos")
        let process = try await TestProcess(["sleep", "600"], output: directory.file("child.log"))
        let child = Child()
        child.pid.withLock { $0 = process.pid }
        let context = child.context
        func handover() -> ElectionHandover {
            ElectionHandover(
                ensemble: server.url("/mesos"), election: .mesosMasters(path: "/mesos", address: address),
                record: directory.file("master.sock.election"))
        }
        let (own, other): (String, String)
        do {
            let first = handover()
            try await first.spawnAction.run(context.logger)
            own = try await session.create("/mesos/json.info_", data: Array(masterInfo.utf8), mode: .ephemeralSequential)
            let second = masterInfo.replacing("10.0.0.1", with: "10.0.0.2")
            other = try await session.create("/mesos/json.info_", data: Array(second.utf8), mode: .ephemeralSequential)
            let companion = Task { try await first.companion.run(context) }
            try await eventually("the record is on disk") { directory.read("master.sock.election")?.contains(own) == true }
            companion.cancel()
            _ = await companion.result
        }
        // Its successor begins while the child runs still: the node stays until that has ended, and goes then.
        let second = handover()
        child.pid.withLock { $0 = nil }
        let successor = Task { try await second.companion.run(context) }
        await process.kill()
        try await eventually(within: .seconds(5), "the killed one's node is deleted") { try await session.exists(own) == nil }
        #expect(try await session.exists(other) != nil)
        successor.cancel()
        _ = await successor.result
        await session.close()
    }

    @Test(.timeLimit(.minutes(2))) func theMajorityIsCountedAndTheMissingServerNamed() async throws {
        let ensemble = try await ZooKeeperEnsemble.start()
        let prerequisite = Prerequisite.zooKeeperMajority(servers: ensemble.addresses)
        #expect(await prerequisite.look() == .met("3 of 3 ZooKeeper servers answer"))
        await ensemble.servers[2].kill()
        try await eventually("two of three") {
            await prerequisite.look() == .met("2 of 3 ZooKeeper servers answer; \(ensemble.addresses[2]) refused")
        }
        await ensemble.servers[1].kill()
        try await eventually("no majority") {
            guard case .missing(let text) = await prerequisite.look() else { return false }
            return text.hasPrefix("0 of 3 ZooKeeper servers answer; ") && text.contains("refused")
        }
    }
}
