import ClusterCore
import Entrypoint
import Mesos
import Prerequisites
import Settings

/// The declared settings of mesos-master-wrap.
enum MasterSettings {
    static let zooKeeper = Setting<ZooKeeperURL>(
        required: "mesos_zk", "MESOS_ZK", role: "mesos_zk", secret: true, bounds: "with a path such as /mesos",
        help: "the ZooKeeper ensemble and the path of the masters' election; user:password@ before the servers for digest ACLs",
        isAllowed: { !$0.path.isEmpty })
    static let masters = OptionalSetting<[String]>(
        "mesos_masters", "MESOS_MASTERS", role: "mesos_masters_list", bounds: "an address or name each",
        help: "all masters, the same list on every node; 1, 3 or 5 of them. Where it is not given, mesos_master_count counts",
        isAllowed: { !$0.isEmpty })
    static let masterCount = OptionalSetting<Int>(
        "mesos_master_count", "MESOS_MASTER_COUNT", bounds: "1, 3, 5, …",
        help: "how many masters there are; where neither it nor the list is given, as many as ZooKeeper servers", isAllowed: { $0 > 0 })
    static let quorum = OptionalSetting<Int>(
        "mesos_quorum", "MESOS_QUORUM", role: "mesos_master_quorum",
        help: "computed as floor(masters / 2) + 1; where it is given it must be that number", isAllowed: { $0 > 0 })
    static let ip = MesosSettings.ip
    static let port = Setting<Int>("mesos_port", "MESOS_PORT", default: 5050, in: 1...65535, role: "mesos_master_port", help: "port")
    static let hostname = OptionalSetting<String>(
        "mesos_hostname", "MESOS_HOSTNAME", role: "mesos_hostname",
        help: "name that clients are redirected to; the address where it is not given", isAllowed: { !$0.isEmpty && !$0.contains("/") })
    static let cluster = OptionalSetting<String>(
        "mesos_cluster", "MESOS_CLUSTER", role: "mesos_cluster_name", help: "the cluster's name, shown in the state")
    static let workDirectory = Setting<String>(
        "mesos_work_dir", "MESOS_WORK_DIR", default: "/var/lib/mesos", role: "mesos_master_work_dir", bounds: "an absolute path",
        help: "directory of the replicated log; must survive restarts", isAllowed: { $0.hasPrefix("/") })
    static let logDirectory = MesosSettings.logDirectory
    static let offerTimeout = Setting<Duration>(
        "mesos_offer_timeout", "MESOS_OFFER_TIMEOUT", default: .seconds(30), in: .seconds(1) ... .seconds(86400),
        role: "mesos_master_offer_timeout", help: "an offer that no framework answers is taken back after this time")
    static let principal = MesosSettings.principal
    static let secret = OptionalSetting<String>(
        "mesos_secret", "MESOS_SECRET", original: ["SECRET"], secret: true,
        help: "the secret of frameworks and agents; where it is given, both must authenticate", isAllowed: { !$0.isEmpty })
    static let httpUser = MesosSettings.httpUser
    static let httpPassword = MesosSettings.httpPassword
    static let binary = OptionalSetting<String>(
        "mesos_master_binary", "MESOS_MASTER_BINARY", help: "path of Apache's mesos-master; else it is looked for in PATH")
    static let runDirectory = Setting<String>(
        "mesos_run_dir", "MESOS_RUN_DIR", default: "/run/mesos-cluster/mesos-master", bounds: "an absolute path",
        help: "directory of the credentials files that are written at start, mode 0700", isAllowed: { $0.hasPrefix("/") })

    static let schema = SettingsSchema(
        component: "mesos-master",
        summary: "Starts a Mesos master once ZooKeeper has a majority, supervises it, and hands its leadership over when it dies.",
        settings: [
            zooKeeper.declaration, masters.declaration, masterCount.declaration, quorum.declaration, ip.declaration, port.declaration,
            hostname.declaration, cluster.declaration, workDirectory.declaration, logDirectory.declaration, offerTimeout.declaration,
            principal.declaration, secret.declaration, httpUser.declaration, httpPassword.declaration, binary.declaration,
            runDirectory.declaration,
        ] + EngineChoice.declarations,
        passThrough: SettingsSchema.PassThrough(
            prefix: "MESOS_",
            refused: [
                "help": "it only prints a text", "version": "it only prints a text",
                "master_contender": "masters elect by ZooKeeper here", "master_detector": "masters elect by ZooKeeper here",
                "ip_discovery_command": "give MESOS_IP or NODE_ADDRESS",
            ], table: MesosFlags.master))
}
