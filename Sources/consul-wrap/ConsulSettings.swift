import ClusterCore
import Settings

/// What a Consul agent is in its datacenter.
enum ConsulMode: String, SettingWord {
    /// Votes and keeps the catalog.
    case server
    /// Registers the services of its node.
    case agent
}

/// The declared settings of consul-wrap.
enum ConsulSettings {
    static let mode = Setting<ConsulMode>(
        required: "consul_mode", "CONSUL_MODE", role: "consul_mode", help: "server on the masters, agent on all other nodes")
    static let servers = Setting<[String]>(
        required: "consul_servers", "CONSUL_SERVERS", role: "consul_servers", bounds: "an address or name each, without port",
        help: "all servers of the datacenter, the same list on every node; 1, 3, 5 or 7 of them",
        isAllowed: { !$0.isEmpty && $0.allSatisfy { HostPort($0, defaultPort: 8301) != nil && !$0.contains("/") } })
    static let expect = OptionalSetting<Int>(
        "consul_bootstrap_expect", "CONSUL_BOOTSTRAP_EXPECT", original: ["EXPECT"], role: "consul_bootstrap_expect",
        help: "how many servers there are; only to check it against consul_servers, whose count is taken",
        isAllowed: { $0 > 0 })
    static let binary = OptionalSetting<String>(
        "consul_binary", "CONSUL_BINARY", help: "path of Consul's program; else `consul` in PATH")

    static let dataDirectory = Setting<String>(
        "consul_data_dir", "CONSUL_DATA_DIR", default: "/var/lib/consul", bounds: "an absolute path",
        help: "directory of the raft log, the node's id and what was registered here; must survive restarts",
        isAllowed: { $0.hasPrefix("/") })
    static let configFile = Setting<String>(
        "consul_config_file", "CONSUL_CONFIG_FILE", default: "/run/mesos-cluster/consul/agent.json",
        bounds: "an absolute path to a .json file",
        help: "where the configuration is written, with mode 0600", isAllowed: { $0.hasPrefix("/") && $0.hasSuffix(".json") })

    static let datacenter = Setting<String>(
        "consul_dc", "CONSUL_DATACENTER", default: "dc1", role: "consul_dc", bounds: "lower-case letters, digits, - and _",
        help: "the datacenter's name",
        isAllowed: { !$0.isEmpty && $0.utf8.allSatisfy { Name.isWord($0) } && $0 == $0.lowercased() })
    static let domain = Setting<String>(
        "consul_domain", "CONSUL_DOMAIN", default: "consul", role: "consul_domain", help: "the DNS domain that Consul answers for",
        isAllowed: Name.isDomain)
    static let bindAddress = OptionalSetting<String>(
        "consul_bind_addr", "CONSUL_BIND_ADDRESS", role: "consul_bind_addr",
        help: "address of gossip and raft; node_address where it is not given", isAllowed: IPAddress.isValid)
    static let advertiseAddress = OptionalSetting<String>(
        "consul_advertise", "CONSUL_ADVERTISE_ADDRESS", role: "consul_advertise",
        help: "address that other nodes reach this one at, where it is not the bind address", isAllowed: IPAddress.isValid)
    static let clientAddresses = OptionalSetting<[String]>(
        "consul_client_addr", "CONSUL_CLIENT_ADDRESS", bounds: "an IP address each",
        help: "addresses of the HTTP API and of DNS; the bind address where it is not given",
        isAllowed: { !$0.isEmpty && $0.allSatisfy(IPAddress.isValid) })
    static let httpPort = Setting<Int>(
        "consul_http_port", "CONSUL_HTTP_PORT", default: 8500, in: 1...65535, help: "port of the HTTP API")
    static let httpsPort = OptionalSetting<Int>(
        "consul_https_port", "CONSUL_HTTPS_PORT", bounds: "1–65535", help: "port of the HTTPS API; needs the TLS files",
        isAllowed: { (1...65535).contains($0) })
    static let dnsPort = Setting<Int>("consul_dns_port", "CONSUL_DNS_PORT", default: 8600, in: 1...65535, help: "port of DNS")
    static let serfPort = Setting<Int>("consul_serf_port", "CONSUL_SERF_PORT", default: 8301, in: 1...65535, help: "port of gossip")
    static let serverPort = Setting<Int>(
        "consul_server_port", "CONSUL_SERVER_PORT", default: 8300, in: 1...65535, help: "port of raft and of the agents' calls")
    static let recursors = Setting<[String]>(
        "consul_recursors", "CONSUL_RECURSORS", default: [], bounds: "an IP address each",
        help: "DNS servers asked for names outside the domain", isAllowed: { $0.allSatisfy(IPAddress.isValid) })
    static let ui = Setting<Bool>("consul_ui", "CONSUL_UI", default: false, help: "serve Consul's web pages on the HTTP API's port")
    static let retryInterval = Setting<Duration>(
        "consul_retry_interval", "CONSUL_RETRY_INTERVAL", default: .seconds(2), in: .milliseconds(100) ... .seconds(600),
        help: "pause between attempts to join")
    static let raftMultiplier = Setting<Int>(
        "consul_raft_multiplier", "CONSUL_RAFT_MULTIPLIER", default: 1, in: 1...10,
        help: "patience with slow servers: a silent leader is replaced after one to two times this many seconds")
    static let leaveOnStop = Setting<Bool>(
        "consul_leave_on_stop", "CONSUL_LEAVE_ON_STOP", default: false,
        help: "an agent that is stopped leaves the datacenter at once; a server must not, since that would shrink the quorum")

