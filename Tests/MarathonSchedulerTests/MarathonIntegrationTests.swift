import ClusterCore
import ClusterTestKit
import HTTPClient
import JSON
import Mesos
import Testing
import ZooKeeper

/// Real ZooKeeper, real HTTP; the master is the scripted one.
@Suite(.timeLimit(.minutes(3)))
struct MarathonIntegrationTests {
    private func withCluster(
        marathons count: Int = 1, arguments: [String] = [], _ body: (FakeMaster, [MarathonHarness], HostPort) async throws -> Void
    ) async throws {
        let zooKeeper = try await ZooKeeperServer.start()
        let master = FakeMaster()
        try await master.start(zooKeeper: ZooKeeperURL(servers: [zooKeeper.address], path: "/mesos"))
        var marathons: [MarathonHarness] = []
        for _ in 0..<count { marathons.append(try MarathonHarness(zooKeeper: zooKeeper.address, arguments: arguments)) }
        do {
            for marathon in marathons { try await marathon.waitUntilServing() }
            try await body(master, marathons, zooKeeper.address)
        } catch {
            for marathon in marathons { await marathon.stop() }
            await master.stop()
            throw error
        }
        for marathon in marathons { await marathon.stop() }
        await master.stop()
    }

    @Test func deploysScalesRestartsAndDeletes() async throws {
        try await withCluster { master, marathons, _ in
            let marathon = marathons[0]
            let app: JSON = ["id": "/shop/web", "cmd": "sleep 1000", "instances": 3, "cpus": 0.1, "mem": 16, "labels": ["tier": "front"]]
            let created = try await marathon.request("POST", "/v2/apps", app)
            #expect(created.status == 201)
            #expect(created.headers["Location"] == "/shop/web")
            #expect(created.json["tasks"] == [])
            #expect(created.json["deployments"]?.array?.count == 1)
            try await marathon.waitForDeployments()
            #expect(await master.running("web.shop").count == 3)
            #expect(try await marathon.get("/v2/apps//shop/web")["app"]?["tasksRunning"] == 3)
            #expect(try await marathon.request("POST", "/v2/apps", app).status == 409)

            let task = try #require(await master.running("web.shop").first)
            let info = try #require(await master.info(task))
            let variables = Dictionary(uniqueKeysWithValues: (info.command?.environment ?? []).map { ($0.name, $0.value) })
            #expect(variables["MARATHON_APP_ID"] == "/shop/web")
            #expect(variables["PORT0"].flatMap { Int($0) } == info.resources.ports.values.first { _ in true })
            #expect(info.labels["tier"] == "front")
            #expect(info.discovery?.ports.first?.labels["service_port"] == "11000")
            #expect(task.hasPrefix("shop_web."))

            #expect(try await marathon.request("PUT", "/v2/apps//shop/web", ["instances": 5]).status == 200)
            try await marathon.waitForDeployments()
            #expect(await master.running("web.shop").count == 5)
            #expect(await master.running("web.shop").contains(task))

            #expect(try await marathon.request("PUT", "/v2/apps//shop/web", ["cmd": "sleep 2000"]).status == 200)
            try await marathon.waitForDeployments()
            #expect(await master.running("web.shop").count == 5)
            #expect(await master.running("web.shop").contains(task) == false)

            #expect(try await marathon.request("PUT", "/v2/apps//shop/web", ["instances": 1]).status == 200)
            try await marathon.waitForDeployments()
            #expect(await master.running("web.shop").count == 1)

            #expect(try await marathon.request("DELETE", "/v2/groups//shop").status == 200)
            try await marathon.waitForDeployments()
            #expect(await master.taskCount() == 0)
            #expect(try await marathon.request("GET", "/v2/apps//shop/web").status == 404)
        }
    }

    /// What ZooKeeper can't hold is refused, and the leader goes on leading.
    @Test func refusesWhatIsTooLargeToKeep() async throws {
        try await withCluster { master, marathons, _ in
            let marathon = marathons[0]
            let huge = String(repeating: "x", count: 850_000)
            let answer = try await marathon.request("POST", "/v2/apps", ["id": "web", "cmd": .string(huge)])
            #expect(answer.status == 413)
            #expect(answer.json["message"]?.string?.contains("ZooKeeper holds at most 800000") == true)
            let group = try await marathon.request(
                "PUT", "/v2/groups", ["id": "/", "apps": [["id": "ok", "cmd": "true"], ["id": "big", "cmd": .string(huge)]]])
            #expect(group.status == 413)
            #expect(try await marathon.get("/v2/apps")["apps"] == [])
            // Just small enough is kept, and the leader is the one that it was.
            let fine = String(huge.prefix(100_000))
            #expect(try await marathon.request("POST", "/v2/apps", ["id": "web", "cmd": .string(fine), "instances": 0]).status == 201)
            try await marathon.waitForDeployments()
            #expect(try await marathon.get("/v2/apps/web")["app"]?["cmd"] == .string(fine))
            #expect(await master.subscriptions.count == 1)
        }
    }

