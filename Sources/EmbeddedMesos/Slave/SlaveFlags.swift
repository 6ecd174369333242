import ClusterCore

/// Upstream's flags that the embedded slave has no use for.
enum SlaveFlags {
    /// Refused: each would change what a task may do or what it finds, and a task that finds less than was promised fails in ways that
    /// nobody understands.
    private static let unsupported: Set<String> = [
        "acls", "agent_features", "allowed_capabilities", "allowed_devices", "appc_simple_discovery_uri_prefix",
        "authenticate_http_executors",
        "bounding_capabilities", "cgroups_enable_cfs", "cgroups_limit_swap", "container_logger", "containerizer_path",
        "csi_plugin_config_dir", "default_container_dns", "default_container_image", "default_container_info", "disk_profile_adaptor",
        "docker_config", "domain", "domain_socket_location", "effective_capabilities", "egress_rate_limit_per_container",
        "enforce_container_disk_quota", "enforce_container_ports", "external_log_file", "firewall_rules", "hooks", "image_providers", "ip6",
        "ip6_discovery_command", "ip_discovery_command", "jwt_secret_key", "master_detector", "modules", "modules_dir",
        "network_cni_config_dir", "network_cni_plugins_dir", "nvidia_gpu_devices", "qos_controller", "resource_estimator",
        "resource_provider_config_dir", "seccomp_config_dir", "seccomp_profile_name", "secret_resolver", "volume_gid_range",
        "xfs_kill_containers",
    ]

    /// Honoured.
    private static let honoured: Set<String> = [
        "advertise_ip", "advertise_port", "attributes", "authenticate_http_readonly", "authenticate_http_readwrite", "containerizers",
        "credential", "docker", "docker_socket", "executor_environment_variables", "executor_shutdown_grace_period",
        "fetcher_stall_timeout",
        "frameworks_home", "gc_delay", "help", "hostname", "http_credentials", "ip", "logging_level", "master",
        "max_completed_executors_per_framework", "port", "quiet", "reconfiguration_policy", "recover", "resources", "sandbox_directory",
        "switch_user", "version", "work_dir", "zk_session_timeout",
    ]

    /// What these flags may be beside their default.
    private static let onlyValue: [String: String] = [
        "authenticatee": "crammd5", "authorizer": "local", "default_role": "*", "isolation": "posix/cpu,posix/mem",
        "http_authenticators": "basic",
    ]

    /// Refuses what would be missed, and returns the names of what is harmless without effect.
    static func check(_ given: [String: String]) throws(ClusterError) -> [String] {
        for (name, value) in given.sorted(by: { $0.key < $1.key }) {
            let isOther = onlyValue[name].map { $0 != value } ?? false
            if isOther || (unsupported.contains(name) && value != "false") {
                throw ClusterError(
                    .usage, "--\(name)=\(value) is not supported by the embedded Mesos slave: run Apache Mesos, or drop the flag")
            }
        }
        return given.keys.filter { !honoured.contains($0) && onlyValue[$0] == nil && !unsupported.contains($0) }.sorted()
    }

    /// Flags with a default, as Mesos 1.11 lists them, of those that mean something here.
    static let defaults: [String: String] = [
        "authenticate_http_readonly": "false", "authenticate_http_readwrite": "false", "authenticatee": "crammd5", "authorizer": "local",
        "containerizers": "mesos", "default_role": "*", "docker": "docker", "docker_socket": "/var/run/docker.sock",
        "executor_shutdown_grace_period": "5secs", "fetcher_stall_timeout": "1mins", "frameworks_home": "", "gc_delay": "1weeks",
        "help": "false", "hostname_lookup": "true", "isolation": "posix/cpu,posix/mem", "launcher": "posix", "logging_level": "INFO",
        "max_completed_executors_per_framework": "150", "port": "5051", "quiet": "false", "reconfiguration_policy": "equal",
        "recover": "reconnect", "sandbox_directory": "/mnt/mesos/sandbox", "strict": "true", "switch_user": "true", "version": "false",
        "zk_session_timeout": "10secs",
    ]
}
