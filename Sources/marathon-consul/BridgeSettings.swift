import ClusterCore
import Consul
import Settings

/// `http` or `https`.
enum MarathonScheme: String, SettingWord {
    case http, https
}

/// The declared settings of marathon-consul.
enum BridgeSettings {
    static let location = OptionalSetting<HostPort>(
        "marathon_consul_location", "MARATHON_CONSUL_LOCATION",
        help: "address and port of this node's Marathon; node_address:8080 where it is not given")
    static let scheme = Setting<MarathonScheme>(
        "marathon_consul_protocol", "MARATHON_CONSUL_PROTOCOL", default: .http, help: "how this node's Marathon is asked")
    static let hostname = OptionalSetting<String>(
        "marathon_hostname", "MARATHON_HOSTNAME", role: "marathon_hostname",
        help: "name or address by which this node's Marathon is known as the leader; node_address where it is not given",
        isAllowed: { !$0.isEmpty && !$0.contains("/") })
    static let identity = OptionalSetting<HostPort>(
        "marathon_consul_identity", "MARATHON_CONSUL_IDENTITY",
        help: "what /v2/leader says while this node's Marathon leads; marathon_hostname with the location's port where it is not given")
    static let credentials = OptionalSetting<String>(
        "marathon_http_credentials", "MARATHON_HTTP_CREDENTIALS", secret: true, bounds: "user:password",
        help: "user and password that Marathon's REST API asks for",
        isAllowed: { $0.contains(":") && !$0.hasPrefix(":") && !$0.hasSuffix(":") })
    static let marathonCAFile = OptionalSetting<String>(
        "marathon_consul_cacert", "MARATHON_CONSUL_CACERT", help: "PEM file of the authority that signed Marathon's certificate")
    static let consul = OptionalSetting<String>(
        "consul_http_addr", "CONSUL_HTTP_ADDR", bounds: "host:port, http(s)://host:port or unix:///path",
        help: "this node's Consul agent; node_address:8500 where it is not given", isAllowed: { ConsulAddress($0) != nil })
    static let token = OptionalSetting<String>(
        "consul_http_token", "CONSUL_HTTP_TOKEN", original: ["CONSUL_TOKEN"], secret: true,
        help: "ACL token that may write keys below the prefix")
    static let caFile = OptionalSetting<String>(
        "consul_cacert", "CONSUL_CACERT", help: "PEM file of the authority that signed the Consul agent's certificate")
    static let prefix = Setting<String>(
        "marathon_consul_prefix", "MARATHON_CONSUL_PREFIX", default: "marathon", bounds: "no slash at its ends",
        help: "what all keys begin with", isAllowed: { !$0.isEmpty && !$0.hasPrefix("/") && !$0.hasSuffix("/") })
    static let reconcile = Setting<Duration>(
        "marathon_consul_reconcile", "MARATHON_CONSUL_RECONCILE", default: .seconds(30), in: .seconds(1) ... .seconds(3600),
        help: "how often all of Marathon is compared with all keys, beside the events")

    static let schema = SettingsSchema(
        component: "marathon-consul",
        summary: "Writes Marathon's apps and tasks into Consul's key/value store while this node's Marathon leads.",
        settings: [
            location.declaration, scheme.declaration, hostname.declaration, identity.declaration, credentials.declaration,
            marathonCAFile.declaration, consul.declaration, token.declaration, caFile.declaration, prefix.declaration,
            reconcile.declaration,
        ], ownPrefixes: ["MARATHON_CONSUL_"])
}