    static let gossipKey = OptionalSetting<String>(
        "consul_gossip_key", "CONSUL_GOSSIP_KEY", original: ["CONSUL_ENCRYPT"], secret: true,
        bounds: "16, 24 or 32 bytes in base64 (as `consul keygen` prints)", help: "encrypts the gossip; the same on every node",
        isAllowed: { Base64.decode($0).map { [16, 24, 32].contains($0.count) } ?? false })
    static let tlsCA = OptionalSetting<String>(
        "consul_tls_ca_file", "CONSUL_TLS_CA_FILE", help: "PEM file of the authority that signs the nodes' certificates")
    static let tlsCertificate = OptionalSetting<String>(
        "consul_tls_cert_file", "CONSUL_TLS_CERT_FILE", help: "PEM file of this node's certificate")
    static let tlsKey = OptionalSetting<String>("consul_tls_key_file", "CONSUL_TLS_KEY_FILE", help: "PEM file of its key")
    static let verifyServerName = Setting<Bool>(
        "consul_tls_verify_server_hostname", "CONSUL_TLS_VERIFY_SERVER_HOSTNAME", default: true,
        help: "servers must show a certificate for server.<datacenter>.<domain>")
    static let acl = Setting<Bool>("consul_acl", "CONSUL_ACL", default: false, help: "access control, with default policy deny")
    static let masterToken = OptionalSetting<String>(
        "consul_acl_master_token", "CONSUL_ACL_MASTER_TOKEN", secret: true, bounds: "a UUID",
        help: "token with all rights, made by the servers at the first start", isAllowed: Name.isUUID)
    static let agentToken = OptionalSetting<String>(
        "consul_acl_agent_token", "CONSUL_ACL_AGENT_TOKEN", secret: true, bounds: "a UUID",
        help: "token that this agent registers its own node with", isAllowed: Name.isUUID)
    static let defaultToken = OptionalSetting<String>(
        "consul_acl_default_token", "CONSUL_ACL_DEFAULT_TOKEN", secret: true, bounds: "a UUID",
        help: "token of requests that bring none, DNS included", isAllowed: Name.isUUID)

    static let schema = SettingsSchema(
        component: "consul", summary: "Starts and supervises a Consul server or agent.",
        settings: [
            mode.declaration, servers.declaration, expect.declaration, binary.declaration, dataDirectory.declaration,
            configFile.declaration, datacenter.declaration, domain.declaration, bindAddress.declaration, advertiseAddress.declaration,
            clientAddresses.declaration, httpPort.declaration, httpsPort.declaration, dnsPort.declaration, serfPort.declaration,
            serverPort.declaration, recursors.declaration, ui.declaration, retryInterval.declaration, raftMultiplier.declaration,
            leaveOnStop.declaration, gossipKey.declaration, tlsCA.declaration, tlsCertificate.declaration, tlsKey.declaration,
            verifyServerName.declaration, acl.declaration, masterToken.declaration, agentToken.declaration, defaultToken.declaration,
        ], ownPrefixes: ["CONSUL_"])
}

/// Forms of names.
enum Name {
    static func isWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "-"), UInt8(ascii: "_"):
            true
        default: false
        }
    }

    static func isDomain(_ text: String) -> Bool {
        text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { label in
            (1...63).contains(label.utf8.count) && label.utf8.allSatisfy { isWord($0) && $0 != UInt8(ascii: "_") }
        }
    }

    static func isUUID(_ text: String) -> Bool {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        return parts.map(\.utf8.count) == [8, 4, 4, 4, 12] && parts.allSatisfy { $0.allSatisfy { $0.isHexDigit && $0.isASCII } }
    }
}
