import ClusterCore
import ClusterTestKit
import Glibc
import HTTPClient
import JSON
import Mesos
import Supervision
import Testing

@testable import EmbeddedMesos

/// With a real engine: at `TEST_DOCKER_SOCKET`, else at Docker's own socket. Its image is made of Debian's busybox-static.
@Suite(.serialized) struct DockerTests {
    static let socket = getenv("TEST_DOCKER_SOCKET").map { String(cString: $0) } ?? "/var/run/docker.sock"
    static let image = "mesos-cluster-test-busybox"

    /// An engine must listen there, and busybox must be installed.
    static var isUsable: Bool { Files.exists(socket) && Files.isExecutable("/bin/busybox") && Executable.find("docker") != nil }

    static func task(_ id: String, _ line: String, image: String = DockerTests.image, health: HealthCheck? = nil) -> TaskInfo {
        TaskInfo(
            name: id, taskID: id, agentID: "M-S0", resources: Resources(cpus: 0.1, mem: 64),
            command: CommandInfo(value: line, environment: [.init("GREETING", "hello"), .init("LINES", "one\ntwo")]),
            container: ContainerInfo(kind: .docker, docker: DockerInfo(image: image, network: "NONE")),
            healthCheck: health, killPolicy: KillPolicy(gracePeriod: .seconds(1)))
    }

    private func docker(_ words: [String]) async throws -> Command.Result {
        try await Command(["docker", "-H", "unix://\(Self.socket)"] + words).run()
    }

    private func withEngine(_ body: (TestCluster, TestFramework) async throws -> Void) async throws {
        let directory = try TemporaryDirectory("docker")
        try Files.makeDirectory(directory.file("image/bin"))
        try Files.write(directory.file("image/bin/busybox"), try Files.read("/bin/busybox"), mode: 0o755)
        for name in ["sh", "echo", "sleep", "cat", "ls", "test"] { symlink("busybox", directory.file("image/bin/\(name)")) }
        _ = try await Command(["tar", "-C", directory.file("image"), "-cf", directory.file("image.tar"), "."]).run()
        #expect(try await docker(["import", directory.file("image.tar"), Self.image]).termination.isSuccess)
        try await TestCluster.with(dockerSocket: Self.socket) { cluster in
            let framework = TestFramework(cluster)
            try await framework.subscribe()
            try await body(cluster, framework)
        }
        _ = try await docker(["rmi", "--force", Self.image])
    }

    private func sandbox(_ cluster: TestCluster, _ task: String) async throws -> String? {
        let state = try await cluster.slave("/state")
        var executors: [JSON] = []
        for list in ["frameworks", "completed_frameworks"] {
            for framework in state[list]?.array ?? [] {
                executors += framework["executors"]?.array ?? []
                executors += framework["completed_executors"]?.array ?? []
            }
        }
        return executors.first { $0["id"]?.string == task }?["directory"]?.string
    }

    private func names() async throws -> [String] {
        try await docker(["ps", "--all", "--format", "{{.Names}}", "--filter", "name=mesos-"]).outputText.split(separator: "\n").map(
            String.init)
    }

    @Test(.enabled(if: isUsable, "no Docker engine answers, or /bin/busybox is missing"))
    func `a container runs, writes into the sandbox, and is removed`() async throws {
        try await withEngine { cluster, framework in
            try await framework.launch([
                Self.task("ok", "echo $GREETING; echo \"$LINES\"; echo made > $MESOS_SANDBOX/file; exit 3"),
                Self.task("missing", "true", image: "no.such.host/x:1"),
            ])
            try await framework.wait("ok", .failed, within: .seconds(90))
            #expect(await framework.last("ok")?.message == "Container exited with status 3")
            let directory = try #require(await sandbox(cluster, "ok"))
            #expect(readText("\(directory)/stdout") == "hello\none\ntwo\n")
            #expect(readText("\(directory)/file") == "made\n")
            try await framework.wait("missing", .failed, within: .seconds(90))
            #expect(await framework.last("missing")?.message?.hasPrefix("Failed to pull the image") == true)
            #expect(try await names().isEmpty)
        }
    }

    @Test(.enabled(if: isUsable, "no Docker engine answers, or /bin/busybox is missing"))
    func `a container is found again after the end of slave and executor`() async throws {
        try await withEngine { cluster, framework in
            try await framework.launch([
                Self.task("stays", "sleep 1000"), Self.task("ends", "while ! test -e $MESOS_SANDBOX/go; do sleep 1; done; exit 5"),
            ])
            try await framework.wait("stays", .running, within: .seconds(90))
            try await framework.wait("ends", .running, within: .seconds(90))
            let before = try await names()
            await cluster.slave?.kill()
            if let executor = cluster.executorPID() { kill(executor, SIGKILL) }
            try await cluster.startSlave()
            #expect(try await names() == before)
            let directory = try #require(await sandbox(cluster, "ends"))
            try Files.write("\(directory)/go", [])
            try await framework.wait("ends", .failed, within: .seconds(90))
            #expect(await framework.last("ends")?.message == "Container exited with status 5")
            try await framework.kill("stays")
            try await framework.wait("stays", .killed, within: .seconds(90))
            #expect(try await names().isEmpty)
        }
    }

    @Test(.enabled(if: isUsable, "no Docker engine answers, or /bin/busybox is missing"))
    func `a command check runs in the container with variables of its own`() async throws {
        try await withEngine { cluster, framework in
            let check = CommandInfo(
                value: "test \"$TOKEN\" = 's3 cret' && test \"$PEM\" = \"$LINES\"",
                environment: [.init("TOKEN", "s3 cret"), .init("PEM", "one\ntwo")])
            try await framework.launch([
                Self.task("checked", "sleep 1000", health: HealthCheck(.command(check), delaySeconds: 0, intervalSeconds: 0.2))
            ])
            try await eventually(within: .seconds(90), "health") { await framework.last("checked")?.healthy == true }
            try await framework.kill("checked")
            try await framework.wait("checked", .killed, within: .seconds(90))
        }
    }
}
