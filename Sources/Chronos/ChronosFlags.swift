public import ClusterCore

/// The command-line flags of Chronos 2.4.0, 2.5.0 and 3.0.2 (`SchedulerConfiguration`, `HttpConf` of chaos).
public enum ChronosFlags {
    /// The versions that the table knows.
    public static let versions = ["2.4.0", "2.5.0", "3.0.2"]

    /// Every flag of every version. Scallop writes `--name value`; the toggles take no value and can only be switched on.
    public static let table = FlagTable(syntax: .space, flags: valued + toggles)

    /// True where that version knows the flag. An unknown version counts as the newest.
    public static func isKnown(_ name: String, version: String? = nil) -> Bool {
        guard let flag = table.flags[name] else { return false }
        guard let version else { return true }
        return flag.versions.contains(versions.contains(version) ? version : "3.0.2")
    }

    private static let all: Set<String> = ["2.4.0", "2.5.0", "3.0.2"]

    private static let valued: [FlagTable.Flag] =
        [
            "assets_path", "cassandra_consistency", "cassandra_contact_points", "cassandra_keyspace", "cassandra_port",
            "cassandra_stat_count_table", "cassandra_table", "cassandra_ttl", "cluster_name", "decline_offer_duration",
            "disable_after_failures", "failover_timeout", "failure_retry", "graphite_group_prefix", "graphite_host_port",
            "graphite_reporting_interval", "hostname", "http_address", "http_credentials", "http_notification_credentials",
            "http_notification_url", "http_port", "http_realm", "https_port", "job_history_limit", "leader_max_idle_time",
            "mail_from", "mail_password", "mail_server", "mail_user", "master", "mesos_authentication_principal",
            "mesos_authentication_secret_file", "mesos_framework_name", "mesos_role", "mesos_task_cpu", "mesos_task_disk",
            "mesos_task_mem", "min_revive_offers_interval", "raven_dsn", "reconciliation_interval", "slack_url",
            "ssl_keystore_password", "ssl_keystore_path", "task_epsilon", "user", "webui_url", "zk_hosts", "zk_path", "zk_timeout",
        ].map { FlagTable.Flag($0, versions: all) } + [
            FlagTable.Flag("cassandra_password", versions: ["2.5.0", "3.0.2"]),
            FlagTable.Flag("cassandra_user", versions: ["2.5.0", "3.0.2"]),
            FlagTable.Flag("mattermost_url", versions: ["3.0.2"]),
            // INDIGO's build 3.0.2_gpu (mesos/chronos pull request 810).
            FlagTable.Flag("enable_features", versions: ["3.0.2"]),
            FlagTable.Flag("schedule_horizon", versions: ["2.4.0", "2.5.0"]),
            FlagTable.Flag("zk_auth", versions: ["3.0.2"]),
        ]

    private static let toggles: [FlagTable.Flag] =
        ["mail_ssl", "mesos_checkpoint", "revive_offers_for_new_jobs"].map { FlagTable.Flag($0, isToggle: true, versions: all) } + [
            FlagTable.Flag("disable_http", isToggle: true, versions: ["3.0.2"]),
            FlagTable.Flag("http_compression", isToggle: true, versions: ["3.0.2"]),
        ]
}
