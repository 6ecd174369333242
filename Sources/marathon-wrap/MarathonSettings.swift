import ClusterCore
import Entrypoint
import Marathon
import Prerequisites
import Settings

/// The declared settings of marathon-wrap.
enum MarathonSettings {
    static let common = FrameworkSettings(
        product: "Marathon", port: 8080, keystorePasswordRole: "marathon_jks_password", standardPrincipal: nil)
    static let master = Setting<ZooKeeperURL>(
        required: "marathon_master", "MARATHON_MASTER", role: "marathon_master_peers", secret: true, bounds: "with a path such as /mesos",
        help: "the ZooKeeper ensemble and the path of the Mesos masters' election", isAllowed: { !$0.path.isEmpty })
    static let zooKeeper = OptionalSetting<ZooKeeperURL>(
        "marathon_zk", "MARATHON_ZK", role: "marathon_zk_peers", secret: true, bounds: "with a path such as /marathon",
        help: "the ZooKeeper ensemble and the path of Marathon's own state; the masters' ensemble and /marathon where it is not given",
        isAllowed: { !$0.path.isEmpty })
    static let frameworkName = Setting<String>(
        "marathon_framework_name", "MARATHON_FRAMEWORK_NAME", default: "marathon", role: "marathon_framework_name",
        help: "the framework's name in Mesos", isAllowed: { !$0.isEmpty })
    static let version = OptionalSetting<String>(
        "marathon_version", "MARATHON_VERSION", role: "marathon_version", bounds: "such as 1.5.15",
        help: "version of upstream's Marathon: its flags are checked, its election is known; any where it is not given",
        isAllowed: { $0.first?.isNumber ?? false })
    static let javaOptions = OptionalSetting<String>("java_opts", "JAVA_OPTS", help: "options of Java for upstream's Marathon")
    static let schema = SettingsSchema(
        component: "marathon",
        summary:
            "Starts Marathon once ZooKeeper and a leading Mesos master serve, supervises it, and hands its leadership over when it dies.",
        settings: [
            master.declaration, zooKeeper.declaration, common.hostname.declaration, common.httpAddress.declaration,
            common.httpPort.declaration,
            common.httpCredentials.declaration, frameworkName.declaration, common.httpsPort.declaration, common.keystorePath.declaration,
            common.keystorePassword.declaration, common.libprocessIP.declaration, common.principal.declaration, common.secret.declaration,
            common.mesosUser.declaration,
            common.mesosPassword.declaration, version.declaration, common.binary.declaration, common.runDirectory.declaration,
            common.javaHome.declaration,
            javaOptions.declaration, common.mesosLibrary.declaration,
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
