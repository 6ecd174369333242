import ClusterCore
import ClusterTestKit
import Glibc
import HTTPClient
import JSON
import Mesos
import Supervision
import Testing

@testable import EmbeddedMesos

@Suite(.serialized) struct SlaveIntegrationTests {
    private func stdout(_ cluster: TestCluster, _ task: String) async throws -> String {
        let state = try await cluster.slave("/state")
        let frameworks = (state["frameworks"]?.array ?? []) + (state["completed_frameworks"]?.array ?? [])
        let executors = frameworks.flatMap { ($0["executors"]?.array ?? []) + ($0["completed_executors"]?.array ?? []) }
        let directory = try #require(executors.first { $0["id"]?.string == task }?["directory"]?.string)
        let answer = try await cluster.slave("/files/read?path=\(directory)/stdout&offset=0")
        return answer["data"]?.string ?? ""
    }

    @Test func `tasks run in sandboxes, end as they end, and are killed with grace`() async throws {
        try await TestCluster.with { cluster in
            let input = try cluster.directory.write("input.txt", "fetched\n")
            let framework = TestFramework(cluster)
            try await framework.subscribe()
            try await framework.launch([
                Sample.task("ok", "cat input.txt; echo $GREETING $MESOS_TASK_ID; pwd", uris: [CommandInfo.URI("file://\(input)")]),
                Sample.task("bad", "exit 3"), Sample.task("nofile", "true", uris: [CommandInfo.URI("/nonexistent/x")]),
                Sample.task("long", "trap 'sleep 0.1; exit 0' TERM; while :; do sleep 0.05; done"),
                Sample.task("stubborn", "trap '' TERM; while :; do sleep 0.05; done"),
                Sample.task(
                    "ill", "sleep 100",
                    health: HealthCheck(
                        .command(CommandInfo(value: "false")), delaySeconds: 0, intervalSeconds: 0.1, consecutiveFailures: 2,
                        gracePeriodSeconds: 0)),
                Sample.task(
                    "well", "sleep 100",
                    health: HealthCheck(.command(CommandInfo(value: "test $GREETING = hello")), delaySeconds: 0, intervalSeconds: 0.1)),
            ])
            try await framework.wait("ok", .finished)
            #expect(await framework.states("ok") == ["TASK_STARTING", "TASK_RUNNING", "TASK_FINISHED"])
            let output = try await stdout(cluster, "ok")
            #expect(output.hasPrefix("fetched\nhello ok\n\(cluster.workDirectory)/slaves/"), "\(output)")
            try await framework.wait("bad", .failed)
            #expect(await framework.last("bad")?.message == "Command exited with status 3")
            try await framework.wait("nofile", .failed)
            #expect(await framework.last("nofile")?.message?.hasPrefix("Failed to fetch /nonexistent/x: ") == true)

            try await framework.launch([DockerTests.task("container", "true", image: "any")])
            try await framework.wait("container", .error)
            #expect(await framework.last("container")?.message?.hasPrefix("no Docker engine answers at ") == true)

            try await framework.wait("long", .running)
            try await framework.kill("long")
            try await framework.wait("long", .killed)
            #expect(await framework.states("long") == ["TASK_STARTING", "TASK_RUNNING", "TASK_KILLING", "TASK_KILLED"])
            try await framework.wait("stubborn", .running)
            try await framework.kill("stubborn")
            try await framework.wait("stubborn", .killed)
            #expect(await framework.last("stubborn")?.message == "Command terminated with signal Killed")

            try await framework.wait("ill", .killed)
            #expect(await framework.last("ill")?.healthy == false)
            try await eventually("the health of well") { await framework.last("well")?.healthy == true }
            #expect(await framework.last("well")?.reason == "REASON_TASK_HEALTH_CHECK_STATUS_UPDATED")
        }
    }

