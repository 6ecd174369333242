import ClusterTestKit
import JSON
import Marathon
import Mesos
import Testing

@testable import MarathonScheduler

@Suite struct PlannerTests {
    private func app(_ id: String, _ fields: JSONObject = [:]) throws -> App {
        var object: JSONObject = ["id": .string(id), "cmd": "sleep 1"]
        for (key, value) in fields { object[key] = value }
        return try App(json: .object(object))
    }

    /// The GPU path of INDIGO's Orchestrator: it would end as TASK_ERROR, again and again.
    @Test func imagesWithoutDockerAreRefusedWhereNoAgentRunsThem() throws {
        let app = try app("/a", ["container": ["type": "MESOS", "docker": ["image": "i", "network": "HOST"]], "gpus": 1])
        var validation = AppValidation(features: ["gpu_resources"])
        #expect(validation.problems(of: app) == [])
        validation.isOnEmbeddedMesos = true
        let problems = validation.problems(of: app)
        #expect(problems.map(\.path) == ["/container/type", "/gpus"])
        #expect(problems.first?.message.contains("DOCKER") == true)
        var docker = app
        docker.container?.engine = .docker
        docker.gpus = 0
        #expect(validation.problems(of: docker) == [])
    }

    @Test(arguments: [
        // instances, minimum, over → killed at once, started at once, with all old ones healthy
        (4, 1.0, 1.0, 0, 4), (4, 0.5, 1.0, 2, 4), (4, 0.5, 0.0, 2, 0), (4, 1.0, 0.0, 0, 1), (1, 0.0, 0.0, 1, 0), (3, 0.5, 0.5, 1, 1),
        (10, 0.0, 0.0, 10, 0),
    ]) func theFirstStepOfARollingRestart(_ instances: Int, _ minimum: Double, _ over: Double, _ kill: Int, _ launch: Int) {
        let strategy = UpgradeStrategy(minimumHealthCapacity: minimum, maximumOverCapacity: over)
        let plan = RollingRestart(
            instances: instances, strategy: strategy, oldActive: instances, oldAll: instances, new: 0, newReady: 0)
        #expect(plan.kill == kill)
        #expect(plan.launch == launch)
        #expect(!plan.isDone)
    }

    /// Follows a restart to its end, task by task, and watches that the promises hold all the way.
    @Test(arguments: [(1.0, 1.0), (1.0, 0.0), (0.5, 0.0), (0.5, 0.5), (0.0, 0.0), (0.8, 0.2)])
    func aRollingRestartKeepsItsPromisesToTheEnd(_ minimum: Double, _ over: Double) {
        let strategy = UpgradeStrategy(minimumHealthCapacity: minimum, maximumOverCapacity: over)
        for instances in [1, 2, 3, 5, 10] {
            let least = Int((Double(instances) * minimum).rounded(.up))
            let most = max(Int((Double(instances) * (1 + over)).rounded(.down)), least + 1)
            var (old, dying, new, ready) = (instances, 0, 0, 0)
            var steps = 0
            while true {
                let plan = RollingRestart(
                    instances: instances, strategy: strategy, oldActive: old, oldAll: old + dying, new: new, newReady: ready)
                if plan.isDone { break }
                old -= plan.kill
                dying += plan.kill
                new += plan.launch
                #expect(old + ready >= min(least, instances))
                #expect(old + dying + new <= most)
                // One thing happens at a time.
                if dying > 0 { dying -= 1 } else if ready < new { ready += 1 }
                steps += 1
                guard steps < 1000 else {
                    Issue.record("it does not end: \(instances) \(minimum) \(over)")
                    break
                }
            }
            #expect(old == 0 && new == instances)
        }
    }

