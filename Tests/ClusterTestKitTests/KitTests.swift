import ClusterCore
import ClusterTestKit
import Glibc
import Testing

@Suite struct KitTests {
    @Test(.timeLimit(.minutes(1))) func consulAnswers() async throws {
        let agent = try await ConsulAgent.start()
        let answer = try #require(await httpGet("/v1/agent/self", port: agent.http.port))
        #expect(answer.status == 200 && answer.body.contains("\"test\""))
        await agent.kill()
    }

    @Test(.timeLimit(.minutes(2))) func threeConsulServersFormACluster() async throws {
        let agents = try await ConsulAgent.cluster(3)
        try await eventually("three peers") {
            await httpGet("/v1/status/peers", port: agents[0].http.port)?.body.split(separator: ",").count == 3
        }
        for agent in agents { await agent.kill() }
    }

    @Test(.timeLimit(.minutes(1))) func haproxyPassesRequestsToABackend() async throws {
        let backend = try TestHTTPBackend { .init(200, "hello \($0.target)") }
        let port = try freePort()
        let proxy = try await HAProxyServer.start(
            """
            defaults
              mode http
              timeout connect 2s
              timeout client 5s
              timeout server 5s
            listen web
              bind 127.0.0.1:\(port)
              server one 127.0.0.1:\(backend.port)

            """, ready: port)
        let answer = try #require(await httpGet("/x", port: port))
        #expect(answer.status == 200 && answer.body == "hello /x")
        #expect(backend.requests.count == 1)
        await proxy.kill()
    }

    @Test(.timeLimit(.minutes(1))) func aProcessReportsItsExitAndItsOutput() async throws {
        let directory = try TemporaryDirectory()
        let ended = try await TestProcess(
            ["sh", "-c", "echo out; echo err >&2; pwd; exit 7"], output: directory.file("log"), directory: "/usr")
        #expect(await ended.wait() == 7)
        #expect(ended.output == "out\nerr\n/usr\n")
        let killed = try await TestProcess(["sleep", "60"], output: directory.file("log"))
        await killed.kill()
        #expect(killed.exitCode == 128 + SIGKILL)
    }
}
