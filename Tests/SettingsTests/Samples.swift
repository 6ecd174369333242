import ClusterCore
import Glibc
import Settings
import Testing

/// A component with a setting of every kind.
enum Sample {
    enum Mode: String, SettingWord { case fast, safe }

    static let port = Setting("client_port", "ZOO_CLIENT_PORT", default: 2181, in: 1...65535, help: "Port for clients.")
    static let servers = Setting<[String]>(
        required: "servers", "ZOO_SERVERS", original: ["ZOOKEEPER_MEMBERS"], role: "zookeeper_servers", help: "Members.")
    static let mode = Setting("mode", "ZOO_MODE", default: Mode.safe, help: "How to write.")
    static let password = OptionalSetting<String>("password", "ZOO_PASSWORD", original: ["ZK_PASS"], secret: true, help: "Password.")
    static let wait = Setting(
        "wait", "ZOO_WAIT", default: .seconds(30), in: .seconds(1)...(.seconds(600)), help: "How long to wait.")

    static let schema = SettingsSchema(
        component: "zookeeper", summary: "Runs ZooKeeper.",
        settings: [port.declaration, servers.declaration, mode.declaration, password.declaration, wait.declaration],
        ownPrefixes: ["ZOO_"])

    static let flags = SettingsSchema(
        component: "marathon", summary: "Runs Marathon.", settings: [port.declaration],
        passThrough: .init(
            prefix: "MARATHON_", secrets: ["http_credentials"], refused: ["zk": "it is made of ZOO_SERVERS"],
            names: ["http_credentials", "task_launch_timeout"], isKnown: { ["http_credentials", "task_launch_timeout"].contains($0) }))
}

/// A directory of its own, removed at the end.
final class TemporaryDirectory {
    let path: String

    init() {
        path = "/tmp/settings-test-\(getpid())-\(UInt64.random(in: 0 ... .max))"
        mkdir(path, 0o700)
    }

    deinit { try? Files.remove(path) }

    func file(_ name: String, _ content: String, mode: mode_t = 0o600) throws -> String {
        try Files.write("\(path)/\(name)", content.utf8, mode: mode)
        return "\(path)/\(name)"
    }
}

/// Loads, and returns the mistakes as text; "" where there are none.
func mistakes(_ environment: [String: String], file: String? = nil, schema: SettingsSchema = Sample.schema) -> String {
    do throws(SettingsErrors) {
        _ = try SettingsLoader(schema: schema).load(environment: environment, file: file)
        return ""
    } catch {
        return error.description
    }
}
