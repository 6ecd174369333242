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
        help: "how often the leading master is asked for its state")
    static let reconcile = Setting<Duration>(
        "mesos_consul_reconcile", "MESOS_CONSUL_RECONCILE", default: .seconds(30), in: .seconds(1) ... .seconds(3600),
        help: "how often each Consul agent is asked what it really has")
    static let serviceName = Setting<String>(
        "mesos_consul_service_name", "MESOS_CONSUL_SERVICE_NAME", default: "mesos", bounds: "a DNS label",
        help: "service name of masters and slaves", isAllowed: { ServiceName.sanitized($0) == $0 && !$0.isEmpty })

    static let schema = SettingsSchema(
        component: "mesos-consul",
        summary: "Registers Mesos' running tasks, masters and slaves as Consul services while this node's master leads.",
        settings: [
            zooKeeper.declaration, masterPort.declaration, principal.declaration, secret.declaration, consul.declaration,
            agentPort.declaration, token.declaration, caFile.declaration, refresh.declaration, reconcile.declaration,
            serviceName.declaration,
        ], ownPrefixes: ["MESOS_CONSUL_"])
}
