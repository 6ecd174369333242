import ClusterCore
import ClusterTestKit
import Testing

@testable import ZooKeeper

@Suite(.serialized) struct ElectionTests {
    func candidate(_ name: String, _ url: ZooKeeperURL, timeout: Duration = .seconds(4)) -> (ZooKeeperClient, LeaderElection) {
        let client = ZooKeeperClient(url: url, sessionTimeout: timeout)
        return (client, LeaderElection(client: client, layout: .latch(parent: "/app/leader-curator"), data: Array(name.utf8)))
    }

    @Test(.timeLimit(.minutes(2))) func theNextLeadsAtOnceWhenTheLeaderResignsOrDies() async throws {
        let server = try await ZooKeeperServer.start()
        var candidates: [(client: ZooKeeperClient, election: LeaderElection)] = []
        for name in ["a:1", "b:1", "c:1"] {
            let made = candidate(name, server.url())
            candidates.append((made.0, made.1))
            await made.1.start()
            let count = candidates.count
            try await eventually("\(name) entered") { (try? await made.0.children(of: "/app/leader-curator").count) == count }
        }
        try await eventually("a leads") { candidates[0].election.isLeader }
        for candidate in candidates { try await eventually("all know") { candidate.election.leader?.text == "a:1" } }
        let firstTerm = try #require(candidates[0].election.term)
        #expect(firstTerm.path.contains("/_c_"))

        await candidates[0].election.resign()
        #expect(!candidates[0].election.isLeader)
        try await eventually(within: .seconds(2), "b leads") { candidates[1].election.isLeader }
        #expect(candidates[1].election.term!.epoch > firstTerm.epoch)

        // It enters again, behind c.
        await candidates[0].election.start()
        try await eventually("a is back") { (try? await candidates[0].client.children(of: "/app/leader-curator").count) == 3 }
        await candidates[1].client.close()
        try await eventually(within: .seconds(2), "c leads") { candidates[2].election.isLeader }
        try await eventually("a knows") { candidates[0].election.leader?.text == "c:1" }
        for candidate in candidates {
            await candidate.election.stop()
            await candidate.client.close()
        }
    }

    @Test(.timeLimit(.minutes(2))) func neverAreThereTwoLeaders() async throws {
        let ensemble = try await ZooKeeperEnsemble.start()
        let (one, first) = candidate("a:1", ensemble.url(), timeout: .seconds(2))
        let (two, second) = candidate("b:1", ensemble.url(), timeout: .seconds(2))
        await first.start()
        try await eventually("a leads") { first.isLeader }
        await second.start()
        try await eventually("b knows a") { second.leader?.text == "a:1" }
        let both = Task {
            var overlaps = 0
            while !Task.isCancelled {
                if first.isLeader && second.isLeader { overlaps += 1 }
                try? await Task.sleep(for: .milliseconds(1))
            }
            return overlaps
        }
        // The ensemble stands still: the leader steps down by its own clock.
        var events = await first.events().makeAsyncIterator()
        await ensemble.pause()
        while let event = await events.next(), event != .lost(.outOfContact) {}
        #expect(!first.isLeader && !second.isLeader)
        await ensemble.resume()
        try await eventually(within: .seconds(60), "one leads again") { first.isLeader || second.isLeader }
        both.cancel()
        #expect(await both.value == 0)
        // A session that an operator ends before its time: the other leads, the one that lost it enters again.
        let (leader, leading, following) = first.isLeader ? (one, first, second) : (two, second, first)
        try await expireSession(of: leader, ensemble.url())
        try await eventually("the other leads") { following.isLeader }
        try await eventually("the loser knows") { !leading.isLeader && leading.leader?.term == following.term }
        try await eventually("the loser entered again") { try await two.children(of: "/app/leader-curator").count == 2 }
        await first.stop()
        await second.stop()
        await one.close()
        await two.close()
    }

