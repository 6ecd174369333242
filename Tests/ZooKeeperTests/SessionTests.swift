import ClusterCore
import ClusterTestKit
import Testing

@testable import ZooKeeper

/// Against an ensemble of three, with faults.
@Suite(.serialized) struct SessionTests {
    @Test(.timeLimit(.minutes(3))) func noChangeIsLostWhileServersAreKilledAndRestarted() async throws {
        let ensemble = try await ZooKeeperEnsemble.start()
        let writer = ZooKeeperClient(url: ensemble.url(), sessionTimeout: .seconds(6))
        let reader = ZooKeeperClient(url: ensemble.url(), sessionTimeout: .seconds(6))
        try await writer.connect()
        try await reader.connect()
        try await writer.create("/w")
        let total = 60
        let seen = Task {
            var last = 0
            for try await children in reader.watchChildren("/w") {
                #expect((children ?? []).count >= last)
                last = children?.count ?? 0
                if last == total { return true }
            }
            return false
        }
        for number in 0..<total {
            if number % 20 == 5 { await ensemble.servers[number / 20].kill() }
            if number % 20 == 15 {
                try await ensemble.servers[number / 20].start()
                try await ensemble.servers[number / 20].waitUntilServing()
            }
            try await eventually("write \(number)") {
                do { try await writer.create("/w/\(number)") } catch let error as ZooKeeperError where error.code == .nodeExists {}
                return true
            }
        }
        #expect(try await seen.value)
        await writer.close()
        await reader.close()
    }

    @Test(.timeLimit(.minutes(2))) func anExpiredSessionIsMadeAgainAndItsWatchesGoOn() async throws {
        let ensemble = try await ZooKeeperEnsemble.start()
        let client = ZooKeeperClient(url: ensemble.url(), sessionTimeout: .seconds(6))
        let other = ZooKeeperClient(url: ensemble.url(), sessionTimeout: .seconds(6))
        try await client.connect()
        try await other.connect()
        let events = client.sessionEvents()
        try await client.create("/live", mode: .ephemeral)
        let first = try #require(client.sessionID)
        var states = other.watchData("/live").makeAsyncIterator()
        #expect(try await states.next()??.stat.ephemeralOwner == first)
        let watched = Task {
            var found: [String] = []
            for try await node in client.watchData("/data") {
                if let node { found.append(node.text) }
                if node?.text == "after" { break }
            }
            return found
        }
        try await other.create("/data", data: Array("before".utf8))
        try await expireSession(of: client, ensemble.url())
        // Its own ephemeral node is gone, others see it go, and the client has a new session by itself.
        #expect(try await states.next() == .some(nil))
        for await event in events {
            if case .connected(let id, _) = event, id != first { break }
        }
        #expect(client.sessionID != first)
        try await other.set("/data", data: Array("after".utf8))
        #expect(try await watched.value.last == "after")
        await client.close()
        await other.close()
    }

    @Test(.timeLimit(.minutes(2))) func anEnsembleThatStandsStillAndGoesOnLosesNothing() async throws {
        let ensemble = try await ZooKeeperEnsemble.start()
        let client = ZooKeeperClient(url: ensemble.url(), sessionTimeout: .seconds(2))
        try await client.connect()
        try await client.create("/p")
        var states = client.watchChildren("/p").makeAsyncIterator()
        #expect(try await states.next() == [])
        let events = client.sessionEvents()
        await ensemble.pause()
        for await event in events where event == .disconnected { break }
        await ensemble.resume()
        let late = ZooKeeperClient(url: ensemble.url())
        try await late.connect(within: .seconds(60))
        try await eventually("a write") {
            try await late.create("/p/new")
            return true
        }
        #expect(try await states.next() == ["new"])
        await client.close()
        await late.close()
    }

    @Test(.timeLimit(.minutes(2))) func theStatusNamesTheServerThatDoesNotAnswer() async throws {
        let ensemble = try await ZooKeeperEnsemble.start()
        let all = await EnsembleStatus.ask(ensemble.addresses)
        #expect(all.description == "3 of 3 ZooKeeper servers answer" && all.leader != nil && all.hasMajority)
        #expect(try await FourLetterWord.ruok.ask(ensemble.addresses[0]) == "imok")
        await ensemble.servers[2].kill()
        let two = await EnsembleStatus.ask(ensemble.addresses)
        #expect(two.answering >= 2 || two.leader == nil)
        try await eventually("two of three") {
            let status = await EnsembleStatus.ask(ensemble.addresses)
            return status.description == "2 of 3 ZooKeeper servers answer; \(ensemble.addresses[2]) refused"
        }
        await ensemble.servers[1].kill()
        try await eventually("the last one alone") {
            let status = await EnsembleStatus.ask(ensemble.addresses, timeout: .milliseconds(500))
            return !status.hasMajority && status.description.hasPrefix("0 of 3 ZooKeeper servers answer; \(ensemble.addresses[0]) waits")
        }
    }
}

/// Ends a client's session as its expiry would: a second handle takes the session up and closes it.
func expireSession(of client: ZooKeeperClient, _ url: ZooKeeperURL) async throws {
    let session = try client.currentSession()
    try await session.endFromElsewhere(servers: url.connectString)
}
