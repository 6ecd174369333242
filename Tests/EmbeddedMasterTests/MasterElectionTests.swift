import ClusterCore
import ClusterTestKit
import Logging
import Testing
import ZooKeeper

@testable import EmbeddedMesos

@Suite struct MasterElectionTests {
    @Test(.timeLimit(.minutes(1))) func aLeaderThatLosesZooKeeperEndsWithoutIt() async throws {
        let zooKeeper = try await ZooKeeperServer.start()
        let client = ZooKeeperClient(url: zooKeeper.url("/mesos"), sessionTimeout: .seconds(2))
        let election = MasterElection(client: client, path: "/mesos", info: Bench.info, logger: Logger(label: "test"))
        let (outcomes, tell) = AsyncStream.makeStream(of: MasterElection.Outcome.self)
        let running = Task { try await election.run { (outcome) throws(ClusterError) in tell.yield(outcome) } }
        for await outcome in outcomes {
            if case .leading = outcome { break }
        }
        await zooKeeper.kill()
        let start = ContinuousClock.now
        await #expect(throws: ClusterError.self) { try await running.value }
        #expect(start.duration(to: .now) < .seconds(15))
        await client.close()
    }
}