    @Test func deploysDependenciesFirst() throws {
        var target = RootGroup(version: Timestamp(milliseconds: 1))
        target.put(try app("/shop/web", ["dependencies": ["/shop/api"]]))
        target.put(try app("/shop/api", ["dependencies": ["/data"]]))
        target.put(try app("/data/db"))
        let steps = DeploymentPlanner.steps(from: RootGroup(version: Timestamp(milliseconds: 0)), to: target)
        #expect(
            steps.map { $0.map { "\($0.kind.rawValue) \($0.app)" } } == [
                ["StartApplication /data/db", "StartApplication /shop/api", "StartApplication /shop/web"],
                ["ScaleApplication /data/db"], ["ScaleApplication /shop/api"], ["ScaleApplication /shop/web"],
            ])
        var cyclic = target
        cyclic.put(try app("/data/db", ["dependencies": ["/shop/web"]]))
        #expect(cyclic.appInCycle() != nil && target.appInCycle() == nil)
    }

    private func match(_ app: App, count: Int, _ offer: Offer, placed: [Instance] = []) -> (
        launches: [OfferMatcher.Launch], mismatch: OfferMatcher.Mismatch?
    ) {
        var demands = [OfferMatcher.Demand(app: app, count: count, placed: placed)]
        var random = SeededGenerator(seed: 42)
        let result = OfferMatcher(acceptedRoles: ["*"], limitPerOffer: nil).match(offer, &demands, random: &random) { launch in
            Instance(
                taskID: "t", appID: launch.app.id, appVersion: launch.app.version, agentID: "a", host: offer.hostname,
                hostPorts: launch.hostPorts, attributes: offer.textAttributes, stagedAt: Timestamp(milliseconds: 0))
        }
        return (result.launches, result.mismatches[app.id])
    }

    private func offer(
        _ resources: Resources = Resources(cpus: 4, mem: 4096, disk: 100, ports: ValueRanges([31000...31009])), host: String = "h1",
        attributes: [Attribute] = []
    ) -> Offer {
        Offer(id: "o", frameworkID: "f", agentID: "a", hostname: host, resources: resources, attributes: attributes)
    }

    @Test func launchesAsManyAsFit() throws {
        let small = try app("/a", ["cpus": 0.5, "mem": 128])
        let result = match(small, count: 100, offer())
        #expect(result.launches.count == 8)
        #expect(result.mismatch == .cpus)
        let ports = result.launches.flatMap(\.hostPorts)
        #expect(Set(ports).count == 8 && ports.allSatisfy { (31000...31009).contains($0) })
        let ported = try app("/b", ["cpus": 0.1, "mem": 1, "portDefinitions": [["port": 0], ["port": 0], ["port": 0]]])
        #expect(match(ported, count: 100, offer()).launches.count == 3)
        #expect(match(ported, count: 100, offer()).mismatch == .ports)
    }

    @Test func takesFixedPortsAndOnlyItsRoles() throws {
        let fixed = try app("/a", ["portDefinitions": [["port": 31005]], "requirePorts": true, "cpus": 0.1])
        #expect(match(fixed, count: 2, offer()).launches.map(\.hostPorts) == [[31005]])
        let taken = try app("/a", ["portDefinitions": [["port": 99]], "requirePorts": true])
        #expect(match(taken, count: 1, offer()).mismatch == .ports)
        let reserved = Resources([.scalar("cpus", 4, role: "special"), .scalar("mem", 4096, role: "special")])
        #expect(match(try app("/a", ["ports": []]), count: 1, offer(reserved)).mismatch == .role)
        let allowed = try app("/a", ["ports": [], "acceptedResourceRoles": ["special"]])
        #expect(match(allowed, count: 1, offer(reserved)).launches.first?.resources.items.allSatisfy { $0.role == "special" } == true)
    }

    @Test func meetsConstraints() throws {
        let rack = Attribute("rack", .text("r1"))
        func fits(_ constraint: JSON, placed hosts: [(String, String)] = [], _ offer: Offer) throws -> Bool {
            let app = try app("/a", ["constraints": [constraint], "cpus": 0.1, "mem": 1])
            let placed = hosts.map { host, rack in
                Instance(
                    taskID: host, appID: app.id, appVersion: app.version, agentID: host, host: host, hostPorts: [],
                    attributes: ["rack": rack], stagedAt: Timestamp(milliseconds: 0))
            }
            return match(app, count: 1, offer, placed: placed).launches.count == 1
        }
        let here = offer(attributes: [rack])
        #expect(try fits(["hostname", "UNIQUE"], placed: [("h2", "r1")], here))
        #expect(try !fits(["hostname", "UNIQUE"], placed: [("h1", "r1")], here))
        #expect(try fits(["rack", "CLUSTER", "r1"], here) && !fits(["rack", "CLUSTER", "r2"], here))
        #expect(try !fits(["rack", "CLUSTER"], placed: [("h2", "r2")], here))
        #expect(try fits(["rack", "LIKE", "r[0-9]"], here) && !fits(["rack", "LIKE", "r"], here) && !fits(["zone", "LIKE", ".*"], here))
        #expect(
            try fits(["rack", "UNLIKE", "r2"], here) && fits(["zone", "UNLIKE", ".*"], here) && !fits(["rack", "UNLIKE", "r1"], here))
        #expect(try fits(["rack", "MAX_PER", "2"], placed: [("h2", "r1")], here))
        #expect(try !fits(["rack", "MAX_PER", "2"], placed: [("h2", "r1"), ("h3", "r1")], here))
        #expect(try !fits(["rack", "GROUP_BY", "2"], placed: [("h2", "r1")], here))
        #expect(try fits(["rack", "GROUP_BY", "2"], placed: [("h2", "r1"), ("h3", "r2")], here))
    }

    @Test func backsOffByItsFactorAndStartsAfreshWithTheConfiguration() throws {
        var app = try app("/a", ["backoffSeconds": 2, "backoffFactor": 2, "maxLaunchDelaySeconds": 7])
        var backoff = LaunchBackoff()
        var now = Timestamp(milliseconds: 0)
        for expected in [2.0, 4, 7, 7] {
            backoff.addFailure(of: app, now: now)
            let until = try #require(backoff.delayedUntil(app, now: now))
            #expect(until.seconds(since: now) == expected)
            now = until
        }
        #expect(backoff.delayedUntil(app, now: now) == nil)
        backoff.addFailure(of: app, now: now)
        app.lastConfigChangeAt = Timestamp(milliseconds: 9)
        #expect(backoff.delayedUntil(app, now: now) == nil)
    }

    @Test func healthCountsFailuresInARowOutsideTheGracePeriod() {
        var check = HealthCheck()
        check.gracePeriodSeconds = 10
        check.maxConsecutiveFailures = 2
        var tracker = HealthTracker()
        func at(_ seconds: Int64) -> Timestamp { Timestamp(milliseconds: seconds * 1000) }
        func take(_ failure: String?, _ seconds: Int64) -> HealthTracker.Verdict {
            tracker.take(failure, of: check, at: 0, startedAt: at(0), now: at(seconds))
        }
        #expect(take("refused", 5) == HealthTracker.Verdict())
        #expect(take(nil, 6).hasChanged && tracker.isHealthy(checks: 1))
        let first = take("refused", 7)
        #expect(first.hasFailed && first.hasChanged && !first.mustKill && tracker.isUnhealthy(checks: 1))
        #expect(!take(nil, 8).mustKill)
        #expect(!take("refused", 9).mustKill)
        #expect(take("refused", 10).mustKill)
    }

    @Test func killsTheUselessFirstThenByAge() {
        func instance(_ id: String, _ staged: Int64, _ condition: Instance.Condition) -> Instance {
            Instance(
                taskID: id, appID: .root, appVersion: Timestamp(milliseconds: 0), agentID: "", host: "", hostPorts: [], attributes: [:],
                stagedAt: Timestamp(milliseconds: staged), condition: condition)
        }
        let all = [
            instance("old", 1, .running), instance("young", 3, .running), instance("ill", 2, .running), instance("staging", 0, .staging),
        ]
        let isHealthy = { (instance: Instance) in instance.taskID != "ill" }
        #expect(
            KillOrder.choose(4, of: all, selection: .youngestFirst, isHealthy: isHealthy).map(\.taskID) == [
                "staging", "ill", "young", "old",
            ])
        #expect(KillOrder.choose(3, of: all, selection: .oldestFirst, isHealthy: isHealthy).map(\.taskID) == ["staging", "ill", "old"])
    }

    @Test func tasksFindTheirVariables() throws {
        let app = try App(json: [
            "id": "/shop/web", "cmd": "x", "cpus": 0.1, "mem": 16, "labels": ["my-label.x": "v"], "env": ["PORT": "own"],
            "portDefinitions": [["port": 10001, "name": "http-api"], ["port": 0]],
        ])
        let variables = TaskEnvironment.variables(of: app, taskID: "t", host: "h", hostPorts: [31000, 31001], prefix: "")
        #expect(variables["PORT0"] == "31000" && variables["PORT1"] == "31001" && variables["PORTS"] == "31000,31001")
        #expect(variables["PORT"] == "own" && variables["PORT_10001"] == "31000" && variables["PORT_HTTP_API"] == "31000")
        #expect(variables["MARATHON_APP_RESOURCE_CPUS"] == "0.1" && variables["MARATHON_APP_RESOURCE_MEM"] == "16.0")
        #expect(variables["MARATHON_APP_LABEL_MY_LABEL_X"] == "v" && variables["MARATHON_APP_LABELS"] == "MY_LABEL_X")
        #expect(TaskEnvironment.variables(of: app, taskID: "t", host: "h", hostPorts: [1, 2], prefix: "P_")["P_HOST"] == "h")
    }

    @Test func selectsByLabels() throws {
        let labels = ["a": "1", "b": "2"]
        for (text, matches) in [
            ("a==1", true), ("a==2", false), ("a!=2", true), ("c!=2", true), ("a", true), ("c", false), ("a in (1, 3)", true),
            ("a notin (1)", false), ("c notin (1)", true), ("a==1,b==2", true), ("a in (1,2),b==3", false),
        ] {
            #expect(try #require(LabelSelector(text)).matches(labels) == matches, "\(text)")
        }
        #expect(LabelSelector("a in 1") == nil && LabelSelector("==x") == nil)
    }

    @Test func offersAreAskedForOnlyWhileWanted() {
        var flow = OfferFlow()
        let (a, b) = (PathID(segments: ["a"]), PathID(segments: ["b"]))
        func at(_ seconds: Double) -> Timestamp { Timestamp(milliseconds: 0).adding(seconds: seconds) }
        #expect(flow.update([], minimumInterval: 5, now: at(0)) == .suppress)
        #expect(flow.update([], minimumInterval: 5, now: at(1)) == nil)
        #expect(flow.update([a], minimumInterval: 5, now: at(2)) == .revive)
        #expect(flow.update([a], minimumInterval: 5, now: at(3)) == nil)
        #expect(flow.update([a, b], minimumInterval: 5, now: at(4)) == nil)
        #expect(flow.reviveAt == at(7))
        #expect(flow.update([a, b], minimumInterval: 5, now: at(7)) == .revive)
        #expect(flow.update([], minimumInterval: 5, now: at(8)) == .suppress)
    }
}
