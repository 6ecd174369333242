import ClusterCore
import Consul
import Settings

/// Settings of `keepalived-wrap`.
enum KeepalivedSettings {
    /// The protocol's version.
    enum Version: String, SettingWord {
        case two = "2"
        case three = "3"
    }

    static let virtualIPs = Setting<[VirtualAddress]>(
        required: "virtual_ips", "KEEPALIVED_VIRTUAL_IPS", original: ["KEEPALIVED_VIRTUAL_IP"], role: "keepalived_virtual_ip",
        bounds: "at least one", help: "virtual addresses that one of the load balancers owns", isAllowed: { !$0.isEmpty })
    static let interface = OptionalSetting<String>(
        "interface", "KEEPALIVED_INTERFACE", role: "keepalived_interface", bounds: "1–15 characters without spaces",
        help: "interface of the virtual addresses; found by node_address or peers where it is not given",
        isAllowed: { (1...15).contains($0.utf8.count) && $0.allSatisfy { !$0.isWhitespace && $0 != "/" } })
    static let peers = Setting<[InternetAddress]>(
        "peers", "KEEPALIVED_PEERS", default: [],
        help: """
            addresses of all load balancers, in the same order on each, this one included: adverts go to the others by unicast, and the \
            first one is preferred; empty for multicast
            """)
    static let priority = OptionalSetting<Int>(
        "priority", "KEEPALIVED_PRIORITY", role: "keepalived_priority", bounds: "1–254, different on each load balancer",
        help: "the highest one owns the virtual addresses; by the place in peers where it is not given",
        isAllowed: { (1...254).contains($0) })
    static let routerID = Setting(
        "vrid", "KEEPALIVED_VRID", default: 51, in: 1...255,
        help: "virtual router id: the same on all load balancers, and different from that of other clusters on the same network")
    static let version = Setting("vrrp_version", "KEEPALIVED_VRRP_VERSION", default: Version.three, help: "version of VRRP")
    static let password = OptionalSetting<String>(
        "password", "KEEPALIVED_PASSWORD", role: "keepalived_password", secret: true,
        bounds: "1–8 characters: letters, digits and any of .,:_+=@%^&*-",
        help: "password of VRRP version 2, which requires it; version 3 has none",
        isAllowed: { (1...8).contains($0.utf8.count) && $0.allSatisfy { isPasswordCharacter($0) } })
    static let advert = OptionalSetting<Duration>(
        "advert_interval", "KEEPALIVED_ADVERT_INTERVAL", bounds: "10ms–40s; whole seconds in version 2",
        help:
            "time between adverts, the same on all; a lost node is noticed after a little more than three; 250ms (version 2: 1s) by default",
        isAllowed: { (.milliseconds(10) ... .seconds(40)).contains($0) })
    static let keepsOwner = Setting(
        "nopreempt", "KEEPALIVED_NOPREEMPT", default: false,
        help: "a load balancer that comes back leaves the virtual addresses where they are")
    static let probe = OptionalSetting<String>(
        "haproxy_probe", "KEEPALIVED_HAPROXY_PROBE", bounds: "http://host:port/ready, the absolute path of a socket, or none",
        help: "where haproxy-consul says whether it is ready; port 9156 of node_address (else 127.0.0.1) where it is not given",
        isAllowed: { $0 == "none" || ($0.hasPrefix("/") && $0.utf8.count <= 107) || isURL($0) })
    static let probeInterval = Setting(
        "probe_interval", "KEEPALIVED_PROBE_INTERVAL", default: .milliseconds(500), in: .milliseconds(50) ... .seconds(30),
        help: "how often HAProxy's readiness is asked for where the probe is not haproxy-consul's, which tells by itself: at once of a "
            + "HAProxy that ends, after a second and the check's time of one that hangs")
    static let lease = Setting(
        "address_lease", "KEEPALIVED_ADDRESS_LEASE", default: .seconds(6), bounds: "0s, or 3s–1h, in whole seconds",
        help: """
            how long the kernel keeps a virtual address that nobody prolongs, because everything on this node was killed or stopped; 0s \
            for ever
            """,
        isAllowed: { $0 == .zero || ((.seconds(3) ... .seconds(3600)).contains($0) && $0.milliseconds % 1000 == 0) })
    static let consul = OptionalSetting<String>(
        "consul_http_addr", "CONSUL_HTTP_ADDR", bounds: "host:port, http(s)://host:port or unix:///path",
        help: "this node's Consul agent, where Consul shall name the holder of the virtual addresses",
        isAllowed: { ConsulAddress($0) != nil })
    static let consulToken = OptionalSetting<String>(
        "consul_http_token", "CONSUL_HTTP_TOKEN", secret: true, help: "ACL token that may write consul_key")
    static let consulCA = OptionalSetting<String>(
        "consul_cacert", "CONSUL_CACERT", help: "PEM file of the authority that signed the Consul agent's certificate")
    static let consulKey = OptionalSetting<String>(
        "consul_key", "KEEPALIVED_CONSUL_KEY", bounds: "no leading slash",
        help: "key of Consul's store that names the holder; virtual-ip/<vrid> where it is not given",
        isAllowed: { !$0.isEmpty && !$0.hasPrefix("/") && $0.allSatisfy { !$0.isWhitespace } })
    static let runDirectory = Setting(
        "run_directory", "KEEPALIVED_RUN_DIR", default: "/run/mesos-cluster/keepalived",
        bounds: "an absolute path of plain characters", help: "directory of configuration, track file and pid files",
        isAllowed: { $0.hasPrefix("/") && $0.allSatisfy { !$0.isWhitespace && $0 != "\"" } })
    static let binary = Setting(
        "binary", "KEEPALIVED_BINARY", default: "keepalived", help: "keepalived's program, looked for in PATH and /usr/sbin")
    static let template = OptionalSetting<String>(
        "template", "KEEPALIVED_TEMPLATE", bounds: "an absolute path",
        help: "Mustache template that replaces the built-in one of the configuration", isAllowed: { $0.hasPrefix("/") })

    static let schema = SettingsSchema(
        component: "keepalived",
        summary: "Moves the cluster's virtual addresses between the load balancers by VRRP, away from one whose HAProxy is not ready.",
        settings: [
            virtualIPs.declaration, interface.declaration, peers.declaration, priority.declaration, routerID.declaration,
            version.declaration, password.declaration, advert.declaration, keepsOwner.declaration, probe.declaration,
            probeInterval.declaration, lease.declaration, consul.declaration, consulToken.declaration, consulCA.declaration,
            consulKey.declaration, runDirectory.declaration, binary.declaration, template.declaration,
        ],
        ownPrefixes: ["KEEPALIVED_"])

    private static func isPasswordCharacter(_ character: Character) -> Bool {
        character.isASCII && (character.isLetter || character.isNumber || ".,:_+=@%^&*-".contains(character))
    }

    private static func isURL(_ text: String) -> Bool {
        guard text.hasPrefix("http://") || text.hasPrefix("https://") else { return false }
        return text.allSatisfy { !$0.isWhitespace }
    }
}
