import Consul

/// What a service's Meta asks of the load balancer. Nothing of it reaches the configuration that was not taken apart and checked here;
/// only the free lines of heads do, where the operator allows them and HAProxy has checked them.
struct ServiceLabels: Hashable {
    enum Mode: String { case http, tcp }

    /// Lower-case host names, each with the path below it that is meant, where one is: `web.test/api`.
    var hosts: [String] = []
    /// Names below the load balancer's domain, beside the service's own.
    var names: [String] = []
    /// The port to publish it on.
    var port: Int?
    /// True where it may not be published on that port: what asks for TLS does not get less.
    var refusesPort = false
    /// True where it is not published at all: a head of it can't be used.
    var isRefused = false
    /// As a label says; nil where none does.
    var mode: Mode?
    /// True where it wants a name below the load balancer's domain.
    var wantsName = false
    /// Its instance's share of the requests.
    var weight = 1
    var options = ServiceOptions()
    /// What was wrong, each in a sentence that names the label.
    var problems: [String] = []

    /// As a group that is published: all services, with or without a group of their own.
    static let everyGroup = "*"

    /// Reads the labels of one instance; nil where it is not meant for these groups.
    ///
    /// Each port of a task is a Consul service of its own; its Meta `port_index` says which of the `HAPROXY_{n}_…` labels are its own.
    init?(_ instance: ServiceInstance, policy: RouteTable.Policy, known: RouteTable.Known = .init()) {
        guard Self.isPublished(instance, groups: policy.groups) else { return nil }
        let index = Self.index(instance.meta)
        var reader = LabelReader(meta: instance.meta, prefix: "HAPROXY_\(index)_")
        if reader.bool("ENABLED") == false { return nil }
        _ = reader.take("GROUP")
        mode = reader.value("MODE", "http or tcp") { Mode(rawValue: $0.lowercased()) }
        port = reader.port()
        readOptions(&reader)
        readHeads(&reader, policy)
        readHosts(&reader)
        readNames(&reader, instance.meta, index, policy)
        readTLS(&reader, policy, known)
        reader.reportUnknown()
        problems += reader.problems
        if mode == .tcp, !hosts.isEmpty {
            problems.append("label HAPROXY_\(index)_MODE is tcp, which has no host names: they are left out")
            hosts = []
        }
    }

    /// True where an instance is meant for these groups.
    static func isPublished(_ instance: ServiceInstance, groups: Set<String>) -> Bool {
        let meta = instance.meta
        // Consul's own servers are a service, too. What mesos-consul registers of a further named port below its task's name, for DNS, is
        // no server of that service.
        if groups.contains(everyGroup) { return instance.service != "consul" && meta["named_port"] == nil }
        guard let own = meta["HAPROXY_\(index(meta))_GROUP"] ?? meta["HAPROXY_GROUP"] else { return false }
        return LabelText.words(own).contains(where: groups.contains)
    }

    private static func index(_ meta: [String: String]) -> Int { meta["port_index"].flatMap { Int($0) } ?? 0 }

    private mutating func readOptions(_ reader: inout LabelReader) {
        options.isSticky = reader.bool("STICKY") ?? false
        if let balance = reader.value("BALANCE", ServiceOptions.Balance.words, { ServiceOptions.Balance(rawValue: $0.lowercased()) }) {
            options.balance = balance
        }
        if let weight = reader.number("WEIGHT", 0...256) { self.weight = weight }
        options.maxConnections = reader.number("MAXCONN", 1...1_000_000)
        options.rateLimit = reader.number("RATE_LIMIT", 1...1_000_000)
    }

    private mutating func readHeads(_ reader: inout LabelReader, _ policy: RouteTable.Policy) {
        for (name, place) in Self.heads {
            guard let text = reader.take(name) else { continue }
            let head = ServiceHead(text, place: place)
            mode = mode ?? head.mode
            if let balance = head.balance, options.balance == .roundrobin { options.balance = balance }
            if head.claimsHTTPS { options.claimsHTTPS = true }
            if let problem = head.problem {
                reader.report(name, "can't be used, so the service is not published: \(problem)")
                isRefused = true
            } else if !head.lines.isEmpty, !policy.allowsHeads {
                reader.report(name, "holds free text, which HAPROXY_ALLOW_HEADS does not allow here, so the service is not published")
                isRefused = true
            } else if place == .backend {
                options.backendHead += head.lines
            } else {
                options.frontendHead += head.lines
            }
        }
    }

    /// marathon-lb's names of free texts.
    private static let heads: [(String, ServiceHead.Place)] = [
        ("BACKEND_HEAD", .backend), ("BACKEND_HTTP_OPTIONS", .backend), ("BACKEND_HTTP_BACKEND_OPTIONS", .backend),
        ("FRONTEND_HEAD", .frontend),
    ]

    private mutating func readHosts(_ reader: inout LabelReader) {
        var names: [String] = []
        for host in reader.words("VHOST").map({ $0.lowercased() }) {
            if HostName.isValid(host) {
                names.append(host)
            } else {
                reader.report("VHOST", "holds \(LabelText.shown(host)), which is no host name")
            }
        }
        var paths: [String] = []
        let given = reader.words("PATH")
        for path in given {
            if let path = RoutePath.normalized(path) {
                paths.append(path)
            } else {
                reader.report("PATH", "holds \(LabelText.shown(path)), which is no path: '/' and letters, digits or any of -._~:@!+=%")
            }
        }
        // A path that can't be used must not open the whole host name.
        hosts = given.isEmpty ? names : names.flatMap { name in paths.map { name + $0 } }
        if !given.isEmpty, names.isEmpty { reader.report("PATH", "has no effect without a host name (VHOST)") }
    }

    /// The labels of the original's own image.
    private mutating func readNames(
        _ reader: inout LabelReader, _ meta: [String: String], _ index: Int, _ policy: RouteTable.Policy
    ) {
        let wantsHTTP = meta["HAPROXY_HTTP"].flatMap(LabelText.bool) ?? false
        let label = "HTTP_PORT_IDX_\(index)_NAME"
        if let name = meta[label] {
            if HostName.isLabel(name) {
                names.append(name.lowercased())
            } else {
                problems.append("label \(label) is \(LabelText.shown(name)), which can't be part of a host name")
            }
        }
        guard wantsHTTP || meta[label] != nil else { return }
        if policy.domain == nil {
            problems.append("label \(meta[label] == nil ? "HAPROXY_HTTP" : label) needs a domain (HAPROXY_DOMAIN), which is not set")
        }
        mode = mode ?? .http
        wantsName = names.isEmpty
    }

    private mutating func readTLS(_ reader: inout LabelReader, _ policy: RouteTable.Policy, _ known: RouteTable.Known) {
        if reader.bool("REDIRECT_TO_HTTPS") == true {
            if policy.httpsPort != nil, !known.certificates.isEmpty {
                options.redirectsToHTTPS = true
            } else {
                reader.report("REDIRECT_TO_HTTPS", "has no effect: there is no HTTPS here (HAPROXY_HTTPS_PORT, HAPROXY_CERTS_DIR)")
            }
        }
        guard let text = reader.take("SSL_CERT") else { return }
        switch known.certificate(text) {
        case .success(let name): options.certificate = name
        case .failure(let refusal):
            refusesPort = true
            reader.report("SSL_CERT", "\(refusal.text), so the service's own port is not published")
        }
    }
}
