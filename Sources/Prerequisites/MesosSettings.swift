import ClusterCore
public import Settings

/// The settings that mesos-master-wrap and mesos-slave-wrap share.
public enum MesosSettings {
    /// Address to listen on and to announce.
    public static let ip = OptionalSetting<String>(
        "mesos_ip", "MESOS_IP", role: "mesos_ip", help: "address to listen on and to announce; node_address where it is not given",
        isAllowed: IPAddress.isValid)
    /// Where log files go beside the container's log.
    public static let logDirectory = OptionalSetting<String>(
        "mesos_log_dir", "MESOS_LOG_DIR", role: "mesos_log_dir", bounds: "an absolute path",
        help: "directory of log files beside the container's log; none where it is not given", isAllowed: { $0.hasPrefix("/") })
    /// Who authenticates.
    public static let principal = Setting<String>(
        "mesos_principal", "MESOS_PRINCIPAL", default: "root", original: ["PRINCIPAL"],
        help: "who frameworks and agents authenticate as, where a secret is given", isAllowed: isWord)
    /// User of the HTTP endpoints.
    public static let httpUser = Setting<String>(
        "mesos_http_user", "MESOS_HTTP_USER", default: "admin", role: "mesos_username",
        help: "user of the HTTP endpoints, where a password is given",
        isAllowed: isWord)
    /// Password of the HTTP endpoints.
    public static let httpPassword = OptionalSetting<String>(
        "mesos_http_password", "MESOS_HTTP_PASSWORD", role: "mesos_password", secret: true,
        help: "password of the HTTP endpoints; where it is given, reading and writing need it", isAllowed: { !$0.isEmpty })

    /// A principal or user stands in a colon-separated header.
    @Sendable private static func isWord(_ text: String) -> Bool {
        !text.isEmpty && !text.contains { $0 == ":" || $0.isWhitespace }
    }
}