    /// By servers that are gone, and by servers that do not answer while the connection seems to be there.
    @Test(.timeLimit(.minutes(2)), arguments: [true, false]) func aLeaderWithoutZooKeeperCanLeave(_ isGone: Bool) async throws {
        let server = try await ZooKeeperServer.start()
        let relay = try TestRelay(to: server.address)
        let timeout = Duration.seconds(isGone ? 2 : 20)
        let (client, election) = candidate("a:1", ZooKeeperURL(servers: [relay.address], path: ""), timeout: timeout)
        await election.start()
        try await eventually("it leads") { election.isLeader }
        if isGone {
            let events = await election.events()
            await server.kill()
            for await event in events where event == .lost(.outOfContact) { break }
        } else {
            relay.stall()
        }
        let start = ContinuousClock.now
        await election.stop()
        #expect(start.duration(to: .now) < .seconds(6))
        #expect(!election.isLeader)
        await client.close()
    }

    @Test(.timeLimit(.minutes(2))) func aLeaderThatIsCutOffStepsDownBeforeAnotherIsElected() async throws {
        let server = try await ZooKeeperServer.start()
        let relay = try TestRelay(to: server.address)
        let (one, first) = candidate("a:1", ZooKeeperURL(servers: [relay.address], path: ""), timeout: .seconds(2))
        let (two, second) = candidate("b:1", server.url(), timeout: .seconds(2))
        await first.start()
        try await eventually("a leads") { first.isLeader }
        await second.start()
        try await eventually("b entered") { try await two.children(of: "/app/leader-curator").count == 2 }
        let term = try #require(first.term)
        var events = await second.events().makeAsyncIterator()
        let clock = ContinuousClock()
        let steppedDown = Task {
            for await event in await first.events() where event == .lost(.outOfContact) { return clock.now }
            return clock.now
        }
        relay.stall()
        while let event = await events.next() {
            if case .elected = event { break }
        }
        let elected = clock.now
        #expect(!first.isLeader && second.isLeader)
        #expect(await steppedDown.value < elected)
        // Back in touch, it learns that its session is over, and enters again behind the new leader.
        relay.recover()
        try await eventually("a is back") { first.leader?.text == "b:1" && one.sessionID != nil }
        try await eventually("a entered again") { try await two.children(of: "/app/leader-curator").count == 2 }
        #expect(try await two.exists(term.path) == nil && second.isLeader && !first.isLeader)
        await first.stop()
        await second.stop()
        await one.close()
        await two.close()
    }

    /// A server that was cut off from the others answers reads for `syncLimit` (3 s here), longer than the sessions last (2 s).
    @Test(.timeLimit(.minutes(2))) func aLeaderOnAServerThatIsCutOffStepsDownBeforeAnotherIsElected() async throws {
        let ensemble = try await ZooKeeperEnsemble.start(separable: true)
        let leading = try await eventuallyValue("a leading server") { await ensemble.leader() }
        let cutOff = (leading + 1) % 3
        let (one, first) = candidate("a:1", ensemble.servers[cutOff].url(), timeout: .seconds(2))
        let (two, second) = candidate("b:1", ensemble.servers[leading].url(), timeout: .seconds(2))
        await first.start()
        try await eventually("a leads") { first.isLeader }
        await second.start()
        try await eventually("b entered") { try await two.children(of: "/app/leader-curator").count == 2 }
        let clock = ContinuousClock()
        let events = await second.events()
        let steppedDown = Task {
            for await event in await first.events() {
                if case .lost(let reason) = event { return (clock.now, reason) }
            }
            return (clock.now, .resigned)
        }
        let cut = clock.now
        ensemble.isolate(cutOff)
        for await event in events {
            if case .elected = event { break }
        }
        let elected = clock.now
        #expect(!first.isLeader && second.isLeader)
        let (time, reason) = await steppedDown.value
        #expect(time < elected && time <= cut + .seconds(2) * ElectionMachine.leaseShare + .milliseconds(200))
        #expect(reason == .outOfContact)
        ensemble.rejoin(cutOff)
        try await eventually(within: .seconds(30), "a entered again") { try await two.children(of: "/app/leader-curator").count == 2 }
        #expect(!first.isLeader && second.isLeader)
        await first.stop()
        await second.stop()
        await one.close()
        await two.close()
    }

