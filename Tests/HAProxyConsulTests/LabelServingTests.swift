import ClusterCore
import ClusterTestKit
import Consul
import Foundation
import HTTPClient
import JSON
import Supervision
import Synchronization
import Testing

/// What labels ask for, seen by a client of the executable with a real Consul and a real HAProxy.
@Suite(.timeLimit(.minutes(3))) struct LabelServingTests {
    /// `curl` to a host name at a port of the load balancer.
    private func curl(_ url: String, at port: Int, _ arguments: [String] = []) async throws -> String {
        let format = "%{http_code} HTTP/%{http_version} %{redirect_url}"
        let argv = ["curl", "-s", "-o", "/dev/null", "-m", "5", "-w", format, "--connect-to", "::127.0.0.1:\(port)"] + arguments + [url]
        return try await Command(argv).run().outputText
    }

    private func reloads(_ balancer: RunningLoadBalancer) async throws -> Int? { try await balancer.document()["reloads"]?.int }

    @Test func hostNamesAndPortsSpeakTLSAndCertificatesAreRenewedInPlace() async throws {
        let agent = try await ConsulAgent.start()
        let consul = client(agent)
        let certificates = try TemporaryDirectory("certs")
        let (first, second) = (try await TestCertificate.pem(for: ["web.test"]), try await TestCertificate.pem(for: ["web.test"]))
        _ = try certificates.write("web.pem", first)
        _ = try certificates.write("default.pem", try await TestCertificate.pem(for: ["default.test"]))
        let (old, new) = (try certificates.write("old.trust", first), try certificates.write("new.trust", second))
        let https = try freePort()
        let balancer = try RunningLoadBalancer(
            consul: agent, ["HAPROXY_HTTPS_PORT": "\(https)", "HAPROXY_CERTS_DIR": certificates.path])
        try await balancer.start()

        let backend = try TestHTTPBackend { .init(200, $0.headers["x-forwarded-proto"] ?? "none") }
        let own = try freePort()
        try await consul.register(
            service("web", port: backend.port, ["HAPROXY_0_VHOST": "web.test", "HAPROXY_0_REDIRECT_TO_HTTPS": "true"]))
        // As INDIGO's Orchestrator asks for HTTPS.
        try await consul.register(
            service(
                "indigo", port: backend.port,
                [
                    "service_port": "\(own)", "HAPROXY_0_SSL_CERT": "/etc/ssl/cert.pem",
                    "HAPROXY_0_BACKEND_HEAD":
                        "\nbackend {backend}\n  balance {balance}\n  mode http\n  http-request add-header X-Forwarded-Proto https\n",
                ]))
        try await balancer.waitUntil("web.test", answers: 301)
        #expect(
            try await curl("http://web.test/a?b=c", at: balancer.port) == "301 HTTP/1.1 https://web.test:\(https)/a?b=c")
        #expect(try await curl("https://web.test/", at: https, ["--cacert", old]) == "200 HTTP/2 ")
        #expect(try await curl("https://web.test/", at: https, ["--cacert", new]).hasPrefix("000"))
        try await eventually("the Orchestrator's service") { try await curl("https://any/", at: own, ["-k"]).hasPrefix("200 HTTP/2") }
        #expect(backend.requests.allSatisfy { $0.headers["x-forwarded-proto"] == "https" })
        // Never without TLS there.
        #expect(try await !curl("http://any/", at: own).hasPrefix("200"))

        // Renewed without a reload.
        let before = try await reloads(balancer)
        _ = try certificates.write("web.pem", second)
        try await eventually(within: .seconds(20), "the renewed certificate") {
            try await curl("https://web.test/", at: https, ["--cacert", new]).hasPrefix("200")
        }
        #expect(try await reloads(balancer) == before)
        // One that can't be used is told, and costs nothing.
        _ = try certificates.write("web.pem", "-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n")
        _ = try certificates.write("late.pem", try await TestCertificate.pem(for: ["late.test"]))
        let late = try certificates.write("late.trust", try String(contentsOfFile: certificates.file("late.pem"), encoding: .utf8))
        try await consul.register(service("late", port: backend.port, ["HAPROXY_0_VHOST": "late.test"]))
        try await eventually(within: .seconds(20), "the certificate that came late") {
            try await curl("https://late.test/", at: https, ["--cacert", late]).hasPrefix("200")
        }
        #expect(try await curl("https://web.test/", at: https, ["--cacert", new]).hasPrefix("200"))
        try await eventually("what the certificates are for") {
            let inUse = try await balancer.document()["certificates"]?["in_use"]?.array ?? []
            return inUse.compactMap { $0["hosts"]?.array?.first?.string } == ["default.test", "late.test", "web.test"]
        }
        #expect(balancer.log.contains("certificate default.pem expires on"))
        #expect(try await balancer.document()["certificates"]?["refused"]?["web.pem"]?.string != nil)
        // After a restart, too.
        #expect(await balancer.process?.terminate(grace: .seconds(30)) == 0)
        try await balancer.start()
        try await eventually(within: .seconds(20), "HTTPS after a restart") {
            try await curl("https://web.test/", at: https, ["--cacert", new]).hasPrefix("200")
        }
        #expect(!balancer.log.contains("PRIVATE KEY"))
        let copy = try FileManager.default.attributesOfItem(atPath: balancer.directory.file("run/certs/late.pem"))
        #expect(copy[.posixPermissions] as? Int == 0o600)
        await balancer.process?.terminate()
        await agent.kill()
    }

    @Test func pathsLimitsWeightsAndHeads() async throws {
        let agent = try await ConsulAgent.start()
        let consul = client(agent)
        let balancer = try RunningLoadBalancer(consul: agent, ["HAPROXY_ALLOW_HEADS": "true"])
        try await balancer.start()
        let (web, api) = (try TestHTTPBackend { _ in .init(200, "web") }, try TestHTTPBackend { _ in .init(200, "api") })
        try await consul.register(service("web", port: web.port, ["HAPROXY_0_VHOST": "web.test"]))
        try await consul.register(service("api", port: api.port, ["HAPROXY_0_VHOST": "web.test", "HAPROXY_0_PATH": "/api"]))
        try await balancer.waitUntil("web.test", answers: 200)
        func body(_ path: String) async -> String? { await httpGet(path, port: balancer.port, headers: ["Host": "web.test"])?.body }
        try await eventually("the longer path wins") { await body("/api/x?y") == "api" }
        #expect(await body("/api") == "api")
        for path in ["/", "/apix", "/x/api", "/ap", "/API"] { #expect(await body(path) == "web", "\(path)") }

        // A path moves without a reload.
        let before = try await reloads(balancer)
        try await consul.register(service("api", port: api.port, ["HAPROXY_0_VHOST": "web.test", "HAPROXY_0_PATH": "/v2"]))
        try await eventually("the path moves") { await body("/v2") == "api" }
        #expect(await body("/api") == "web")
        #expect(try await reloads(balancer) == before)

        // Five a second and client; the sixth is refused.
        try await consul.register(service("few", port: web.port, ["HAPROXY_0_VHOST": "few.test", "HAPROXY_0_RATE_LIMIT": "5"]))
        try await balancer.waitUntil("few.test", answers: 200)
        try await eventually("requests beyond the limit are refused") {
            var answers: [Int?] = []
            for _ in 0..<12 { answers.append(await balancer.status(host: "few.test")) }
            return answers.contains(429) && answers.contains(200)
        }
        #expect(await balancer.status(host: "web.test") == 200)

        // Two at the same time over the whole service; the third is refused, and there is room again after.
        let gate = DispatchSemaphore(value: 0)
        let slow = try TestHTTPBackend { request in
            if request.target == "/slow" { gate.wait() }
            return .init(200, "slow")
        }
        try await consul.register(service("slow", port: slow.port, ["HAPROXY_0_VHOST": "slow.test", "HAPROXY_0_MAXCONN": "2"]))
        try await balancer.waitUntil("slow.test", answers: 200)
        let port = balancer.port
        async let one = httpGet("/slow", port: port, headers: ["Host": "slow.test"], timeout: .seconds(20))
        async let two = httpGet("/slow", port: port, headers: ["Host": "slow.test"], timeout: .seconds(20))
        try await eventually("both are at the server") { slow.requests.count { $0.target == "/slow" } == 2 }
        #expect(await balancer.status(host: "slow.test") == 503)
        gate.signal()
        gate.signal()
        #expect(await [one?.status, two?.status] == [200, 200])
        try await balancer.waitUntil("slow.test", answers: 200)

        // One head is good, one is not: that one's service alone is left out.
        try await consul.register(
            service(
                "fine", port: web.port, ["HAPROXY_0_VHOST": "fine.test", "HAPROXY_0_BACKEND_HEAD": "http-request deny deny_status 403"]))
        try await consul.register(
            service("broken", port: web.port, ["HAPROXY_0_VHOST": "broken.test", "HAPROXY_0_BACKEND_HEAD": "no-such-keyword"]))
        try await consul.register(service("after", port: web.port, ["HAPROXY_0_VHOST": "after.test"]))
        try await balancer.waitUntil("fine.test", answers: 403)
        try await balancer.waitUntil("after.test", answers: 200)
        #expect(await balancer.status(host: "broken.test") == 503)
        let problems = try await balancer.document()["problems"]?.array ?? []
        #expect(problems.count == 1 && problems[0]["service"]?.string == "broken")
        #expect(problems[0]["problem"]?.string?.contains("no-such-keyword") == true)
        await balancer.process?.terminate()
        await agent.kill()
    }

    @Test func clientsStayAndWeightsCountForServersThatCameLater() async throws {
        let agent = try await ConsulAgent.start()
        let consul = client(agent)
        let balancer = try RunningLoadBalancer(consul: agent)
        try await balancer.start()
        let backends = try (0..<3).map { number in try TestHTTPBackend { _ in .init(200, "\(number)") } }
        func register(_ number: Int, _ labels: [String: String]) async throws {
            let labels = ["HAPROXY_GROUP": "external", "HAPROXY_0_VHOST": "web.test"].merging(labels) { $1 }
            try await consul.register(
                ServiceRegistration(id: "web-\(number)", name: "web", port: backends[number].port, meta: labels))
        }
        try await register(0, ["HAPROXY_0_STICKY": "true"])
        try await balancer.waitUntil("web.test", answers: 200)
        // HAProxy serves it before the updater has verified that, and counts.
        try await eventually("the reload is counted") { try await (reloads(balancer) ?? 0) > 0 }
        let before = try await reloads(balancer)
        try await register(1, ["HAPROXY_0_STICKY": "true"])
        try await register(2, ["HAPROXY_0_STICKY": "true", "HAPROXY_0_WEIGHT": "0"])
        let jar = balancer.directory.file("jar")
        func get(_ arguments: [String]) async throws -> String {
            try await Command(
                ["curl", "-s", "-m", "5", "-H", "Host: web.test"] + arguments + ["http://127.0.0.1:\(balancer.port)/"]
            ).run().outputText
        }
        // A client that came to the server that was added stays there.
        try await eventually("a cookie of the added server") { try await get(["-c", jar]) == "1" }
        for _ in 0..<20 { #expect(try await get(["-b", jar]) == "1") }
        var seen: Set<String> = []
        for _ in 0..<30 { seen.insert(try await get([])) }
        #expect(seen == ["0", "1"])
        #expect(try await reloads(balancer) == before)
        // Its weight makes it one of them.
        try await register(2, ["HAPROXY_0_STICKY": "true", "HAPROXY_0_WEIGHT": "50"])
        try await eventually("the weight counts") { try await get([]) == "2" }
        #expect(try await reloads(balancer) == before)
        await balancer.process?.terminate()
        await agent.kill()
    }

    @Test func theMasterThatLeadsIsPublished() async throws {
        let agent = try await ConsulAgent.start()
        // Addresses of its own: the probe's port is the same on all masters.
        let addresses = ["127.83.19.1", "127.83.19.2"]
        let leads = Mutex(addresses[0])
        let port = try freePort(on: addresses[0])
        var servers: [TestHTTPBackend] = []
        for address in addresses {
            servers.append(try TestHTTPBackend(port: port, on: address) { _ in .init(200, address) })
            servers.append(
                try TestHTTPBackend(port: 9153, on: address) { _ in
                    let role = leads.withLock { $0 } == address ? "leader" : "standby"
                    return .init(200, (["component": "marathon", "role": .string(role), "detail": .null] as JSON).text())
                })
        }
        let balancer = try RunningLoadBalancer(
            consul: agent,
            [
                "HAPROXY_DOMAIN": "lb.test", "HAPROXY_MASTERS": addresses.joined(separator: ","),
                "HAPROXY_MASTER_ENDPOINTS": "marathon:\(port)",
            ])
        try await balancer.start()
        func body() async -> String? { await httpGet("/", port: balancer.port, headers: ["Host": "marathon.lb.test"])?.body }
        for leader in addresses {
            leads.withLock { $0 = leader }
            try await eventually(within: .seconds(20), "\(leader) leads") {
                for _ in 0..<4 { guard await body() == leader else { return false } }
                return true
            }
        }
        // No service may take its name.
        try await client(agent).register(service("thief", port: port, ["HAPROXY_0_VHOST": "marathon.lb.test"]))
        try await eventually("the claim is refused") {
            try await balancer.document()["problems"]?.array?.contains { $0["problem"]?.string?.contains("is reserved") == true } == true
        }
        #expect(await body() == addresses[1])
        await balancer.process?.terminate()
        await agent.kill()
    }

    @Test func theStatisticsPageWantsItsPassword() async throws {
        let agent = try await ConsulAgent.start()
        let port = try freePort()
        let open = try RunningLoadBalancer(consul: agent, ["HAPROXY_STATS_BIND": "127.0.0.1:\(port)"])
        try await open.start()
        #expect(await open.process?.wait() == 78)
        #expect(open.log.contains("HAPROXY_STATS_PASSWORD_FILE"))
        let secret = try TemporaryDirectory("secret")
        let file = try secret.write("password", "pa#ssword\n")
        let balancer = try RunningLoadBalancer(
            consul: agent, ["HAPROXY_STATS_BIND": "127.0.0.1:\(port)", "HAPROXY_STATS_PASSWORD_FILE": file])
        chmod(file, 0o600)
        try await balancer.start()
        try await balancer.waitUntil("web.test", answers: 503)
        #expect(await httpGet("/", port: port)?.status == 401)
        let answer = try await Command(
            ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "-u", "admin:pa#ssword", "http://127.0.0.1:\(port)/"]
        ).run()
        #expect(answer.outputText == "200")
        #expect(!balancer.log.contains("pa#ssword"))
        let configuration = try FileManager.default.attributesOfItem(atPath: balancer.directory.file("run/haproxy.cfg"))
        #expect(configuration[.posixPermissions] as? Int == 0o600)
        await balancer.process?.terminate()
        await agent.kill()
    }
}
