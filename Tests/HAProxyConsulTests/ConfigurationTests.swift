import ClusterCore
import ClusterTestKit
import Consul
import HAProxy
import Supervision
import Templating
import Testing

@testable import haproxy_consul

/// What is rendered, before HAProxy itself.
@Suite struct ConfigurationTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory("cfg") }

    private var policy: RouteTable.Policy {
        var policy = RouteTable.Policy()
        policy.httpsPort = 443
        policy.domain = "lb.test"
        return policy
    }

    private func render(_ table: RouteTable, in path: String? = nil) throws -> Rendering {
        var surroundings = Rendering.Surroundings.sample
        surroundings.directory = path ?? directory.path
        surroundings.httpsPort = 443
        surroundings.masters = ["10.0.0.1", "fd00::1"]
        surroundings.masterEndpoints = ["mesos:5050", "marathon:8080"].compactMap(MasterEndpoint.init)
        surroundings.domain = "lb.test"
        surroundings.statistics = .init(bind: HostPort(host: "127.0.0.1", port: 1936), user: "admin", password: "pa#ss{}$x")
        let renderer = Renderer(
            surroundings, template: try Template(ConfigurationTemplate.text, name: "t"),
            backendTemplate: try Template(BackendTemplate.text, name: "b"))
        return try renderer.rendered(table)
    }

    /// HAProxy's complaint about the files; nil where it takes them.
    private func complaint(_ rendering: Rendering, warnings: Bool = true) async throws -> String? {
        try Files.write(rendering.mapPath, rendering.map.utf8)
        if let list = rendering.certificateList { try Files.write(list.path, list.text.utf8) }
        let path = directory.file("haproxy.cfg")
        try Files.write(path, rendering.configuration.utf8)
        let result = try await Command(ConfigurationCheck.argv(binary: "haproxy", file: path)).run()
        let said = warnings && result.errorText.contains("[WARNING]") ? result.errorText : ""
        return result.termination.isSuccess && said.isEmpty ? nil : result.complaint
    }

    private func known() async throws -> RouteTable.Known {
        try Files.makeDirectory(directory.file("certs"))
        let pem = try await TestCertificate.pem(for: ["a.test"])
        for name in ["default.pem", "a.test.pem"] { try Files.write(directory.file("certs/\(name)"), pem.utf8) }
        var known = RouteTable.Known()
        known.certificates = ["default.pem": "1", "a.test.pem": "2"]
        return known
    }

    private let everything: [ServiceInstance] = [
        instance(
            "api", 1,
            ["HAPROXY_0_VHOST": "a.test", "HAPROXY_0_PATH": "/api", "HAPROXY_0_RATE_LIMIT": "50", "HAPROXY_0_MAXCONN": "200"]),
        instance(
            "db", 1, port: 5432,
            ["service_port": "15432", "HAPROXY_0_BALANCE": "source", "HAPROXY_0_MAXCONN": "9", "HAPROXY_0_RATE_LIMIT": "2"]),
        instance("indigo", 1, ["service_port": "11000", "HAPROXY_0_SSL_CERT": "/etc/ssl/cert.pem", "HAPROXY_0_MODE": "http"]),
        instance("mail", 1, ["service_port": "11993", "HAPROXY_0_SSL_CERT": "a.test.pem"]),
        instance(
            "web", 1,
            [
                "HAPROXY_0_VHOST": "a.test", "HAPROXY_0_STICKY": "true", "HAPROXY_0_REDIRECT_TO_HTTPS": "true", "HAPROXY_0_WEIGHT": "7",
                "HAPROXY_0_BALANCE": "uri",
            ]),
    ]

    @Test func allThatLabelsCanAskForIsGoldenAndTakenByHAProxy() async throws {
        let table = RouteTable(everything, policy: policy, known: try await known())
        #expect(table.problems.isEmpty)
        #expect(try await complaint(render(table)) == nil)
        let golden = try render(table, in: "/run/mesos-cluster/haproxy")
        #expect(GoldenFile("labels.cfg").difference(from: golden.configuration) == nil)
        #expect(GoldenFile("labels.map").difference(from: golden.map) == nil)
    }

    @Test func headsAreCheckedByHAProxyWithAllElseOfTheirService() async throws {
        let checker = HeadChecker(binary: "haproxy", httpsPort: 443)
        var options = ServiceOptions()
        options.backendHead = ["http-request set-header X-A %[src] if { path_beg /x }", "timeout server 10m"]
        options.frontendHead = ["http-request deny if { src 10.0.0.0/8 }"]
        #expect(await checker.verdict(.init(mode: .http, options: options)) == "")
        options.backendHead = ["no-such-keyword"]
        #expect(await checker.verdict(.init(mode: .http, options: options)).contains("no-such-keyword"))
        options.backendHead = ["acl 'x"]
        #expect(await !checker.verdict(.init(mode: .http, options: options)).isEmpty)
    }

    /// Whatever labels hold, HAProxy takes the configuration, and nothing is in it that was not meant.
    @Test(arguments: [1, 2, 3, 4, 5, 6] as [UInt64]) func noLabelInjectsAnything(_ seed: UInt64) async throws {
        var random = SeededGenerator(seed: seed)
        let known = try await known()
        var instances: [ServiceInstance] = []
        for number in 0..<120 {
            var labels: [String: String] = [:]
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                labels[Self.keys.randomElement(using: &random) ?? ""] = Self.value(&random)
            }
            let name = Bool.random(using: &random) ? "app\(number)" : Self.value(&random) + "\(number)"
            instances.append(instance(name, number, labels))
        }
        let table = RouteTable(instances, policy: policy, known: known)
        let rendering = try render(table)
        let refusal = try await complaint(rendering)
        #expect(refusal == nil, "seed \(seed): \(refusal ?? "")")
        for mark in ["server evil", "backend evil"] { #expect(!rendering.configuration.contains(mark), "seed \(seed)") }
        #expect(rendering.map.split(separator: "\n").allSatisfy { $0.split(separator: " ").count == 2 })
        for line in rendering.configuration.split(separator: "\n") where !line.hasPrefix("    ") && !line.hasPrefix("#") {
            #expect(Self.sections.contains(String(line.split(separator: " ")[0])), "seed \(seed): \(line)")
        }
        #expect(!table.problems.contains { $0.text.utf8.contains { $0 < 32 } })
        // Half of them are plain enough to be served.
        #expect(table.backends.count > 10, "seed \(seed)")
    }

    /// Of heads put together by chance, those that HAProxy takes one by one do no harm together.
    @Test(arguments: [1, 2] as [UInt64]) func headsThatAreTakenDoNoHarmTogether(_ seed: UInt64) async throws {
        var random = SeededGenerator(seed: seed)
        var policy = policy
        policy.allowsHeads = true
        var known = try await known()
        let instances = (0..<60).map { number -> ServiceInstance in
            let lines = (0..<Int.random(in: 1...3, using: &random)).map { _ in Self.lines.randomElement(using: &random) ?? "" }
            let place = Bool.random(using: &random) ? "BACKEND_HEAD" : "FRONTEND_HEAD"
            var labels = ["HAPROXY_0_\(place)": lines.joined(separator: "\n"), "service_port": "\(12000 + number)"]
            if Bool.random(using: &random) { labels["HAPROXY_0_VHOST"] = "host\(number).test" }
            if Bool.random(using: &random) { labels["HAPROXY_0_STICKY"] = "true" }
            if Bool.random(using: &random) { labels["HAPROXY_0_RATE_LIMIT"] = "5" }
            return instance("app\(number)", number, labels)
        }
        let checker = HeadChecker(binary: "haproxy", httpsPort: 443)
        for check in RouteTable(instances, policy: policy, known: known).unchecked { known.heads[check] = await checker.verdict(check) }
        let table = RouteTable(instances, policy: policy, known: known)
        #expect(table.unchecked.isEmpty)
        let refused = Set(
            table.problems.filter { $0.text.contains("HAProxy refuses its head") || $0.text.contains("no place") }.map(\.service))
        #expect(table.backends.count + refused.count >= 60 && table.backends.count > 15 && refused.count > 5, "seed \(seed)")
        let refusal = try await complaint(render(table), warnings: false)
        #expect(refusal == nil, "seed \(seed): \(refusal ?? "")")
    }

    private static let lines = [
        "timeout server 10m", "http-request set-header X-A b", "http-request deny if { src 10.0.0.0/8 }", "option httpchk GET /health",
        "acl inner src 10.0.0.0/8", "http-request deny unless inner", "no-such-keyword", "server evil 6.6.6.6:80", "backend evil",
        "stick-table type ip size 1k expire 1m", "cookie OTHER insert", "balance leastconn", "balance hdr(x)", "mode tcp", "mode http",
        "http-response set-header X-B %[src]", "option forwardfor", "compression algo gzip", "tcp-request content accept", "acl 'x",
        "http-request",
        "errorfile 503 /nowhere", "retries 1", "fullconn 10", "http-request lua.evil", "log global", "description x", "global",
        "use_backend b",
        "http-request return status 200 content-type text/plain string 'a b'", "rate-limit sessions 10", "maxconn 5",
        "option http-buffer-request",
    ]

    private static let sections: Set = ["global", "defaults", "frontend", "backend"]
    private static let keys =
        [
            "VHOST", "PATH", "PORT", "MODE", "STICKY", "BALANCE", "ENABLED", "REDIRECT_TO_HTTPS", "SSL_CERT", "WEIGHT", "MAXCONN",
            "RATE_LIMIT",
            "BACKEND_HEAD", "FRONTEND_HEAD", "BACKEND_HTTP_OPTIONS",
        ].map { "HAPROXY_0_\($0)" } + ["HAPROXY_HTTP", "HTTP_PORT_IDX_0_NAME", "service_port"]
    private static let atoms = [
        "a.test", "b", "/api", "true", "http", "tcp", "110", "12001", "5", "leastconn", "source", "a.test.pem",
        "\n    server evil 6.6.6.6:80",
        "\r", "'", "\"", "\\", ";", " ", "%[src]", "%[env(PATH)]", "${HOME}", "#", "{", "}", "\u{0}", "ä", "..", "/", ",", "*",
        "evil\nbackend evil",
        "unless", "if { always_true }", "\u{2028}", "<<", "@1", "-", "_", ".pem", "\t", "||", "&&", "!", "=", "~", "%", ":",
    ]

    private static func value(_ random: inout SeededGenerator) -> String {
        (0..<Int.random(in: 1...3, using: &random)).map { _ in atoms.randomElement(using: &random) ?? "" }.joined()
    }
}
