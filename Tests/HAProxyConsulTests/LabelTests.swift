import Consul
import Testing

@testable import haproxy_consul

/// What labels ask for → what is served, and what their owner is told.
@Suite struct LabelTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let labels: [String: String]
        /// What the backend must be; nil where there must be none.
        let isAsWanted: (@Sendable (RouteTable.Backend) -> Bool)?
        /// A part of each problem, in any order.
        var problems: [String] = []
        var policy = RouteTable.Policy()
        var testDescription: String { "\(labels)" }

        init(
            _ labels: [String: String], problems: [String] = [], policy change: (inout RouteTable.Policy) -> Void = { _ in },
            wanted isAsWanted: (@Sendable (RouteTable.Backend) -> Bool)?
        ) {
            self.labels = labels
            self.problems = problems
            self.isAsWanted = isAsWanted
            policy.httpsPort = 443
            policy.allowsHeads = false
            change(&policy)
        }
    }

    /// INDIGO's Orchestrator, `MarathonServiceImpl`.
    private static let orchestrators =
        "\nbackend {backend}\n  balance {balance}\n  mode http\n  http-request add-header X-Forwarded-Proto https\n"

    private static let known: RouteTable.Known = {
        var known = RouteTable.Known()
        known.certificates = ["default.pem": "1", "web.pem": "2"]
        known.refusedCertificates = ["bad.pem": "no start line"]
        return known
    }()

    static let cases: [Case] = [
        Case(["HAPROXY_0_VHOST": "A.test, b.test", "HAPROXY_0_PATH": "/api/,/v2//x"]) {
            $0.hosts == ["a.test/api", "a.test/v2/x", "b.test/api", "b.test/v2/x"]
        },
        Case(["HAPROXY_0_VHOST": "a.test", "HAPROXY_0_PATH": "/"]) { $0.hosts == ["a.test"] },
        // A path that can't be used must not open the whole host name.
        Case(["HAPROXY_0_VHOST": "a.test", "HAPROXY_0_PATH": "/a b", "service_port": "11000"], problems: ["HAPROXY_0_PATH holds '/a b'"]) {
            $0.hosts.isEmpty && $0.ports == [11000]
        },
        Case(["HAPROXY_0_VHOST": "a.test", "HAPROXY_0_PATH": "/../x"], problems: ["_PATH", "neither"], wanted: nil),
        Case(["HAPROXY_0_PATH": "/x", "service_port": "11000"], problems: ["no effect without a host name"]) { $0.mode == .tcp },
        Case(["HAPROXY_0_VHOST": "a.test", "HAPROXY_0_STICKY": "true"]) { $0.shape.isSticky },
        Case(["HAPROXY_0_VHOST": "a.test", "HAPROXY_0_STICKY": "perhaps"], problems: ["STICKY is 'perhaps'; expected true or false"]) {
            $0.shape == .plain
        },
        Case(["service_port": "11000", "HAPROXY_0_STICKY": "true"], problems: ["STICKY needs HTTP"]) { !$0.shape.isSticky },
        Case(["HAPROXY_0_VHOST": "a.test", "HAPROXY_0_BALANCE": "leastconn"]) { $0.shape.options.balance == .leastconn },
        Case(["service_port": "11000", "HAPROXY_0_BALANCE": "uri"], problems: ["uri needs HTTP"]) {
            $0.shape.options.balance == .roundrobin
        },
        Case(["HAPROXY_0_VHOST": "a.test", "HAPROXY_0_BALANCE": "static-rr"], problems: ["BALANCE is 'static-rr'; expected roundrobin"]) {
            $0.shape == .plain
        },
        Case(["HAPROXY_0_VHOST": "a.test", "HAPROXY_0_WEIGHT": "0"]) { $0.servers.map(\.weight) == [0] },
        Case(
            ["HAPROXY_0_VHOST": "a.test", "HAPROXY_0_WEIGHT": "257"], problems: ["WEIGHT is '257'; expected a whole number from 0 to 256"]
        ) {
            $0.servers.map(\.weight) == [1]
        },
        Case(["HAPROXY_0_VHOST": "a.test", "HAPROXY_0_MAXCONN": "10", "HAPROXY_0_RATE_LIMIT": "5"]) {
            $0.shape.options.maxConnections == 10 && $0.shape.options.rateLimit == 5
        },
        Case(["HAPROXY_0_VHOST": "a.test", "HAPROXY_0_RATE_LIMIT": "0"], problems: ["RATE_LIMIT is '0'"]) {
            $0.shape.options.rateLimit == nil
        },
        Case(["HAPROXY_0_VHOST": "a.test", "HAPROXY_0_ENABLED": "False"], wanted: nil),
        Case(["HAPROXY_0_VHOST": "a.test", "HAPROXY_0_GROUP": "internal"], wanted: nil),
        Case(["HAPROXY_0_VHOST": "a.test", "HAPROXY_0_MODE": "tcp", "service_port": "11000"], problems: ["no host names"]) {
            $0.hosts.isEmpty && $0.mode == .tcp
        },
        Case(["HAPROXY_0_VHOST": "a.test", "HAPROXY_0_MODE": "udp"], problems: ["MODE is 'udp'; expected http or tcp"]) {
            $0.mode == .http
        },
        Case(["HAPROXY_0_VHOST": "a.test", "HAPROXY_0_REDIRECT_TO_HTTPS": "true"]) { $0.shape.options.redirectsToHTTPS },
        Case(
            ["HAPROXY_0_VHOST": "a.test", "HAPROXY_0_REDIRECT_TO_HTTPS": "true"], problems: ["there is no HTTPS"],
            policy: { $0.httpsPort = nil }
        ) {
            $0.shape == .plain
        },
        // Certificates are the operator's, by name.
        Case(["service_port": "11000", "HAPROXY_0_SSL_CERT": "web.pem"]) { $0.shape.options.certificate == "web.pem" },
        Case(["service_port": "11000", "HAPROXY_0_SSL_CERT": "/etc/ssl/web.pem"]) { $0.shape.options.certificate == "web.pem" },
        Case(["service_port": "11000", "HAPROXY_0_SSL_CERT": "/etc/ssl/cert.pem"]) { $0.shape.options.certificate == "default.pem" },
        Case(["HAPROXY_0_VHOST": "a.test", "HAPROXY_0_SSL_CERT": "web.pem"]) { $0.shape == .plain },
        Case(
            ["HAPROXY_0_VHOST": "a.test", "service_port": "11000", "HAPROXY_0_SSL_CERT": "none.pem"],
            problems: ["none.pem, which is not in"]
        ) {
            $0.hosts == ["a.test"] && $0.ports.isEmpty
        },
        Case(
            ["service_port": "11000", "HAPROXY_0_SSL_CERT": "bad.pem"], problems: ["can't be used: no start line", "neither"], wanted: nil),
        Case(["service_port": "11000", "HAPROXY_0_SSL_CERT": "../web.pem"], problems: ["no name of a PEM file", "neither"], wanted: nil),
        Case(
            ["service_port": "11000", "HAPROXY_0_SSL_CERT": "web.pem crt x.pem"], problems: ["no name of a PEM file", "neither"],
            wanted: nil),
        // The Orchestrator's head is nothing but a mode and a header.
        Case(["service_port": "11000", "HAPROXY_0_BACKEND_HEAD": orchestrators, "HAPROXY_0_SSL_CERT": "/etc/ssl/cert.pem"]) {
            $0.mode == .http && $0.shape.options.claimsHTTPS && !$0.shape.options.hasHead && $0.shape.options.certificate == "default.pem"
        },
        Case(
            ["service_port": "11000", "HAPROXY_0_BACKEND_HEAD": "http-request deny"], problems: ["HAPROXY_ALLOW_HEADS does not allow"],
            wanted: nil),
        Case(
            ["service_port": "11000", "HAPROXY_0_BACKEND_HEAD": "backend x\n  option httpchk\n\nbackend evil\n  server a 6.6.6.6:1"],
            problems: ["'server' has no place in a head"], policy: { $0.allowsHeads = true }, wanted: nil),
        Case(
            ["service_port": "11000", "HAPROXY_0_BACKEND_HEAD": "option httpchk\n\"backend\" service_web"],
            problems: ["is no keyword"], policy: { $0.allowsHeads = true }, wanted: nil),
        Case(
            ["service_port": "11000", "HAPROXY_0_BACKEND_HEAD": "'use-server' a"], problems: ["is no keyword"],
            policy: { $0.allowsHeads = true }, wanted: nil),
        Case(
            ["service_port": "11000", "HAPROXY_0_BACKEND_HEAD": "\\x62alance source"], problems: ["is no keyword"],
            policy: { $0.allowsHeads = true }, wanted: nil),
        Case(
            ["service_port": "11000", "HAPROXY_0_BACKEND_HEAD": "${HOME} x"], problems: ["is no keyword"],
            policy: { $0.allowsHeads = true }, wanted: nil),
        Case(
            ["service_port": "11000", "HAPROXY_0_BACKEND_HEAD": "option\u{7f}x"], problems: ["not printable"],
            policy: { $0.allowsHeads = true }, wanted: nil),
        Case(
            ["service_port": "11000", "HAPROXY_0_FRONTEND_HEAD": "frontend {backend}\n bind {bindAddr}:{servicePort}"],
            problems: ["'bind' has no place"], policy: { $0.allowsHeads = true }, wanted: nil),
        Case(
            ["service_port": "11000", "HAPROXY_0_BACKEND_HEAD": "timeout server 1m"], problems: ["was not checked yet"],
            policy: { $0.allowsHeads = true }, wanted: nil),
        // The original's own labels.
        Case(["HAPROXY_HTTP": "true", "service_port": "11000"], policy: { $0.domain = "lb.test" }) {
            $0.mode == .http && $0.hosts == ["app.lb.test"] && $0.ports == [11000]
        },
        Case(["HTTP_PORT_IDX_0_NAME": "Shop", "HTTP_PORT_IDX_1_NAME": "admin"], policy: { $0.domain = "lb.test" }) {
            $0.hosts == ["shop.lb.test"]
        },
        Case(
            ["HTTP_PORT_IDX_0_NAME": "a.b", "service_port": "11000"], problems: ["can't be part of a host name"],
            policy: { $0.domain = "lb.test" }
        ) {
            $0.mode == .http
        },
        Case(["HAPROXY_HTTP": "true", "service_port": "11000"], problems: ["needs a domain"]) { $0.mode == .http && $0.ports == [11000] },
        // With a domain: HTTP is what has a host name, says so, or has no port of its own.
        Case([:], policy: { $0.domain = "lb.test" }) { $0.mode == .http && $0.hosts == ["app.lb.test"] },
        Case(["service_port": "11000"], policy: { $0.domain = "lb.test" }) { $0.mode == .tcp && $0.hosts.isEmpty },
        Case(["service_port": "11000", "HAPROXY_0_MODE": "http"], policy: { $0.domain = "lb.test" }) { $0.hosts == ["app.lb.test"] },
        Case(["HAPROXY_0_MODE": "tcp"], problems: ["neither"], policy: { $0.domain = "lb.test" }, wanted: nil),
        Case(["HAPROXY_0_VHOST": "a.test", "HAPROXY_0_SPEED": "9"], problems: ["HAPROXY_0_SPEED' is not supported"]) { $0.shape == .plain },
    ]

    @Test(arguments: cases) func labelsBecomeABackend(_ example: Case) {
        let good = instance("good", 9, ["HAPROXY_0_VHOST": "good.test"])
        let table = RouteTable([instance("app", 1, example.labels), good], policy: example.policy, known: Self.known)
        let own = table.backends.first { $0.service == "app" }
        if let isAsWanted = example.isAsWanted {
            #expect(own.map(isAsWanted) == true, "\(String(describing: own))")
        } else {
            #expect(own == nil)
        }
        let problems = table.problems.map(\.text)
        #expect(problems.count == example.problems.count, "\(problems)")
        for part in example.problems { #expect(problems.contains { $0.contains(part) }, "\(problems)") }
        // Nobody else notices.
        #expect(table.backends.contains { $0.service == "good" })
        #expect(table.problems.allSatisfy { $0.service == "app" && !$0.text.contains("\n") })
    }

    @Test func twoRegistrationsOfOneEndpointAreOneServer() {
        let table = RouteTable(
            [
                instance("app", 1, port: 8000, ["HAPROXY_0_VHOST": "a.test", "HAPROXY_0_WEIGHT": "3"]),
                instance("app", 2, port: 8000, ["HAPROXY_0_VHOST": "a.test"]),
            ], policy: .init())
        #expect(table.backends[0].servers == [.init(address: "10.0.0.1", port: 8000, weight: 3)])
    }

    @Test func whileVersionsDifferThePassingOneDecides() {
        let old = instance("app", 2, ["HAPROXY_0_VHOST": "a.test", "HAPROXY_0_BALANCE": "leastconn"])
        let new = instance("app", 1, health: .critical, ["HAPROXY_0_VHOST": "a.test", "HAPROXY_0_BALANCE": "first"])
        #expect(RouteTable([new, old], policy: .init()).backends[0].shape.options.balance == .leastconn)
        // A new version that is refused takes nothing away from the one that serves.
        let refused = instance("app", 0, ["HAPROXY_0_VHOST": "a.test", "HAPROXY_0_BACKEND_HEAD": "http-request deny"])
        let table = RouteTable([refused, old], policy: .init())
        #expect(table.backends[0].servers.count == 1)
        #expect(table.problems.count == 1)
    }

    @Test func aPathOfAnothersHostNameIsAClaimOfItsOwn() {
        let web = instance("web", 1, ["HAPROXY_0_VHOST": "a.test"])
        let api = instance("api", 2, ["HAPROXY_0_VHOST": "a.test", "HAPROXY_0_PATH": "/api"])
        let late = instance("late", 3, ["HAPROXY_0_VHOST": "a.test", "HAPROXY_0_PATH": "/api/"])
        let table = RouteTable([web, api, late], policy: .init())
        #expect(table.hostMap == ["a.test/": "service_web", "a.test/api/": "service_api"])
        #expect(table.problems.contains { $0.service == "late" && $0.text == "host name a.test/api belongs to service api" })
        // Which of them is served first does not matter, who had it does.
        #expect(
            RouteTable([web, api, late], policy: .init(), before: RouteTable([late], policy: .init()).owners).hostMap["a.test/api/"]
                == "service_late")
    }
}
