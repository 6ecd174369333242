public import HTTPClient
public import Mesos

/// How a framework presents itself, and how patient it is.
public struct FrameworkConfiguration: Sendable {
    /// Name, user, role, capabilities, `failoverTimeout`; its id is left to `FrameworkIdentity`.
    public var framework: FrameworkInfo
    /// Principal and secret, where the master asks frameworks for them (`--authenticate_http_frameworks`).
    public var authentication: HTTPRequest.BasicAuth?
    /// A stream that is silent for so long is given up; the master sends a heartbeat each 15 s.
    public var silence: Duration = .seconds(75)
    /// For one call to be answered.
    public var callTimeout: Duration = .seconds(10)
    /// First and longest pause between two tries to subscribe to the same master; each is jittered by half.
    public var backoff: ClosedRange<Duration> = .milliseconds(200)...(.seconds(5))
    /// `https` where the masters serve it.
    public var scheme = "http"

    /// A configuration with the usual patience.
    public init(framework: FrameworkInfo, authentication: HTTPRequest.BasicAuth? = nil) {
        self.framework = framework
        self.authentication = authentication
    }
}

extension FrameworkInfo {
    /// The capabilities that the schedulers of this project rely on: they tell lost from unreachable tasks, and see a kill begin.
    /// Mesos knows both since 1.1.
    public static let usualCapabilities = ["PARTITION_AWARE", "TASK_KILLING_STATE"]
}
