import Chronos
import ClusterTestKit
import JSON
import Testing

@Suite(.timeLimit(.minutes(5)), .serialized) struct ChronosClusterTests {
    /// The times of a job's runs: each run appends its due time to a file.
    private func runs(_ cluster: ChronosCluster, _ name: String) -> [Int] {
        (cluster.directory.read(name) ?? "").split(separator: "\n").compactMap { Int($0) }
    }

    @Test func `a file is fetched, a child follows, and failures are retried`() async throws {
        try await ChronosCluster.with(chronos: 1) { cluster in
            let input = try cluster.directory.write("input.txt", "20\n22\n")
            let out = cluster.directory.file("sum")
            let chronos = cluster.client(0)
            try await chronos.put([
                "name": "sum", "command": .string("awk '{ s += $1 } END { print s }' input.txt > \(out)"),
                "fetch": [["uri": .string("file://\(input)"), "extract": false]], "constraints": [["rack", "LIKE", "r[0-9]"]],
            ])
            try await chronos.put([
                "name": "show", "command": .string("echo \"sum is $(cat \(out)), $CHRONOS_JOB_NAME\" > \(out).shown"), "parents": ["sum"],
            ])
            try await eventually(within: .seconds(60), "the child's result") { cluster.directory.read("sum.shown") == "sum is 42, show\n" }
            // The first attempt fails, the second does not.
            let marker = cluster.directory.file("marker")
            try await chronos.put([
                "name": "flaky", "command": .string("test -e \(marker) || { touch \(marker); exit 3; }"), "retries": 1,
            ])
            try await eventually(within: .seconds(60), "the retry's success") {
                try await chronos.job("flaky")?["successCount"]?.int == 1
            }
            #expect(try await chronos.job("flaky")?["errorCount"] == 0)
        }
    }

    @Test func `the schedule goes on when the leader is killed, and nothing runs twice`() async throws {
        try await ChronosCluster.with(chronos: 2) { cluster in
            let first = try #require(try await cluster.leader())
            let standby = cluster.client(1 - first)
            // Posted to the standby, which passes it on.
            let ticks = cluster.directory.file("ticks")
            let long = cluster.directory.file("long")
            try await standby.put([
                "name": "tick", "command": .string("echo $CHRONOS_JOB_RUN_TIME >> \(ticks)"), "schedule": "R//PT1S", "mem": 16, "disk": 1,
            ])
            try await standby.put([
                "name": "long", "command": .string("echo $CHRONOS_JOB_RUN_TIME >> \(long); sleep 5"), "mem": 16, "disk": 1,
            ])
            try await eventually(within: .seconds(60), "both jobs' first runs") {
                runs(cluster, "ticks").count > 2 && !runs(cluster, "long").isEmpty
            }
            await cluster.kill("chronos\(first)")
            let before = runs(cluster, "ticks").count
            try await eventually(within: .seconds(60), "runs under the next leader") { runs(cluster, "ticks").count > before + 3 }
            #expect(try await cluster.leader() == 1 - first)
            try await eventually(within: .seconds(60), "the long run's end") { try await standby.job("long")?["successCount"]?.int == 1 }
            #expect(runs(cluster, "long").count == 1)
            let times = runs(cluster, "ticks")
            #expect(Set(times).count == times.count, "a target ran twice: \(times)")
        }
    }
}
