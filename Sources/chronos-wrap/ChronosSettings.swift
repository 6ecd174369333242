import Chronos
import ClusterCore
import Entrypoint
import Prerequisites
import Settings

/// The declared settings of chronos-wrap.
enum ChronosSettings {
    static let master = Setting<ZooKeeperURL>(
        required: "chronos_master", "CHRONOS_MASTER", role: "chronos_master_peers", secret: true, bounds: "with a path such as /mesos",
        help: "the ZooKeeper ensemble and the path of the Mesos masters' election", isAllowed: { !$0.path.isEmpty })
    static let zooKeeperHosts = OptionalSetting<ZooKeeperURL>(
        "chronos_zk_hosts", "CHRONOS_ZK_HOSTS", role: "chronos_zk_peers", secret: true, bounds: "a list of host:port too",
        help: "the ZooKeeper ensemble of Chronos' own state; a path in it does not count. The masters' ensemble where it is not given")
    static let zooKeeperAuth = OptionalSetting<String>(
        "chronos_zk_auth", "CHRONOS_ZK_AUTH", secret: true, bounds: "user:password",
        help: "user and password (scheme digest) that Chronos' own state in ZooKeeper is kept with, so that nobody else reads or changes it; "
            + "embedded engine only",
        isAllowed: { $0.contains(":") && !$0.hasPrefix(":") && !$0.hasSuffix(":") })
    static let zooKeeperPath = Setting<String>(
        "chronos_zk_path", "CHRONOS_ZK_PATH", default: "/chronos/state", role: "chronos_zk_path", bounds: "such as /chronos/state",
        help: "path of Chronos' own state in ZooKeeper",
        isAllowed: { $0.hasPrefix("/") && $0.count > 1 && !$0.hasSuffix("/") && !$0.contains("//") })
    static let hostname = OptionalSetting<String>(
        "chronos_hostname", "CHRONOS_HOSTNAME", role: "chronos_hostname",
        help: "name or address that the other Chronos and the clients reach this one by; node_address where it is not given",
        isAllowed: { !$0.isEmpty && !$0.contains("/") })
    static let httpAddress = OptionalSetting<String>(
        "chronos_http_address", "CHRONOS_HTTP_ADDRESS", help: "address to listen on; node_address where it is not given",
        isAllowed: IPAddress.isValid)
    static let httpPort = Setting<Int>(
        "chronos_http_port", "CHRONOS_HTTP_PORT", default: 4400, in: 1...65535, role: "chronos_http_port", help: "port of the REST API")
    static let httpCredentials = OptionalSetting<String>(
        "chronos_http_credentials", "CHRONOS_HTTP_CREDENTIALS", secret: true, bounds: "user:password",
        help: "user and password that the REST API asks for; without it everyone who reaches the port may run anything",
        isAllowed: { $0.contains(":") && !$0.hasPrefix(":") && !$0.hasSuffix(":") })
    static let frameworkName = Setting<String>(
        "chronos_framework_name", "CHRONOS_MESOS_FRAMEWORK_NAME", default: "chronos", role: "chronos_framework_name",
        help: "the framework's name in Mesos", isAllowed: { !$0.isEmpty })
    static let disableAfterFailures = OptionalSetting<Int>(
        "chronos_disable_after_failures", "CHRONOS_DISABLE_AFTER_FAILURES", role: "chronos_disable_after_failures",
        help: "failed runs in a row after which a job is disabled; 0 = never", isAllowed: { $0 >= 0 })
    static let httpsPort = OptionalSetting<Int>(
        "chronos_https_port", "CHRONOS_HTTPS_PORT", role: "chronos_https_port", bounds: "1–65535",
        help: "port of the REST API over TLS; needs a keystore, upstream's Chronos only", isAllowed: { (1...65535).contains($0) })
    static let keystorePath = OptionalSetting<String>(
        "chronos_ssl_keystore_path", "CHRONOS_SSL_KEYSTORE_PATH", role: "chronos_keystore_path", bounds: "an absolute path",
        help: "Java keystore with the certificate of the HTTPS port", isAllowed: { $0.hasPrefix("/") })
    static let keystorePassword = OptionalSetting<String>(
        "chronos_ssl_keystore_password", "CHRONOS_SSL_KEYSTORE_PASSWORD", role: "chronos_keystore_password", secret: true,
        help: "the keystore's password", isAllowed: { !$0.isEmpty })
    static let libprocessIP = OptionalSetting<String>(
        "libprocess_ip", "LIBPROCESS_IP", role: "chronos_libprocess_ip",
        help: "address that Mesos' library binds in upstream's Chronos; node_address where it is not given", isAllowed: IPAddress.isValid)
    static let libprocessPort = OptionalSetting<Int>(
        "libprocess_port", "LIBPROCESS_PORT", bounds: "1–65535", help: "port that Mesos' library binds in upstream's Chronos; any free one",
        isAllowed: { (1...65535).contains($0) })
    static let principal = OptionalSetting<String>(
        "mesos_principal", "PRINCIPAL", original: ["CHRONOS_MESOS_AUTHENTICATION_PRINCIPAL"],
        help: "who Chronos authenticates to the masters as; root where only a secret is given",
        isAllowed: { !$0.isEmpty && !$0.contains(where: \.isWhitespace) && !$0.contains(":") })
    static let secret = OptionalSetting<String>(
        "mesos_secret", "SECRET", secret: true, help: "its secret, written to a file of mode 0600", isAllowed: { !$0.isEmpty })
    static let mesosUser = Setting<String>(
        "mesos_http_user", "MESOS_HTTP_USER", default: "admin", role: "mesos_username",
        help: "user that the checks ask the Mesos masters as, where a password is given")
    static let mesosPassword = OptionalSetting<String>(
        "mesos_http_password", "MESOS_HTTP_PASSWORD", role: "mesos_password", secret: true,
        help: "password that the checks ask the Mesos masters with", isAllowed: { !$0.isEmpty })
    static let version = OptionalSetting<String>(
        "chronos_version", "CHRONOS_VERSION", role: "chronos_version", bounds: "such as 3.0.2",
        help: "version of upstream's Chronos: its flags are checked; 2.x has another REST API. 3.0.2 where it is not given",
        isAllowed: { $0.first.map { "23".contains($0) } ?? false })
    static let binary = OptionalSetting<String>(
        "chronos_binary", "CHRONOS_BINARY", bounds: "an absolute path", help: "upstream's start script, where it is not found",
        isAllowed: { $0.hasPrefix("/") })
    static let runDirectory = Setting<String>(
        "chronos_run_dir", "CHRONOS_RUN_DIR", default: "/run/mesos-cluster/chronos", bounds: "an absolute path",
        help: "directory of the secret files that are written at start, mode 0700", isAllowed: { $0.hasPrefix("/") })
    static let javaHome = OptionalSetting<String>("java_home", "JAVA_HOME", help: "Java of upstream's Chronos")
    static let javaOptions = OptionalSetting<String>(
        "java_opts", "JAVA_OPTS", original: ["JVM_OPTS"], help: "options of Java for upstream's Chronos")
    static let mesosLibrary = OptionalSetting<String>(
        "mesos_native_java_library", "MESOS_NATIVE_JAVA_LIBRARY", help: "path of libmesos.so for upstream's Chronos")

    static let schema = SettingsSchema(
        component: "chronos",
        summary:
            "Starts Chronos once ZooKeeper and a leading Mesos master serve, supervises it, and hands its leadership over when it dies.",
        settings: [
            master.declaration, zooKeeperHosts.declaration, zooKeeperAuth.declaration, zooKeeperPath.declaration, hostname.declaration,
            httpAddress.declaration, httpPort.declaration, httpCredentials.declaration, frameworkName.declaration, disableAfterFailures.declaration,
            httpsPort.declaration, keystorePath.declaration, keystorePassword.declaration, libprocessIP.declaration,
            libprocessPort.declaration, principal.declaration, secret.declaration, mesosUser.declaration, mesosPassword.declaration,
            version.declaration, binary.declaration, runDirectory.declaration, javaHome.declaration, javaOptions.declaration,
            mesosLibrary.declaration,
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
