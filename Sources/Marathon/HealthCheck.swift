/// A check that says whether a task is alive.
public struct HealthCheck: Sendable, Hashable {
    /// How it is asked. The first three are asked by Marathon's leader, the others by the task's executor.
    public enum CheckProtocol: String, Sendable, CaseIterable {
        /// HTTP request; 200–399 is well.
        case http = "HTTP"
        /// HTTPS request, any certificate.
        case https = "HTTPS"
        /// A TCP connection that is accepted.
        case tcp = "TCP"
        /// A shell command that exits 0.
        case command = "COMMAND"
        /// As HTTP, by the executor.
        case mesosHTTP = "MESOS_HTTP"
        /// As HTTPS, by the executor.
        case mesosHTTPS = "MESOS_HTTPS"
        /// As TCP, by the executor.
        case mesosTCP = "MESOS_TCP"

        /// True where the executor asks.
        public var isByExecutor: Bool { rawValue.hasPrefix("MESOS_") || self == .command }
        /// True where there is a path to ask for.
        public var isHTTP: Bool { rawValue.hasSuffix("HTTP") || rawValue.hasSuffix("HTTPS") }
    }

    /// How it is asked.
    public var checkProtocol: CheckProtocol = .http
    /// Path of an HTTP request.
    public var path: String?
    /// Index of the port that is asked.
    public var portIndex: Int?
    /// A fixed port, in place of an index.
    public var port: Int?
    /// The shell command.
    public var command: String?
    /// How long after the start failures do not count, seconds.
    public var gracePeriodSeconds = 300
    /// Seconds between two checks.
    public var intervalSeconds = 60
    /// Seconds that one check may take.
    public var timeoutSeconds = 20
    /// After so many failures in a row the task is killed; 0 for never.
    public var maxConsecutiveFailures = 3
    /// Seconds before the executor's first check.
    public var delaySeconds = 15
    /// True where an answer 100–199 counts neither way.
    public var ignoreHttp1xx = false

    /// An HTTP check with Marathon's defaults.
    public init() {}
}

/// A check that says whether a task of a deployment is ready.
public struct ReadinessCheck: Sendable, Hashable {
    /// Its name.
    public var name = "readinessCheck"
    /// True for HTTPS.
    public var isHTTPS = false
    /// Path of the request.
    public var path = "/"
    /// Name of the port that is asked.
    public var portName = "http-api"
    /// Seconds between two checks.
    public var intervalSeconds = 30
    /// Seconds that one check may take; less than the interval.
    public var timeoutSeconds = 10
    /// Status codes that mean ready.
    public var readyStatuses: [Int] = [200]
    /// True where the last answer is kept for the API.
    public var preserveLastResponse = false

    /// A check with Marathon's defaults.
    public init() {}
}
