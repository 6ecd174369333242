import ClusterCore
import ClusterTestKit
import Testing
import ZooKeeper

@Suite struct FourLetterWordTests {
    let address = HostPort(host: "10.0.0.1", port: 2181)

    @Test func theModeIsReadFromTheAnswer() {
        func server(_ text: String) -> EnsembleStatus.Server { .init(address: address, srvr: text) }
        #expect(server("Zookeeper version: 3.8.0\nLatency min/avg/max: 0/0.0/0\nMode: follower\nNode count: 5\n").mode == .follower)
        #expect(server("Mode: standalone\n").mode == .standalone)
        #expect(server("This ZooKeeper instance is not currently serving requests\n").reason == "waits for a majority")
        #expect(server("HTTP/1.1 400 Bad Request\r\n\r\n").reason == "is not a ZooKeeper server")
        let readOnly = server("Mode: read-only\n")
        #expect(readOnly.reason == "has lost its ensemble" && EnsembleStatus(servers: [readOnly]).answering == 0)
    }

    @Test func theSummaryCountsAndNames() {
        let other = HostPort(host: "10.0.0.2", port: 2181)
        let status = EnsembleStatus(servers: [
            .init(address: address, mode: .leader), .init(address: other, mode: nil, reason: "refused"),
            .init(address: other, mode: nil, reason: "timed out"),
        ])
        #expect(status.description == "1 of 3 ZooKeeper servers answers; 10.0.0.2:2181 refused, 10.0.0.2:2181 timed out")
        #expect(!status.hasMajority && status.leader == address)
        #expect(!EnsembleStatus(servers: []).hasMajority)
    }

    @Test(.timeLimit(.minutes(1))) func aServerThatDoesNotAnswerEndsInTime() async throws {
        let web = try TestHTTPBackend { _ in .init(200, "x") }
        let silent = try TestRelay(to: HostPort(host: "127.0.0.1", port: web.port))
        silent.stall()
        let began = ContinuousClock.now
        let status = await EnsembleStatus.ask([silent.address, HostPort(host: "nobody.invalid", port: 2181)], timeout: .milliseconds(300))
        #expect(status.servers.map(\.mode) == [nil, nil])
        #expect(status.servers[1].reason == "name does not resolve" || status.servers[1].reason == "timed out")
        #expect(ContinuousClock.now - began < .seconds(5))
        await #expect(throws: ClusterError.self) {
            try await FourLetterWord.srvr.ask(HostPort(host: "127.0.0.1", port: web.port), timeout: .milliseconds(300))
        }
    }
}
