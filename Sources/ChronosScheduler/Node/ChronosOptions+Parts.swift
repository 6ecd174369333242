import Chronos
import ClusterCore
import HTTPClient
import Mesos
import MesosFramework

extension ChronosOptions {
    /// How Chronos presents itself to the master. GPU agents make offers only to those who ask for them.
    func framework(webui: String) throws(ClusterError) -> FrameworkConfiguration {
        let info = FrameworkInfo(
            user: user, name: frameworkName, failoverTimeout: failoverTimeout, checkpoint: checkpoint, role: role, hostname: hostname,
            principal: principal, webuiURL: webuiURL ?? webui, capabilities: FrameworkInfo.usualCapabilities + ["GPU_RESOURCES"])
        return FrameworkConfiguration(framework: info, authentication: try masterCredentials())
    }

    private func masterCredentials() throws(ClusterError) -> HTTPRequest.BasicAuth? {
        guard let principal, let secretFile else { return nil }
        // The file holds the secret alone; a line feed at its end is an editor's.
        let secret = try Files.text(secretFile, limit: 65_536).split(whereSeparator: \.isNewline).first ?? ""
        return HTTPRequest.BasicAuth(user: principal, password: String(secret))
    }

    /// What the leader works by.
    func leading(zones: @escaping @Sendable (String) throws(ClusterError) -> TimeZoneRules) -> ChronosLeader.Settings {
        var settings = ChronosLeader.Settings(builder: TaskBuilder(defaults: defaults, user: user))
        settings.core.epsilon = .seconds(epsilonSeconds)
        settings.core.failureRetry = failureRetry
        settings.core.disableAfterFailures = disableAfterFailures
        settings.core.zones = zones
        settings.declineSeconds = declineSeconds
        settings.reviveInterval = reviveInterval
        settings.reconciliationInterval = reconciliationInterval
        return settings
    }
}
