import ClusterCore
public import Settings

/// The settings that every entrypoint has. They are added to each component's own; a component that declares one of the same name
/// replaces it.
public enum CommonSettings {
    /// This node's own address.
    public static let nodeAddress = OptionalSetting<String>(
        "node_address", "NODE_ADDRESS", role: "node_address",
        help: "this node's own IP address; the default of what the component binds, advertises and is known by",
        isAllowed: IPAddress.isValid)
    /// This node's name.
    public static let nodeName = OptionalSetting<String>(
        "node_name", "NODE_NAME", role: "node_name", help: "this node's name; the host's name where it is not given")
    /// Where the probes listen.
    public static let probeAddress = OptionalSetting<String>(
        "probe_address", "PROBE_ADDRESS", help: "address that /live, /ready, /role and /metrics listen on; node_address, else 127.0.0.1",
        isAllowed: IPAddress.isValid)
    /// Whether an ended child is started again.
    public static let restart = Setting<RestartChoice>(
        "restart", "RESTART", default: .always,
        help: "restart the component in place after a pause of 1 to 30 s, or end with its exit code; 5 exits within 60 s always end")
    /// How long each stop signal is given.
    public static let stopGrace = OptionalSetting<Duration>(
        "stop_grace", "STOP_GRACE", bounds: "100ms–10mins",
        help: "how long the component may take to stop before it is killed; each component has its own default",
        isAllowed: { (.milliseconds(100) ... .seconds(600)).contains($0) })
    /// How long the prerequisites may take.
    public static let startDeadline = Setting<Duration>(
        "start_deadline", "START_DEADLINE", default: .seconds(600), in: .milliseconds(100) ... .seconds(7 * 86400),
        help: "how long what the component needs may take to come; exit status 69 then")
    /// How much is logged.
    public static let logLevel = Setting<LogLevel>("log_level", "LOG_LEVEL", default: .info, help: "the least important lines to log")

    /// The port of the probes; 0 for none.
    public static func probePort(_ component: String) -> Setting<Int> {
        Setting(
            "probe_port", "PROBE_PORT", default: probePorts[component] ?? 0, in: 0...65535,
            help: "port of /live, /ready, /role and /metrics; 0 for none")
    }

    /// The Unix socket of the probes, which `health` asks.
    public static func probeSocket(_ component: String) -> Setting<String> {
        Setting(
            "probe_socket", "PROBE_SOCKET", default: "/run/mesos-cluster/\(component).sock", bounds: "at most 107 bytes, or none",
            help: "Unix socket of the same probes, which the `health` subcommand asks; none for no socket",
            isAllowed: { $0 == "none" || ($0.hasPrefix("/") && $0.utf8.count <= 107) })
    }

    /// The settings file.
    public static func settingsFile(_ component: String) -> Setting<String> {
        Setting(
            "settings_file", SettingsLoader.fileVariable, default: "/etc/mesos-cluster/\(component).yaml",
            help: "YAML file with settings by name; the default one may be absent")
    }

    /// Standard ports of the probes, by component.
    public static let probePorts: [String: Int] = [
        "zookeeper": 9150, "mesos-master": 9151, "mesos-slave": 9152, "marathon": 9153, "chronos": 9154, "consul": 9155,
        "haproxy": 9156, "keepalived": 9157, "mesos-consul": 9158, "marathon-consul": 9159,
    ]

    /// All of them, in the order of help.
    public static func declarations(for component: String) -> [SettingDeclaration] {
        [
            nodeAddress.declaration, nodeName.declaration, probeAddress.declaration, probePort(component).declaration,
            probeSocket(component).declaration, restart.declaration, stopGrace.declaration, startDeadline.declaration,
            logLevel.declaration, settingsFile(component).declaration,
        ]
    }
}

extension SettingsSchema {
    /// The component's settings and, after them, those common to all entrypoints that it does not declare itself.
    public var withCommonSettings: SettingsSchema {
        let own = Set(settings.map(\.name))
        return SettingsSchema(
            component: component, summary: summary,
            settings: settings + CommonSettings.declarations(for: component).filter { !own.contains($0.name) },
            ownPrefixes: ownPrefixes, passThrough: passThrough)
    }
}

/// Whether an ended child is started again.
public enum RestartChoice: String, SettingWord {
    /// In place, after a pause.
    case always
    /// The entrypoint ends with the child's code.
    case never
}

/// The least important lines that are logged.
public enum LogLevel: String, SettingWord {
    /// Everything.
    case debug
    /// Each event.
    case info
    /// What may need a look.
    case warning
    /// What needs one.
    case error
}
