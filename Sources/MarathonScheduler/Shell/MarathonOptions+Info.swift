import ClusterCore
import JSON

extension MarathonOptions {
    /// The version whose API is served.
    static let version = "1.5.15"

    /// `/v2/info` as Marathon 1.5.15 writes it.
    func info(frameworkID: String?, leader: String) -> JSON {
        .members([
            "name": .string(frameworkName),
            "version": .string(Self.version),
            "buildref": .string("embedded engine of mesos-cluster (not Marathon itself); the API is that of Marathon \(Self.version)"),
            "elected": true,
            "leader": .string(leader),
            "frameworkId": frameworkID.map { .string($0) },
            "marathon_config": configuration,
            "zookeeper_config": [
                "zk": .string(zk.description), "zk_timeout": 10000, "zk_connection_timeout": 10000,
                "zk_session_timeout": .int(sessionTimeout.milliseconds), "zk_max_versions": .number(scheduling.maxVersions),
                "zk_max_node_size": 900_000, "zk_compression": false, "zk_compression_threshold": 65536,
            ],
            "http_config": .members(["http_port": .number(httpPort), "https_port": nil]),
        ])
    }

    private var configuration: JSON {
        func milliseconds(_ seconds: Double) -> JSON { .int(Int64(seconds * 1000)) }
        return .members([
            "access_control_allow_origin": allowOrigin.map { .string($0) },
            "checkpoint": .bool(checkpoint),
            "decline_offer_duration": milliseconds(scheduling.declineSeconds),
            "env_vars_prefix": scheduling.variablePrefix.isEmpty ? nil : .string(scheduling.variablePrefix),
            "executor": "//cmd",
            "failover_timeout": .int(Int64(failoverTimeout)),
            "features": .array(scheduling.features.sorted().map { .string($0) }),
            "framework_name": .string(frameworkName),
            "ha": true,
            "hostname": .string(hostname),
            "local_port_max": .number(scheduling.servicePorts.upperBound),
            "local_port_min": .number(scheduling.servicePorts.lowerBound),
            "master": .string(Self.redacted(master)),
            "max_instances_per_offer": scheduling.limitPerOffer.map { .number($0) },
            "mesos_leader_ui_url": mesosLeaderUIURL.map { .string($0) },
            "mesos_role": role.map { .string($0) },
            "mesos_user": user.map { .string($0) },
            "min_revive_offers_interval": milliseconds(scheduling.minReviveInterval),
            "reconciliation_interval": milliseconds(scheduling.reconciliationInterval),
            "task_launch_confirm_timeout": milliseconds(scheduling.taskLaunchConfirmTimeout),
            "task_launch_timeout": milliseconds(scheduling.taskLaunchTimeout),
            "webui_url": webuiURL.map { .string($0) },
        ])
    }

    /// A `zk://` URL without its password.
    private static func redacted(_ url: String) -> String {
        guard url.hasPrefix("zk://"), let at = url.lastIndex(of: "@") else { return url }
        return "zk://***:***\(url[at...])"
    }
}