    @Test(.timeLimit(.minutes(2)), arguments: [ElectionLayout.latch(parent: "/e"), .mesosMasters(path: "/e")])
    func aNodeWhoseCreationWasNotAnsweredIsFoundAgain(layout: ElectionLayout) async throws {
        let server = try await ZooKeeperServer.start()
        let relay = try TestRelay(to: server.address)
        let client = ZooKeeperClient(url: ZooKeeperURL(servers: [relay.address], path: ""), sessionTimeout: .seconds(20))
        let observer = ZooKeeperClient(url: server.url())
        try await client.connect()
        try await observer.connect()
        let election = LeaderElection(client: client, layout: layout, data: Array("a:1".utf8))
        relay.holdAnswers(afterRequestWith: layout.label)
        await election.start()
        let node = try await eventuallyValue("the node") { try await observer.children(of: "/e").first }
        #expect(!election.isLeader)
        relay.recover()
        try await eventually("it leads") { election.isLeader }
        #expect(try await observer.children(of: "/e") == [node])
        #expect(election.term?.path == "/e/\(node)")
        await election.stop()
        #expect(try await observer.children(of: "/e").isEmpty)
        await client.close()
        await observer.close()
    }

    @Test(.timeLimit(.minutes(2))) func aNodeDeletedByTheWrapIsHandedOverAndMadeAgain() async throws {
        let server = try await ZooKeeperServer.start()
        let (one, first) = candidate("a:1", server.url())
        let (two, second) = candidate("b:1", server.url())
        await first.start()
        try await eventually("a leads") { first.isLeader }
        await second.start()
        try await eventually("b entered") { try await two.children(of: "/app/leader-curator").count == 2 }
        try await two.delete(first.term!.path)
        try await eventually(within: .seconds(2), "b leads") { second.isLeader && !first.isLeader }
        try await eventually("a is back") { try await two.children(of: "/app/leader-curator").count == 2 }
        await first.stop()
        await second.stop()
        await one.close()
        await two.close()
    }

    @Test(.timeLimit(.minutes(2))) func aLeaderOfThePastCannotWrite() async throws {
        let server = try await ZooKeeperServer.start()
        let (one, first) = candidate("a:1", server.url())
        let (two, second) = candidate("b:1", server.url())
        await first.start()
        try await eventually("a leads") { first.isLeader }
        let old = FencedStore(client: one, root: "/app/embedded/v1")
        await #expect(throws: ZooKeeperError(.fenced, "/app/embedded/v1/epoch")) { try await old.write("/x", [1]) }
        let oldTerm = first.term
        let epoch = try await old.takeEpoch(term: oldTerm)
        try await old.write("/apps/web/1", [1])
        try await old.write("/apps/web/1", [2])
        try await old.transaction([.put("/apps/db/1", [3]), .put("/tasks/t1", [4]), .delete("/none")])
        #expect(
            try await old.readTree().mapValues(\.data) == [
                "/apps": [], "/apps/web": [], "/apps/web/1": [2], "/apps/db": [], "/apps/db/1": [3], "/tasks": [], "/tasks/t1": [4],
            ])

        await first.resign()
        await second.start()
        try await eventually("b leads") { second.isLeader }
        let new = FencedStore(client: two, root: "/app/embedded/v1")
        #expect(try await new.takeEpoch(term: second.term) > epoch)
        #expect(try await new.readTree("/apps").keys.sorted() == ["/apps", "/apps/db", "/apps/db/1", "/apps/web", "/apps/web/1"])
        await #expect(throws: ZooKeeperError(.fenced, "/app/embedded/v1/epoch")) { try await old.write("/apps/web/1", [9]) }
        await #expect(throws: ZooKeeperError(.fenced, "/app/embedded/v1/epoch")) { try await old.takeEpoch(term: oldTerm) }
        #expect(try await new.read("/apps/web/1")?.data == [2])

        // A node that the store does not know of, a deleted one, a big one.
        try await two.create("/app/embedded/v1/foreign", data: [1])
        try await new.write("/foreign", [5])
        try await new.delete("/foreign")
        try await new.delete("/foreign")
        try await new.write("/foreign/below", [6])
        try await new.deleteTree("/apps")
        #expect(try await new.readTree().keys.sorted() == ["/foreign", "/foreign/below", "/tasks", "/tasks/t1"])
        await #expect(throws: ZooKeeperError.self) { try await new.write("/big", [UInt8](repeating: 0, count: 900_001)) }

        for number in 0..<300 { try await new.write("/many/\(number)", [1]) }
        #expect(try await new.readTree("/many").count == 301)
        await first.stop()
        await second.stop()
        await one.close()
        await two.close()
    }
}
