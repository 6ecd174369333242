import ClusterTestKit
import Testing

/// What the tests need to know of an entrypoint: how it would start, and which of its settings are given badly.
struct EntrypointCase: Sendable, CustomTestStringConvertible {
    let component: String
    let executable: String
    /// Settings with which it would start; `DIR` stands for the test's directory.
    let settings: [String: String]
    /// A setting of its own whose name is misspelt, and the right one.
    let misspelt: (wrong: String, right: String)
    /// A setting of its own with a value that is not allowed.
    let malformed: (name: String, value: String)
    /// A setting that may be read from a file: a secret one where there is one.
    let fromFile: String
    /// Names a server's program that is not there; nil where it runs no server.
    let missingProgram: (name: String, value: String)?
    /// Variables that choose its component's own ports; `/udp` behind one for that of its datagrams.
    var ports: [String] = []
    /// Names its template; nil where it has none.
    var template: String?
    /// True where it waits for ZooKeeper, which its settings say is at 127.0.0.1:1.
    var waitsForZooKeeper = false
    /// Puts it into a network namespace of its own, with an interface that may hold addresses.
    var hasOwnNetwork = false

    var testDescription: String { component }

    private static let noZooKeeper = "zk://127.0.0.1:1"

    static let all = [
        EntrypointCase(
            component: "zookeeper", executable: "zookeeper-init",
            settings: ["SERVERS": "127.0.0.1", "ZOO_DATA_DIR": "DIR/data", "ZOO_CONF_DIR": "DIR/conf", "ZOO_CLIENT_PORT": "PORT"],
            misspelt: ("ZOO_TICK_TIEM", "ZOO_TICK_TIME"), malformed: ("ZOO_CLIENT_PORT", "70000"), fromFile: "ZOO_HEAP_SIZE",
            missingProgram: ("JAVA_HOME", "/no/such"), ports: ["ZOO_CLIENT_PORT"]),
        EntrypointCase(
            component: "mesos-master", executable: "mesos-master-wrap",
            settings: [
                "MESOS_ZK": "\(noZooKeeper)/mesos", "MESOS_MASTERS": "127.0.0.1", "MESOS_WORK_DIR": "DIR/work", "MESOS_RUN_DIR": "DIR/run",
                "MESOS_PORT": "PORT",
            ],
            misspelt: ("MESOS_QUORUN", "MESOS_QUORUM"), malformed: ("MESOS_PORT", "fifty"), fromFile: "MESOS_SECRET",
            missingProgram: ("MESOS_MASTER_BINARY", "/no/such/server"), ports: ["MESOS_PORT"], waitsForZooKeeper: true),
        EntrypointCase(
            component: "mesos-slave", executable: "mesos-slave-wrap",
            settings: [
                "MESOS_MASTER": "\(noZooKeeper)/mesos", "MESOS_WORK_DIR": "DIR/work", "MESOS_RUN_DIR": "DIR/run", "MESOS_PORT": "PORT",
            ],
            misspelt: ("MESOS_RESUORCES", "MESOS_RESOURCES"), malformed: ("MESOS_PORT", "0x50"), fromFile: "MESOS_SECRET",
            missingProgram: ("MESOS_SLAVE_BINARY", "/no/such/server"), ports: ["MESOS_PORT"], waitsForZooKeeper: true),
        EntrypointCase(
            component: "marathon", executable: "marathon-wrap",
            settings: [
                "MARATHON_MASTER": "\(noZooKeeper)/mesos", "MARATHON_ZK": "\(noZooKeeper)/marathon", "MARATHON_RUN_DIR": "DIR/run",
                "MARATHON_HTTP_PORT": "PORT",
            ],
            misspelt: ("MARATHON_HTTP_PROT", "MARATHON_HTTP_PORT"), malformed: ("MARATHON_HTTP_PORT", "-1"),
            fromFile: "MARATHON_HTTP_CREDENTIALS", missingProgram: ("MARATHON_BINARY", "/no/such/server"), ports: ["MARATHON_HTTP_PORT"],
            waitsForZooKeeper: true),
        EntrypointCase(
            component: "chronos", executable: "chronos-wrap",
            settings: [
                "CHRONOS_MASTER": "\(noZooKeeper)/mesos", "CHRONOS_ZK_HOSTS": "127.0.0.1:1", "CHRONOS_RUN_DIR": "DIR/run",
                "CHRONOS_HTTP_PORT": "PORT",
            ],
            misspelt: ("CHRONOS_HTTP_PROT", "CHRONOS_HTTP_PORT"), malformed: ("CHRONOS_HTTP_PORT", "many"),
            fromFile: "CHRONOS_HTTP_CREDENTIALS", missingProgram: ("CHRONOS_BINARY", "/no/such/server"), ports: ["CHRONOS_HTTP_PORT"],
            waitsForZooKeeper: true),
        EntrypointCase(
            component: "consul", executable: "consul-wrap",
            settings: [
                "CONSUL_MODE": "server", "CONSUL_SERVERS": "127.0.0.1", "CONSUL_DATA_DIR": "DIR/data",
                "CONSUL_CONFIG_FILE": "DIR/agent.json", "CONSUL_BINARY": "/bin/true", "CONSUL_HTTP_PORT": "PORT", "CONSUL_DNS_PORT": "PORT",
                "CONSUL_SERF_PORT": "PORT", "CONSUL_SERVER_PORT": "PORT",
            ],
            misspelt: ("CONSUL_DATA_DRI", "CONSUL_DATA_DIR"), malformed: ("CONSUL_MODE", "leader"), fromFile: "CONSUL_GOSSIP_KEY",
            missingProgram: ("CONSUL_BINARY", "/no/such/server"),
            ports: [
                "CONSUL_HTTP_PORT", "CONSUL_DNS_PORT", "CONSUL_DNS_PORT/udp", "CONSUL_SERF_PORT", "CONSUL_SERF_PORT/udp",
                "CONSUL_SERVER_PORT",
            ]),
        EntrypointCase(
            component: "haproxy", executable: "haproxy-consul",
            settings: [
                "HAPROXY_BIND": "127.0.0.1", "HAPROXY_PORT": "PORT", "CONSUL_HTTP_ADDR": "127.0.0.1:1", "HAPROXY_STATE_DIR": "DIR/state",
                "HAPROXY_CONFIG_DIR": "DIR/haproxy",
            ],
            misspelt: ("HAPROXY_BNID", "HAPROXY_BIND"), malformed: ("HAPROXY_BIND", "here"), fromFile: "CONSUL_HTTP_TOKEN",
            missingProgram: ("HAPROXY_BINARY", "/no/such/server"), ports: ["HAPROXY_PORT"], template: "HAPROXY_TEMPLATE"),
        EntrypointCase(
            component: "keepalived", executable: "keepalived-wrap",
            settings: [
                "KEEPALIVED_VIRTUAL_IPS": "198.18.77.100/24", "KEEPALIVED_INTERFACE": "refusal0", "KEEPALIVED_HAPROXY_PROBE": "none",
                "KEEPALIVED_RUN_DIR": "DIR/run",
            ],
            misspelt: ("KEEPALIVED_VRIDD", "KEEPALIVED_VRID"), malformed: ("KEEPALIVED_VRID", "256"), fromFile: "KEEPALIVED_PASSWORD",
            missingProgram: ("KEEPALIVED_BINARY", "/no/such/server"), template: "KEEPALIVED_TEMPLATE", hasOwnNetwork: true),
        EntrypointCase(
            component: "marathon-consul", executable: "marathon-consul",
            settings: ["MARATHON_CONSUL_LOCATION": "127.0.0.1:1", "CONSUL_HTTP_ADDR": "127.0.0.1:1"],
            misspelt: ("MARATHON_CONSUL_PREFIXX", "MARATHON_CONSUL_PREFIX"), malformed: ("MARATHON_CONSUL_PROTOCOL", "gopher"),
            fromFile: "MARATHON_HTTP_CREDENTIALS", missingProgram: nil),
        EntrypointCase(
            component: "mesos-consul", executable: "mesos-consul",
            settings: ["MESOS_ZK": "\(noZooKeeper)/mesos", "CONSUL_HTTP_ADDR": "127.0.0.1:1"],
            misspelt: ("MESOS_CONSUL_PRINCIPLE", "MESOS_CONSUL_PRINCIPAL"), malformed: ("LOG_LEVEL", "loud"),
            fromFile: "CONSUL_HTTP_TOKEN", missingProgram: nil),
    ]
}
