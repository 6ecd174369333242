public import JSON

/// What the embedded master and slave say that they are. The number is that of the Mesos whose API they speak, since clients compare
/// it; the rest names the engine plainly.
public enum EmbeddedMesosVersion {
    /// The version of Apache Mesos whose HTTP APIs are spoken.
    public static let version = "1.11.0"
    /// What stands where upstream has the tag that it was built from.
    public static let tag = "embedded-engine (speaks the API of Apache Mesos 1.11.0)"

    /// `/version`, and the operator API's `version_info`.
    public static let json: JSON = [
        "build_date": "1970-01-01 00:00:00", "build_time": 0.0, "build_user": "embedded-engine", "git_tag": .string(tag),
        "version": .string(version),
    ]

    /// Capabilities that a master announces.
    static let masterCapabilities = ["AGENT_UPDATE"]
    /// Capabilities of its agents.
    public static let agentCapabilities = ["MULTI_ROLE", "HIERARCHICAL_ROLE", "RESERVATION_REFINEMENT"]
}
