import ClusterCore
import Consul
import Settings

/// The declared settings of mesos-consul.
enum BridgeSettings {
    static let zooKeeper = Setting<ZooKeeperURL>(
        required: "mesos_zk", "MESOS_ZK", role: "mesos_master_zk", help: "where the Mesos masters announce themselves")
    static let masterPort = Setting<Int>(
        "mesos_master_port", "MESOS_MASTER_PORT", default: 5050, in: 1...65535, help: "port of this node's Mesos master")
    static let principal = OptionalSetting<String>(
        "mesos_principal", "MESOS_CONSUL_PRINCIPAL", help: "user, where the master's HTTP endpoints want one")
    static let secret = OptionalSetting<String>("mesos_secret", "MESOS_CONSUL_SECRET", secret: true, help: "its password")
    static let consul = OptionalSetting<String>(
        "consul_http_addr", "CONSUL_HTTP_ADDR", bounds: "host:port, http(s)://host:port or unix:///path",
        help: "this node's Consul agent; node_address:8500 where it is not given", isAllowed: { ConsulAddress($0) != nil })
    static let agentPort = Setting<Int>(
        "consul_agent_port", "CONSUL_AGENT_PORT", default: 8500, in: 1...65535,
        help: "port of the Consul agents on the slaves, where tasks are registered")
    static let token = OptionalSetting<String>(
        "consul_http_token", "CONSUL_HTTP_TOKEN", original: ["CONSUL_TOKEN"], secret: true, help: "ACL token that may write services")
    static let caFile = OptionalSetting<String>(
        "consul_cacert", "CONSUL_CACERT", help: "PEM file of the authority that signed the Consul agents' certificates")
    static let refresh = Setting<Duration>(
        "mesos_consul_refresh", "MESOS_CONSUL_REFRESH", default: .seconds(1), in: .milliseconds(100) ... .seconds(60),
        help: "how often a master without an event stream (before Mesos 1.1) is asked for its state")
    static let reconcile = Setting<Duration>(
        "mesos_consul_reconcile", "MESOS_CONSUL_RECONCILE", default: .seconds(30), in: .seconds(1) ... .seconds(3600),
        help: "how often all of Mesos is read anew and compared with all of Consul, beside the events")
    static let agentTimeout = Setting<Duration>(
        "mesos_consul_agent_timeout", "MESOS_CONSUL_AGENT_TIMEOUT", default: .milliseconds(1500), in: .milliseconds(100) ... .seconds(30),
        help: "how long a Consul agent may take to answer; all agents are asked at the same time")
    static let deadAfter = Setting<Duration>(
        "mesos_consul_dead_after", "MESOS_CONSUL_DEAD_AFTER", default: .seconds(10), in: .seconds(1) ... .seconds(3600),
        help: "after this silence of a node's agent, what Mesos no longer has there is taken out of the catalog")
    static let grace = Setting<Duration>(
        "mesos_consul_grace", "MESOS_CONSUL_GRACE", default: .seconds(600), in: .zero ... .seconds(86400),
        help: "how long services of slaves that a new leading master does not know yet stay (Mesos before 1.5; later ones tell)")
    static let serviceName = Setting<String>(
        "mesos_consul_service_name", "MESOS_CONSUL_SERVICE_NAME", default: "mesos", bounds: "a DNS label",
        help: "service name of masters and slaves", isAllowed: { ServiceName.cleaned($0) == $0 && !$0.isEmpty })

    static let serviceTags = Setting<[String]>(
        "mesos_consul_service_tags", "MESOS_CONSUL_SERVICE_TAGS", default: [],
        help: "tags of masters and slaves: leader.<tag>, master.<tag> and follower.<tag> in place of leader, master and follower")
    static let idPrefix = Setting<String>(
        "mesos_consul_service_id_prefix", "MESOS_CONSUL_SERVICE_ID_PREFIX", default: "mesos-consul", bounds: "no colon",
        help: "what the ids of all services of this bridge begin with", isAllowed: { !$0.isEmpty && !$0.contains(":") })
    static let separator = Setting<String>(
        "mesos_consul_group_separator", "MESOS_CONSUL_GROUP_SEPARATOR", default: "", bounds: "letters, digits, - and .",
        help: "what an underscore in a task's name becomes", isAllowed: { ServiceName.cleaned("a\($0)a") == "a\($0)a" })
    static let addressOrder = Setting<[AddressSource]>(
        "mesos_consul_mesos_ip_order", "MESOS_CONSUL_MESOS_IP_ORDER", default: [.mesos, .host],
        help: "where a task's address is looked for, in this order", isAllowed: { !$0.isEmpty })
    static let portLabel = OptionalSetting<String>(
        "mesos_consul_service_port_label", "MESOS_CONSUL_SERVICE_PORT_LABEL",
        help: "label of a task that names the indices of the ports to register, such as 0,2; all where a task has none")
    static let whitelist = Setting<[Pattern]>(
        "mesos_consul_whitelist", "MESOS_CONSUL_WHITELIST", default: [], help: "only tasks whose service name matches one of these")
    static let blacklist = Setting<[Pattern]>(
        "mesos_consul_blacklist", "MESOS_CONSUL_BLACKLIST", default: [], help: "no tasks whose service name matches one of these")
    static let frameworkWhitelist = Setting<[Pattern]>(
        "mesos_consul_fw_whitelist", "MESOS_CONSUL_FW_WHITELIST", default: [],
        help: "only tasks of frameworks whose name matches one of these")
    static let frameworkBlacklist = Setting<[Pattern]>(
        "mesos_consul_fw_blacklist", "MESOS_CONSUL_FW_BLACKLIST", default: [],
        help: "no tasks of frameworks whose name matches one of these")
    static let taskTags = Setting<[TaskTag]>(
        "mesos_consul_task_tag", "MESOS_CONSUL_TASK_TAG", default: [], help: "tags for tasks whose names contain the pattern")
    static let sharedNames = Setting<[Pattern]>(
        "mesos_consul_shared_service_name", "MESOS_CONSUL_SHARED_SERVICE_NAME", default: [],
        help: "tasks that match become one service, named by the expression's first group")

    static let schema = SettingsSchema(
        component: "mesos-consul",
        summary: "Registers Mesos' running tasks, masters and slaves as Consul services while this node's master leads.",
        settings: [
            zooKeeper.declaration, masterPort.declaration, principal.declaration, secret.declaration, consul.declaration,
            agentPort.declaration, token.declaration, caFile.declaration, refresh.declaration, reconcile.declaration,
            agentTimeout.declaration, deadAfter.declaration, grace.declaration, serviceName.declaration, serviceTags.declaration,
            idPrefix.declaration, separator.declaration, addressOrder.declaration, portLabel.declaration, whitelist.declaration,
            blacklist.declaration, frameworkWhitelist.declaration, frameworkBlacklist.declaration, taskTags.declaration,
            sharedNames.declaration,
        ], ownPrefixes: ["MESOS_CONSUL_"])
}
