import Chronos
import ClusterCore
import Entrypoint
import Prerequisites
import Settings

/// The declared settings of chronos-wrap.
enum ChronosSettings {
    static let common = FrameworkSettings(
        product: "Chronos", port: 4400, keystorePasswordRole: "chronos_keystore_password", standardPrincipal: "root")
    static let master = Setting<ZooKeeperURL>(
        required: "chronos_master", "CHRONOS_MASTER", role: "chronos_master_peers", secret: true, bounds: "with a path such as /mesos",
        help: "the ZooKeeper ensemble and the path of the Mesos masters' election", isAllowed: { !$0.path.isEmpty })
    static let zooKeeperHosts = OptionalSetting<ZooKeeperURL>(
        "chronos_zk_hosts", "CHRONOS_ZK_HOSTS", role: "chronos_zk_peers", secret: true, bounds: "a list of host:port too",
        help: "the ZooKeeper ensemble of Chronos' own state; a path in it does not count. The masters' ensemble where it is not given")
    static let zooKeeperAuth = OptionalSetting<String>(
        "chronos_zk_auth", "CHRONOS_ZK_AUTH", secret: true, bounds: "user:password",
        help:
            "user and password (scheme digest) that Chronos' own state in ZooKeeper is kept with, so that nobody else reads or changes it; "
            + "embedded engine only",
        isAllowed: { $0.contains(":") && !$0.hasPrefix(":") && !$0.hasSuffix(":") })
    static let zooKeeperPath = Setting<String>(
        "chronos_zk_path", "CHRONOS_ZK_PATH", default: "/chronos/state", role: "chronos_zk_path", bounds: "such as /chronos/state",
        help: "path of Chronos' own state in ZooKeeper",
        isAllowed: { $0.hasPrefix("/") && $0.count > 1 && !$0.hasSuffix("/") && !$0.contains("//") })
    static let frameworkName = Setting<String>(
        "chronos_framework_name", "CHRONOS_MESOS_FRAMEWORK_NAME", default: "chronos", role: "chronos_framework_name",
        help: "the framework's name in Mesos", isAllowed: { !$0.isEmpty })
    static let disableAfterFailures = OptionalSetting<Int>(
        "chronos_disable_after_failures", "CHRONOS_DISABLE_AFTER_FAILURES", role: "chronos_disable_after_failures",
        help: "failed runs in a row after which a job is disabled; 0 = never", isAllowed: { $0 >= 0 })
    static let libprocessPort = OptionalSetting<Int>(
        "libprocess_port", "LIBPROCESS_PORT", bounds: "1–65535", help: "port that Mesos' library binds in upstream's Chronos; any free one",
        isAllowed: { (1...65535).contains($0) })
    static let version = OptionalSetting<String>(
        "chronos_version", "CHRONOS_VERSION", role: "chronos_version", bounds: "such as 3.0.2",
        help: "version of upstream's Chronos: its flags are checked; 2.x has another REST API. 3.0.2 where it is not given",
        isAllowed: { $0.first.map { "23".contains($0) } ?? false })
    static let javaOptions = OptionalSetting<String>(
        "java_opts", "JAVA_OPTS", original: ["JVM_OPTS"], help: "options of Java for upstream's Chronos")
    static let schema = SettingsSchema(
        component: "chronos",
        summary:
            "Starts Chronos once ZooKeeper and a leading Mesos master serve, supervises it, and hands its leadership over when it dies.",
        settings: [
            master.declaration, zooKeeperHosts.declaration, zooKeeperAuth.declaration, zooKeeperPath.declaration,
            common.hostname.declaration,
            common.httpAddress.declaration, common.httpPort.declaration, common.httpCredentials.declaration, frameworkName.declaration,
            disableAfterFailures.declaration,
            common.httpsPort.declaration, common.keystorePath.declaration, common.keystorePassword.declaration,
            common.libprocessIP.declaration,
            libprocessPort.declaration, common.principal.declaration, common.secret.declaration, common.mesosUser.declaration,
            common.mesosPassword.declaration,
            version.declaration, common.binary.declaration, common.runDirectory.declaration, common.javaHome.declaration,
            javaOptions.declaration,
            common.mesosLibrary.declaration,
        ] + EngineChoice.declarations,
        passThrough: SettingsSchema.PassThrough(
            prefix: "CHRONOS_", secrets: secretFlags,
            refused: [
                "mesos_authentication_secret_file": "give SECRET_FILE",
                "mail_password": "Chronos takes it on its command line only, where every user of the host can read it",
                "cassandra_password": "Chronos takes it on its command line only, where every user of the host can read it",
                "http_notification_credentials": "Chronos takes it on its command line only, where every user of the host can read it",
                "disable_http": "the checks and the standbys need it",
            ], names: Set(ChronosFlags.table.flags.keys), isKnown: isFlag))

    private static let secretFlags: Set<String> = ["raven_dsn", "slack_url", "mattermost_url"]

    /// A flag, a toggle's negative, or one of the variables that a Chronos finds when it runs as a job of another (upstream makes flags
    /// of those, and dies).
    private static func isFlag(_ name: String) -> Bool {
        if isJobVariable(name) || ChronosFlags.isKnown(name) { return true }
        return name.hasPrefix("disable_") && ChronosFlags.table.flags[String(name.dropFirst(8))]?.isToggle ?? false
    }

    /// `CHRONOS_JOB_…` and `CHRONOS_RESOURCE_…` of a job's environment; `job_history_limit` is a flag.
    static func isJobVariable(_ name: String) -> Bool {
        name != "job_history_limit" && (name.hasPrefix("job_") || name.hasPrefix("resource_"))
    }
}
