import ClusterCore
import ClusterTestKit
import Consul
import JSON
import Marathon
import Testing

/// The executable between a real embedded Marathon and a real Consul.
@Suite(.serialized, .timeLimit(.minutes(5))) struct MarathonBridgeTests {
    private static let sleeper: JSON = ["id": "/sleep", "cmd": "sleep 3600", "cpus": 0.1, "mem": 16, "instances": 2]

    private func tasks(_ cluster: MarathonCluster, of app: String = "sleep") async throws -> [JSON] {
        try await cluster.values("marathon/\(app)/tasks/").values.filter { !$0.isNull }
    }

    @Test func appsAndTasksBecomeKeysAndLateEventsChangeNothing() async throws {
        try await MarathonCluster.with(marathons: 1) { cluster in
            let (marathon, relay) = (cluster.client(0), cluster.relays[0])
            try await cluster.consul.setValue(Array("mine".utf8), of: "marathon/notes")
            try await marathon.expect("POST", "/v2/apps", Self.sleeper)
            try await eventually(within: .seconds(30), "two routable tasks") {
                try await tasks(cluster).count { $0["routable"] == true && $0["taskStatus"] == "TASK_RUNNING" } == 2
            }
            let definition = try #require(try await cluster.values()["sleep"])
            #expect(definition["id"] == "/sleep" && definition["cmd"] == "sleep 3600")

            // Scaled down: by events, long before the next comparison.
            try await marathon.expect("PUT", "/v2/apps/sleep", ["instances": 1])
            try await eventually(within: .seconds(20), "one task") { try await tasks(cluster).count == 1 }
            let left = try #require(try await tasks(cluster).first?["id"]?.string)
            try await eventually("all is told") { try await marathon.deployments().isEmpty }

            // Everything that was ever told, once more.
            let before = try await cluster.consul.values(under: "marathon/")
            let bytes = relay.count
            relay.replay()
            try await marathon.expect("PUT", "/v2/apps/sleep", ["labels": ["after": "replay"]])
            try await eventually("what came after the late events has been taken in") {
                relay.count > bytes ? try await cluster.values()["sleep"]?["labels"]?["after"] == "replay" : false
            }
            try await eventually(within: .seconds(20), "the rolling restart is done") {
                guard try await marathon.deployments().isEmpty else { return false }
                return try await tasks(cluster).count == 1
            }
            let dead = Set(before.map(\.key)).union(["marathon/sleep/tasks/\(left)"])
            let now = try #require(try await tasks(cluster).first?["id"]?.string)
            #expect(!dead.contains("marathon/sleep/tasks/\(now)") && now != left)
            relay.replay()

            // The app goes, with all its keys and none of another's.
            try await marathon.expect("DELETE", "/v2/apps/sleep")
            try await eventually(within: .seconds(20), "no key but the foreign one") {
                try await cluster.consul.values(under: "marathon/").map(\.key) == ["marathon/notes"]
            }
            relay.replay()
            try await eventually("the late events have no effect") {
                try await cluster.consul.values(under: "marathon/").map(\.key) == ["marathon/notes"]
            }
            #expect(await cluster.process("bridge0")?.terminate() == 0)
        }
    }

    @Test func aLaggingStreamDoesNotResurrectWhatASnapshotHasBuried() async throws {
        try await MarathonCluster.with(marathons: 1, reconcile: "1s") { cluster in
            let (marathon, relay) = (cluster.client(0), cluster.relays[0])
            try await marathon.expect("POST", "/v2/apps", Self.sleeper)
            try await eventually(within: .seconds(30), "two tasks") { try await tasks(cluster).count { $0["routable"] == true } == 2 }
            try await eventually("all is told") { try await marathon.deployments().isEmpty }
            let sleep = try #require(PathID("/sleep"))
            // The stream stands still while tasks come and go; the bridge reads it in snapshots, and hears of it later.
            relay.hold()
            try await marathon.expect("PUT", "/v2/apps/sleep", ["instances": 4])
            try await eventually(within: .seconds(20), "four run") { try await marathon.app(sleep)?["tasksRunning"] == 4 }
            try await marathon.expect("PUT", "/v2/apps/sleep", ["instances": 1])
            try await eventually(within: .seconds(20), "one runs") {
                let app = try await marathon.app(sleep)
                return app?["tasksRunning"] == 1 && app?["deployments"] == []
            }
            try await eventually(within: .seconds(20), "one task is left") { try await tasks(cluster).count == 1 }
            func written() -> [String] {
                (cluster.process("bridge0")?.output ?? "").split(separator: "\n").filter { $0.contains("wrote marathon/sleep/tasks/") }
                    .map { String($0.split(separator: "/").last ?? "") }
            }
            let before = written()
            relay.release()
            try await marathon.expect("PUT", "/v2/apps/sleep", ["instances": 2])
            try await eventually(within: .seconds(20), "what came after the late events is there") {
                try await tasks(cluster).count { $0["routable"] == true } == 2
            }
            let running = Set(
                try await marathon.expect("GET", "/v2/apps/sleep/tasks")["tasks"]?.array?.compactMap { $0["id"]?.string } ?? [])
            #expect(Set(try await tasks(cluster).compactMap { $0["id"]?.string }) == running)
            #expect(Set(written().dropFirst(before.count)).isSubset(of: running))
        }
    }

    @Test func onlyTasksThatPassTheirChecksAreRoutable() async throws {
        try await MarathonCluster.with(marathons: 1) { cluster in
            let flag = cluster.directory.file("flag")
            let check: JSON = [
                "protocol": "COMMAND", "command": ["value": .string("test -e \(flag)")], "gracePeriodSeconds": 300, "intervalSeconds": 1,
                "timeoutSeconds": 5, "maxConsecutiveFailures": 0,
            ]
            try await cluster.client(0).expect(
                "POST", "/v2/apps",
                ["id": "/checked", "cmd": "sleep 3600", "cpus": 0.1, "mem": 16, "instances": 1, "healthChecks": [check]])
            try await eventually(within: .seconds(30), "it runs") {
                try await tasks(cluster, of: "checked").first?["taskStatus"] == "TASK_RUNNING"
            }
            #expect(try await tasks(cluster, of: "checked").first?["routable"] == false)
            try cluster.directory.write("flag", "")
            try await eventually(within: .seconds(20), "it is healthy") {
                try await tasks(cluster, of: "checked").first.map { $0["routable"] == true && $0["healthy"] == true } ?? false
            }
        }
    }

    @Test func anotherMarathonLeadsAndItsBridgeTakesOver() async throws {
        try await MarathonCluster.with(marathons: 2) { cluster in
            let first = try #require(await cluster.leader())
            try await cluster.client(first).expect("POST", "/v2/apps", Self.sleeper)
            try await eventually(within: .seconds(30), "two tasks") { try await tasks(cluster).count { $0["routable"] == true } == 2 }
            try await eventually("all is told") { try await cluster.client(first).deployments().isEmpty }
            let before = try await cluster.consul.values(under: "marathon/")
            await cluster.process("marathon\(first)")?.kill()
            let second = 1 - first
            try await eventually(within: .seconds(30), "the other leads") { await cluster.leader() == second }
            try await cluster.client(second).expect("POST", "/v2/apps", ["id": "/more", "cmd": "sleep 3600", "cpus": 0.1, "mem": 16])
            try await eventually(within: .seconds(30), "its bridge writes") {
                try await tasks(cluster, of: "more").contains { $0["routable"] == true }
            }
            // What was there has not been touched.
            let after = try await cluster.consul.values(under: "marathon/sleep")
            #expect(after == before.filter { $0.key.hasPrefix("marathon/sleep") })
        }
    }
}
