import ClusterCore
import Settings

/// The declared settings of zookeeper-init.
enum ZooKeeperSettings {
    static let servers = Setting<MemberList>(
        "servers", "ZOO_SERVERS", default: MemberList(members: []), original: ["SERVERS"], role: "zookeeper_servers_list",
        help: "the members of the ensemble, the same list on each; a host's place in the list is its id; empty: a single server")
    static let myID = OptionalSetting<Int>(
        "my_id", "ZOO_MY_ID", original: ["MYID"], bounds: "1–255",
        help: "this member's id, only to check it: it follows from the member list and this node's address",
        isAllowed: { (1...255).contains($0) })
    static let clientPort = Setting<Int>(
        "client_port", "ZOO_CLIENT_PORT", default: 2181, in: 1...65535, role: "zookeeper_client_port",
        help: "port that clients connect to, the same on all members")
    static let peerPort = Setting<Int>(
        "peer_port", "ZOO_PEER_PORT", default: 2888, in: 1...65535, role: "zookeeper_leader_connect_port",
        help: "port between followers and leader, of members that the list gives without ports")
    static let electionPort = Setting<Int>(
        "election_port", "ZOO_ELECTION_PORT", default: 3888, in: 1...65535, role: "zookeeper_leader_election_port",
        help: "port of the leader election, of members that the list gives without ports")
    static let listenOnAll = Setting<Bool>(
        "listen_on_all", "ZOO_LISTEN_ON_ALL", default: false,
        help: "listen on all addresses instead of node_address only; needed where node_address is not one of this network namespace")
    static let dataDirectory = Setting<String>(
        "data_dir", "ZOO_DATA_DIR", default: "/var/lib/zookeeper", bounds: "an absolute path",
        help: "directory of snapshots, id and member list; must outlive the container", isAllowed: isAbsolute)
    static let dataLogDirectory = OptionalSetting<String>(
        "data_log_dir", "ZOO_DATA_LOG_DIR", bounds: "an absolute path",
        help: "directory of the transaction log, best on a disk of its own; data_dir where it is not given", isAllowed: isAbsolute)
    static let configurationDirectory = Setting<String>(
        "conf_dir", "ZOO_CONF_DIR", default: "/run/mesos-cluster/zookeeper", bounds: "an absolute path",
        help: "directory that zoo.cfg and the logging configuration are written to", isAllowed: isAbsolute)
    static let tickTime = Setting<Duration>(
        "tick_time", "ZOO_TICK_TIME", default: .seconds(2), in: .milliseconds(100) ... .seconds(60),
        help: "ZooKeeper's unit of time; a session's time-out is between 2 and 20 ticks")
    static let initLimit = Setting<Int>(
        "init_limit", "ZOO_INIT_LIMIT", default: 10, in: 1...1000, help: "ticks that a follower may take to connect and catch up")
    static let syncLimit = Setting<Int>(
        "sync_limit", "ZOO_SYNC_LIMIT", default: 5, in: 1...1000, help: "ticks that a follower may lag behind the leader")
    static let clientLimit = Setting<Int>(
        "max_client_connections", "ZOO_MAX_CLIENT_CNXNS", default: 200, in: 0...100_000,
        help: "connections allowed to one client address; 0: without limit")
    static let snapshotsKept = Setting<Int>(
        "autopurge_retain", "ZOO_AUTOPURGE_SNAPRETAINCOUNT", default: 3, in: 3...1000, help: "how many snapshots are kept")
    static let purgeInterval = Setting<Int>(
        "autopurge_interval", "ZOO_AUTOPURGE_PURGEINTERVAL", default: 1, in: 1...1000,
        help: "hours between two removals of old snapshots and logs")
    static let heapSize = Setting<Int>(
        "heap_size", "ZOO_HEAP_SIZE", default: 512, in: 64...65536,
        help: "the JVM's heap in MB; must hold all nodes, and never be swapped")
    static let logLevel = Setting<ServerLogLevel>(
        "server_log_level", "ZOO_LOG_LEVEL", default: .info, help: "the least important lines that the server logs to standard output")
    static let javaHome = OptionalSetting<String>(
        "java_home", "JAVA_HOME", bounds: "an absolute path", help: "the JVM's directory; java is looked for in PATH where it is not given",
        isAllowed: isAbsolute)
    static let classPath = OptionalSetting<String>(
        "class_path", "ZOO_CLASS_PATH",
        help: "ZooKeeper's jars, separated by colons; looked for in zookeeper_home and where Debian installs them if not given")
    static let home = OptionalSetting<String>(
        "zookeeper_home", "ZOO_HOME", bounds: "an absolute path", help: "where a ZooKeeper release is unpacked", isAllowed: isAbsolute)
    static let jvmFlags = Setting<String>(
        "jvm_flags", "ZOO_JVM_FLAGS", default: "", help: "further flags of the JVM, separated by spaces")

    static let declarations = [
        servers.declaration, myID.declaration, clientPort.declaration, peerPort.declaration, electionPort.declaration,
        listenOnAll.declaration, dataDirectory.declaration, dataLogDirectory.declaration, configurationDirectory.declaration,
        tickTime.declaration, initLimit.declaration, syncLimit.declaration, clientLimit.declaration, snapshotsKept.declaration,
        purgeInterval.declaration, heapSize.declaration, logLevel.declaration, javaHome.declaration, classPath.declaration,
        home.declaration, jvmFlags.declaration,
    ]

    private static let isAbsolute: @Sendable (String) -> Bool = { $0.hasPrefix("/") && !$0.contains(where: \.isNewline) }
}

/// How much the server logs.
enum ServerLogLevel: String, SettingWord {
    case error, warn, info, debug
}