    /// True where ZooKeeper says that the credentials do not allow it.
    private func isRefused(_ body: () async throws -> Void) async -> Bool {
        do {
            try await body()
            return false
        } catch {
            return (error as? ZooKeeperError)?.code == .noAuth
        }
    }

    /// With a user and password for ZooKeeper everything it makes there is its own.
    @Test func keepsItsStateFromOthersWhereItHasCredentials() async throws {
        let zooKeeper = try await ZooKeeperServer.start()
        let marathon = try MarathonHarness(zooKeeper: zooKeeper.address, credentials: "m:s3cr3t@")
        try await marathon.waitUntilServing()
        let created = try await marathon.request("POST", "/v2/apps", ["id": "web", "cmd": "true", "instances": 0])
        #expect(created.status == 201)
        let stranger = ZooKeeperClient(url: ZooKeeperURL(servers: [zooKeeper.address], path: ""))
        try await stranger.connect()
        let candidates = try await stranger.children(of: "/marathon/leader-curator")
        #expect(candidates.count == 1)
        for path in ["/marathon/embedded/v1", "/marathon/embedded/v1/groups/_", "/marathon/embedded/v1/epoch"] {
            let isRead = await !isRefused { _ = try await stranger.get(path) }
            #expect(!isRead, "\(path) can be read")
        }
        for path in ["/marathon/leader-curator/\(candidates[0])", "/marathon/embedded/v1/epoch", "/marathon/embedded/v1/groups/_"] {
            let isChanged = await !isRefused { _ = try await stranger.set(path, data: [1]) }
            #expect(!isChanged, "\(path) can be changed")
        }
        await stranger.close()
        // Another Marathon with the password takes over what is there.
        await marathon.stop()
        let next = try MarathonHarness(zooKeeper: zooKeeper.address, credentials: "m:s3cr3t@")
        try await next.waitUntilServing()
        #expect(try await next.get("/v2/apps/web")["app"]?["cmd"] == "true")
        await next.stop()
    }

    @Test func replacesWhatFails() async throws {
        try await withCluster { master, marathons, _ in
            let marathon = marathons[0]
            try await marathon.request("POST", "/v2/apps", ["id": "web", "cmd": "sleep 1000", "backoffSeconds": 0])
            try await marathon.waitForDeployments()
            let task = try #require(await master.running("web").first)
            await master.end(task, .failed, message: "Command exited with status 3")
            try await eventually("another task") { await master.running("web").count == 1 }
            let failure = try await marathon.get("/v2/apps/web")["app"]?["lastTaskFailure"]
            #expect(failure?["message"] == "Command exited with status 3")
            #expect(failure?["taskId"] == .string(task))
        }
    }

    @Test func aSecondMarathonTakesOverWithTheTasksUntouched() async throws {
        try await withCluster(marathons: 2) { master, marathons, _ in
            let leaderName = try #require(try await marathons[0].get("/v2/leader")["leader"]?.string)
            let leader = try #require(marathons.first { leaderName.hasSuffix(":\($0.port)") })
            let standby = try #require(marathons.first { $0 !== leader })
            // Asked of the standby, answered by the leader.
            let created = try await standby.request("POST", "/v2/apps", ["id": "web", "cmd": "sleep 1000", "instances": 4])
            #expect(created.status == 201)
            #expect(created.headers["X-Marathon-Leader"] == "http://\(leaderName)")
            try await standby.waitForDeployments()
            let before = await master.running("web")
            #expect(before.count == 4)
            await leader.stop()
            try await eventually("the standby leads") {
                try await standby.get("/v2/leader")["leader"]?.string == "127.0.0.1:\(standby.port)"
            }
            try await eventually("it knows its tasks") { try await standby.get("/v2/apps/web")["app"]?["tasksRunning"] == 4 }
            #expect(await master.running("web") == before)
            let identities = await master.subscriptions
            #expect(identities.last == "framework-0001")
            try await standby.request("PUT", "/v2/apps/web", ["instances": 5])
            try await standby.waitForDeployments()
            #expect(await master.running("web").count == 5)
            #expect(Set(before).isSubset(of: await master.running("web")))
        }
    }

    @Test func aThousandInstancesInSeconds() async throws {
        try await withCluster { master, marathons, _ in
            let marathon = marathons[0]
            let started = ContinuousClock.now
            try await marathon.request(
                "POST", "/v2/apps", ["id": "many", "cmd": "sleep 1000", "instances": 1000, "cpus": 0.1, "mem": 1])
            try await marathon.waitForDeployments()
            let took = ContinuousClock.now - started
            #expect(await master.running("many").count == 1000)
            #expect(took < .seconds(30))
            print("1,000 instances: \(took)")
        }
    }
}
