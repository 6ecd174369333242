import ClusterCore
import Entrypoint
import Marathon
import Prerequisites
import Settings

/// The declared settings of marathon-wrap.
enum MarathonSettings {
    static let master = Setting<ZooKeeperURL>(
        required: "marathon_master", "MARATHON_MASTER", role: "marathon_master_peers", secret: true, bounds: "with a path such as /mesos",
        help: "the ZooKeeper ensemble and the path of the Mesos masters' election", isAllowed: { !$0.path.isEmpty })
    static let zooKeeper = OptionalSetting<ZooKeeperURL>(
        "marathon_zk", "MARATHON_ZK", role: "marathon_zk_peers", secret: true, bounds: "with a path such as /marathon",
        help: "the ZooKeeper ensemble and the path of Marathon's own state; the masters' ensemble and /marathon where it is not given",
        isAllowed: { !$0.path.isEmpty })
    static let hostname = OptionalSetting<String>(
        "marathon_hostname", "MARATHON_HOSTNAME", role: "marathon_hostname",
        help: "name or address that the other Marathons and the clients reach this one by; node_address where it is not given",
        isAllowed: { !$0.isEmpty && !$0.contains("/") })
    static let httpAddress = OptionalSetting<String>(
        "marathon_http_address", "MARATHON_HTTP_ADDRESS", help: "address to listen on; node_address where it is not given",
        isAllowed: IPAddress.isValid)
    static let httpPort = Setting<Int>(
        "marathon_http_port", "MARATHON_HTTP_PORT", default: 8080, in: 1...65535, role: "marathon_http_port", help: "port of the REST API")
    static let httpCredentials = OptionalSetting<String>(
        "marathon_http_credentials", "MARATHON_HTTP_CREDENTIALS", secret: true, bounds: "user:password",
        help: "user and password that the REST API asks for; without it everyone who reaches the port may do everything",
        isAllowed: { $0.contains(":") && !$0.hasPrefix(":") && !$0.hasSuffix(":") })
    static let frameworkName = Setting<String>(
        "marathon_framework_name", "MARATHON_FRAMEWORK_NAME", default: "marathon", role: "marathon_framework_name",
        help: "the framework's name in Mesos", isAllowed: { !$0.isEmpty })
    static let httpsPort = OptionalSetting<Int>(
        "marathon_https_port", "MARATHON_HTTPS_PORT", role: "marathon_https_port", bounds: "1–65535",
        help: "port of the REST API over TLS; needs a keystore, upstream's Marathon only", isAllowed: { (1...65535).contains($0) })
    static let keystorePath = OptionalSetting<String>(
        "marathon_ssl_keystore_path", "MARATHON_SSL_KEYSTORE_PATH", role: "marathon_keystore_path", bounds: "an absolute path",
        help: "Java keystore with the certificate of the HTTPS port", isAllowed: { $0.hasPrefix("/") })
    static let keystorePassword = OptionalSetting<String>(
        "marathon_ssl_keystore_password", "MARATHON_SSL_KEYSTORE_PASSWORD", role: "marathon_jks_password", secret: true,
        help: "the keystore's password", isAllowed: { !$0.isEmpty })
    static let libprocessIP = OptionalSetting<String>(
        "libprocess_ip", "LIBPROCESS_IP", role: "marathon_libprocess_ip",
        help: "address that Mesos' library binds in upstream's Marathon; node_address where it is not given", isAllowed: IPAddress.isValid)
    static let principal = OptionalSetting<String>(
        "mesos_principal", "PRINCIPAL", original: ["MARATHON_MESOS_AUTHENTICATION_PRINCIPAL"],
        help: "who Marathon authenticates to the masters as; the framework's name where only a secret is given",
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
        "marathon_version", "MARATHON_VERSION", role: "marathon_version", bounds: "such as 1.5.15",
        help: "version of upstream's Marathon: its flags are checked, its election is known; any where it is not given",
        isAllowed: { $0.first?.isNumber ?? false })
    static let binary = OptionalSetting<String>(
        "marathon_binary", "MARATHON_BINARY", bounds: "an absolute path", help: "upstream's start script, where it is not found",
        isAllowed: { $0.hasPrefix("/") })
    static let runDirectory = Setting<String>(
        "marathon_run_dir", "MARATHON_RUN_DIR", default: "/run/mesos-cluster/marathon", bounds: "an absolute path",
        help: "directory of the secret file that is written at start, mode 0700", isAllowed: { $0.hasPrefix("/") })
    static let javaHome = OptionalSetting<String>("java_home", "JAVA_HOME", help: "Java of upstream's Marathon")
    static let javaOptions = OptionalSetting<String>("java_opts", "JAVA_OPTS", help: "options of Java for upstream's Marathon")
    static let mesosLibrary = OptionalSetting<String>(
        "mesos_native_java_library", "MESOS_NATIVE_JAVA_LIBRARY", help: "path of libmesos.so for upstream's Marathon")

    static let schema = SettingsSchema(
        component: "marathon",
        summary:
            "Starts Marathon once ZooKeeper and a leading Mesos master serve, supervises it, and hands its leadership over when it dies.",
        settings: [
            master.declaration, zooKeeper.declaration, hostname.declaration, httpAddress.declaration, httpPort.declaration,
            httpCredentials.declaration, frameworkName.declaration, httpsPort.declaration, keystorePath.declaration,
            keystorePassword.declaration, libprocessIP.declaration, principal.declaration, secret.declaration, mesosUser.declaration,
            mesosPassword.declaration, version.declaration, binary.declaration, runDirectory.declaration, javaHome.declaration,
            javaOptions.declaration, mesosLibrary.declaration,
        ] + EngineChoice.declarations,
        passThrough: passThrough)

    private static let passThrough: SettingsSchema.PassThrough = {
        var flags = SettingsSchema.PassThrough(
            prefix: "MARATHON_",
            refused: [
                "mesos_authentication_secret": "give SECRET or SECRET_FILE: it must not stand in argv",
                "mesos_authentication_secret_file": "give SECRET_FILE",
            ], names: Set(MarathonFlags.any.flags.keys), isKnown: isFlag)
        let toggles = MarathonFlags.any.flags.values.filter(\.isToggle).map(\.name)
        flags.bareFlags = Set(toggles + toggles.map { "disable_\($0)" })
        return flags
    }()

    /// A flag, a toggle's negative, or one of the variables that a Marathon finds when it runs as a task of another.
    private static func isFlag(_ name: String) -> Bool {
        if name.hasPrefix("app_") || MarathonFlags.any.flags[name] != nil { return true }
        return name.hasPrefix("disable_") && MarathonFlags.any.flags[String(name.dropFirst(8))]?.isToggle ?? false
    }
}