    @Test func `a killed slave finds its tasks again and says what happened meanwhile`() async throws {
        try await TestCluster.with { cluster in
            let framework = TestFramework(cluster)
            try await framework.subscribe()
            try await framework.launch([
                Sample.task("stays", "sleep 1000"),
                Sample.task("ends", "while test ! -e \(cluster.directory.file("go")); do sleep 0.05; done; exit 4"),
            ])
            try await framework.wait("stays", .running)
            try await framework.wait("ends", .running)
            let pid = try #require(await framework.last("stays")?.containerStatus?["executor_pid"]?.int)
            await cluster.slave?.kill()
            try cluster.directory.write("go", "")
            try await cluster.startSlave()
            try await framework.wait("ends", .failed)
            #expect(await framework.last("ends")?.message == "Command exited with status 4")
            #expect(HostProcesses.stat(Int32(pid)) != nil)
            #expect(await framework.states("stays") == ["TASK_STARTING", "TASK_RUNNING"])
            try await framework.kill("stays")
            try await framework.wait("stays", .killed)
        }
    }

    @Test func `a new executor takes running tasks over`() async throws {
        try await TestCluster.with { cluster in
            let framework = TestFramework(cluster)
            try await framework.subscribe()
            try await framework.launch([Sample.task("a", "sleep 1000"), Sample.task("b", "sleep 1000")])
            try await framework.wait("a", .running)
            try await framework.wait("b", .running)
            let executor = try #require(cluster.executorPID())
            kill(executor, SIGKILL)
            try await eventually("another executor") { cluster.executorPID().map { $0 != executor } ?? false }
            try await framework.kill("a")
            try await framework.wait("a", .killed)
            let pid = try #require(await framework.last("b")?.containerStatus?["executor_pid"]?.int)
            kill(Int32(pid), SIGKILL)
            try await framework.wait("b", .failed)
            #expect(await framework.last("b")?.reason == "REASON_EXECUTOR_TERMINATED")
        }
    }

    @Test func `statuses are repeated to a new master until they are acknowledged, in order`() async throws {
        try await TestCluster.with { cluster in
            let framework = TestFramework(cluster)
            try await framework.subscribe()
            await framework.set(acknowledges: false)
            try await framework.launch([Sample.task("t", "exit 0")])
            try await framework.wait("t", .starting)
            let uuid = await framework.last("t")?.uuid
            await cluster.killMaster()
            try await cluster.startMaster()
            try await framework.subscribe()
            await framework.set(acknowledges: true)
            try await framework.wait("t", .finished, within: .seconds(60))
            let uuids = await framework.statuses.filter { $0.taskID == "t" }.compactMap(\.uuid)
            #expect(uuids.filter { $0 == uuid }.count >= 2)
            #expect(Array(await framework.states("t").suffix(3)) == ["TASK_STARTING", "TASK_RUNNING", "TASK_FINISHED"])
        }
    }

    @Test func `USR1 ends all tasks, and changed resources are refused`() async throws {
        try await TestCluster.with { cluster in
            let framework = TestFramework(cluster)
            try await framework.subscribe()
            try await framework.launch([Sample.task("t", "sleep 1000")])
            try await framework.wait("t", .running)
            let pid = try #require(await framework.last("t")?.containerStatus?["executor_pid"]?.int)
            #expect(await cluster.slave?.terminate() == 0)
            #expect(HostProcesses.stat(Int32(pid)) != nil)
            try await cluster.startSlave(resources: "cpus:1;mem:1;disk:1;ports:[31000-31999]", waits: false)
            #expect(await cluster.slave?.wait() == 1)
            #expect(cluster.slave?.output.contains("Incompatible agent info detected: resources were cpus:400") == true)
            try await cluster.startSlave()
            cluster.slave?.signal(SIGUSR1)
            #expect(await cluster.slave?.wait() == 0)
            #expect(HostProcesses.stat(Int32(pid)) == nil)
            try await eventually("the executor's end") { cluster.executorPID() == nil }
        }
    }
}
