import ClusterCore
import Consul
import Settings

/// Where routes come from.
enum RouteSource: String, SettingWord {
    /// The catalog of services.
    case consul
}

/// The declared settings of haproxy-consul.
enum LoadBalancerSettings {
    static let mode = Setting<RouteSource>(
        "haproxy_mode", "HAPROXY_MODE", default: .consul, role: "haproxy_consul_mode",
        help: "where routes come from: consul, the catalog of services")
    static let consul = Setting<String>(
        "consul_http_addr", "CONSUL_HTTP_ADDR", default: "127.0.0.1:8500", original: ["CONSUL_CONNECT"],
        bounds: "host:port, http(s)://host:port or unix:///path", help: "this node's Consul agent", isAllowed: { ConsulAddress($0) != nil })
    static let token = OptionalSetting<String>(
        "consul_http_token", "CONSUL_HTTP_TOKEN", original: ["CONSUL_TOKEN"], secret: true,
        help: "ACL token that may read nodes and services")
    static let caFile = OptionalSetting<String>(
        "consul_cacert", "CONSUL_CACERT", help: "PEM file of the authority that signed the Consul agent's certificate")
    static let groups = Setting<[String]>(
        "haproxy_groups", "HAPROXY_GROUPS", default: ["external"], bounds: "a word each",
        help: "services are published whose Meta HAPROXY_GROUP names one of these; * for all services",
        isAllowed: { !$0.isEmpty && $0.allSatisfy { !$0.isEmpty } })
    static let domain = OptionalSetting<String>(
        "haproxy_domain", "HAPROXY_DOMAIN", help: "each HTTP service also answers as <service>.<this domain>", isAllowed: HostName.isValid)
    static let bind = Setting<String>(
        "haproxy_bind", "HAPROXY_BIND", default: "0.0.0.0", bounds: "an IP address", help: "address that services are published on",
        isAllowed: IPAddress.isValid)
    static let port = Setting<Int>("haproxy_port", "HAPROXY_PORT", default: 80, in: 1...65535, help: "port of HTTP by host name")
    static let httpsPort = OptionalSetting<Int>(
        "haproxy_https_port", "HAPROXY_HTTPS_PORT", bounds: "1–65535",
        help: "port of HTTPS by host name, with the certificates of HAPROXY_CERTS_DIR; none without it",
        isAllowed: { (1...65535).contains($0) })
    static let certificates = OptionalSetting<String>(
        "haproxy_certs_dir", "HAPROXY_CERTS_DIR", bounds: "an absolute path of letters, digits and /.-_",
        help:
            "directory of certificates, each with its chain and key in one .pem file; default.pem, else the first by name, is the default",
        isAllowed: { $0.hasPrefix("/") && HostName.isPlainPath($0) })
    static let heads = Setting<Bool>(
        "haproxy_allow_heads", "HAPROXY_ALLOW_HEADS", default: false,
        help: "labels may hold free lines of HAProxy's configuration, such as HAPROXY_0_BACKEND_HEAD; who deploys can then do here what "
            + "HAProxy can")
    static let statistics = OptionalSetting<HostPort>(
        "haproxy_stats_bind", "HAPROXY_STATS_BIND", bounds: "address:port",
        help: "where HAProxy's statistics page listens; nowhere without it")
    static let statisticsUser = Setting<String>(
        "haproxy_stats_user", "HAPROXY_STATS_USER", default: "admin", bounds: "letters, digits, - and _",
        help: "user of the statistics page", isAllowed: HostName.isLabel)
    static let statisticsPassword = OptionalSetting<String>(
        "haproxy_stats_password", "HAPROXY_STATS_PASSWORD", secret: true, bounds: "printable ASCII without quotes and backslashes",
        help: "password of the statistics page, which there is not without one",
        isAllowed: { !$0.isEmpty && $0.utf8.allSatisfy { (33..<127).contains($0) && !"'\"\\".utf8.contains($0) } })
    static let masters = OptionalSetting<[String]>(
        "haproxy_masters", "HAPROXY_MASTERS", bounds: "an IP address each",
        help: "masters whose leading Mesos, Marathon and Chronos are published as <name>.<domain>; none without it",
        isAllowed: { !$0.isEmpty && $0.allSatisfy(IPAddress.isValid) })
    static let masterEndpoints = Setting<[String]>(
        "haproxy_master_endpoints", "HAPROXY_MASTER_ENDPOINTS", default: ["mesos:5050", "marathon:8080", "chronos:4400"],
        bounds: "mesos, marathon or chronos, and its port", help: "what is published of HAPROXY_MASTERS",
        isAllowed: { $0.allSatisfy { MasterEndpoint($0) != nil } })
    static let reserved = Setting<[Int]>(
        "haproxy_reserved_ports", "HAPROXY_RESERVED_PORTS", default: [22, 4400, 4443, 5050, 8080, 8300, 8301, 8443, 8500, 8600, 9090],
        bounds: "1–65535 each",
        help: "ports that no service may take; the own HTTP, HTTPS, statistics and probe ports are reserved as well",
        isAllowed: { $0.allSatisfy { (1...65535).contains($0) } })
    static let binary = OptionalSetting<String>(
        "haproxy_binary", "HAPROXY_BINARY", help: "path of HAProxy's program; else `haproxy` in PATH")
    static let template = OptionalSetting<String>(
        "haproxy_template", "HAPROXY_TEMPLATE", help: "Mustache file in place of the embedded template of the configuration")
    static let directory = Setting<String>(
        "haproxy_config_dir", "HAPROXY_CONFIG_DIR", default: "/run/mesos-cluster/haproxy", bounds: "an absolute path of at most 80 bytes",
        help: "directory of the configuration and of HAProxy's command sockets",
        isAllowed: { $0.hasPrefix("/") && $0.utf8.count <= 80 && HostName.isPlainPath($0) })
    static let state = Setting<String>(
        "haproxy_state_dir", "HAPROXY_STATE_DIR", default: "/var/lib/mesos-cluster/haproxy", bounds: "an absolute path",
        help: "directory of the last good view, served after a restart until Consul answers", isAllowed: { $0.hasPrefix("/") })
    static let maxConnections = OptionalSetting<Int>(
        "haproxy_maxconn", "HAPROXY_MAXCONN", bounds: "10–1000000",
        help: "connections at the same time, over all services; else what the limit of open files allows, about 25000 at most",
        isAllowed: { (10...1_000_000).contains($0) })
    static let connectTimeout = Setting<Duration>(
        "haproxy_timeout_connect", "HAPROXY_TIMEOUT_CONNECT", default: .seconds(5), in: .milliseconds(10) ... .seconds(600),
        help: "how long a server may take to accept")
    static let clientTimeout = Setting<Duration>(
        "haproxy_timeout_client", "HAPROXY_TIMEOUT_CLIENT", default: .seconds(50), in: .milliseconds(10) ... .seconds(86400),
        help: "the longest silence of a client")
    static let serverTimeout = Setting<Duration>(
        "haproxy_timeout_server", "HAPROXY_TIMEOUT_SERVER", default: .seconds(50), in: .milliseconds(10) ... .seconds(86400),
        help: "the longest silence of a server")
    static let checkInterval = Setting<Duration>(
        "haproxy_check_interval", "HAPROXY_CHECK_INTERVAL", default: .seconds(5), in: .milliseconds(100) ... .seconds(3600),
        help: "how often HAProxy itself connects to each server, beside Consul's checks")
    static let drain = Setting<Duration>(
        "haproxy_drain", "HAPROXY_DRAIN", default: .seconds(600), in: .seconds(1) ... .seconds(86400),
        help: "how long a replaced worker may finish its connections before it is ended")
    static let coalesce = Setting<Duration>(
        "haproxy_coalesce", "HAPROXY_COALESCE", default: .milliseconds(150), in: .zero ... .seconds(60),
        help: "the least time from one reload to the next; the first change is served at once")
    static let confirmLoss = Setting<Duration>(
        "haproxy_confirm_loss", "HAPROXY_CONFIRM_LOSS", default: .seconds(10), in: .zero ... .seconds(3600),
        help: "how long half of all servers (at least 4) must be missing from Consul before it is believed")
    static let keepRoutes = Setting<Duration>(
        "haproxy_keep_routes", "HAPROXY_KEEP_ROUTES", default: .seconds(300), in: .zero ... .seconds(86400),
        help: "how long what is missing is kept after Consul came back with an older or restored catalog")

    static let schema = SettingsSchema(
        component: "haproxy", summary: "Starts and supervises HAProxy, and keeps its routes as Consul's catalog tells them.",
        settings: [
            mode.declaration, consul.declaration, token.declaration, caFile.declaration, groups.declaration, domain.declaration,
            bind.declaration, port.declaration, httpsPort.declaration, certificates.declaration, heads.declaration,
            statistics.declaration, statisticsUser.declaration, statisticsPassword.declaration, masters.declaration,
            masterEndpoints.declaration, reserved.declaration, binary.declaration,
            template.declaration, directory.declaration,
            state.declaration, maxConnections.declaration, connectTimeout.declaration, clientTimeout.declaration, serverTimeout.declaration,
            checkInterval.declaration, drain.declaration, coalesce.declaration, confirmLoss.declaration, keepRoutes.declaration,
        ], ownPrefixes: ["HAPROXY_"])
}
