public import ClusterCore
public import JSON

/// A health check that the task's executor runs (v1 `HealthCheck`).
public struct HealthCheck: Sendable, Hashable {
    /// How health is found out.
    public enum Kind: Sendable, Hashable {
        /// GET; 200–399 is healthy.
        case http(scheme: String, port: Int, path: String)
        /// A connection is accepted.
        case tcp(port: Int)
        /// The command exits with 0.
        case command(CommandInfo)
    }

    /// How health is found out.
    public var kind: Kind
    /// Seconds until the first check. Default 15.
    public var delaySeconds: Double
    /// Seconds between checks. Default 10.
    public var intervalSeconds: Double
    /// Seconds that one check may take. Default 20.
    public var timeoutSeconds: Double
    /// Failures in a row until the task is killed; 0: never. Default 3.
    public var consecutiveFailures: Int
    /// Seconds after the start in which failures don't count, until the first success. Default 10.
    public var gracePeriodSeconds: Double
    /// `IPv4` or `IPv6` for HTTP and TCP; nil is IPv4.
    public var addressFamily: String?

    /// Describes a health check.
    public init(
        _ kind: Kind, delaySeconds: Double = 15, intervalSeconds: Double = 10, timeoutSeconds: Double = 20,
        consecutiveFailures: Int = 3, gracePeriodSeconds: Double = 10, addressFamily: String? = nil
    ) {
        self.kind = kind
        self.delaySeconds = delaySeconds
        self.intervalSeconds = intervalSeconds
        self.timeoutSeconds = timeoutSeconds
        self.consecutiveFailures = consecutiveFailures
        self.gracePeriodSeconds = gracePeriodSeconds
        self.addressFamily = addressFamily
    }

    /// Reads the v1 JSON.
    /// - Throws: `ClusterError` `.invalid`.
    public init(json: JSON) throws(ClusterError) {
        let what = "HealthCheck"
        let type = try json.text("type", of: what)
        if let http = json.field("http"), type == nil || type == "HTTP" {
            guard let port = try http.whole("port", of: "HTTPCheckInfo") else {
                throw ClusterError(.invalid, "HTTPCheckInfo: missing required field 'port'")
            }
            kind = .http(
                scheme: try http.text("scheme", of: "HTTPCheckInfo") ?? "http", port: port,
                path: try http.text("path", of: "HTTPCheckInfo") ?? "/")
            addressFamily = try http.text("protocol", of: "HTTPCheckInfo")
        } else if let tcp = json.field("tcp"), type == nil || type == "TCP" {
            guard let port = try tcp.whole("port", of: "TCPCheckInfo") else {
                throw ClusterError(.invalid, "TCPCheckInfo: missing required field 'port'")
            }
            kind = .tcp(port: port)
            addressFamily = try tcp.text("protocol", of: "TCPCheckInfo")
        } else if let command = json.field("command"), type == nil || type == "COMMAND" {
            kind = .command(try CommandInfo(json: command))
        } else {
            throw ClusterError(.invalid, "HealthCheck: expecting 'http', 'tcp' or 'command' to be set as its type says")
        }
        delaySeconds = try json.number("delay_seconds", of: what) ?? 15
        intervalSeconds = try json.number("interval_seconds", of: what) ?? 10
        timeoutSeconds = try json.number("timeout_seconds", of: what) ?? 20
        consecutiveFailures = try json.whole("consecutive_failures", of: what) ?? 3
        gracePeriodSeconds = try json.number("grace_period_seconds", of: what) ?? 10
    }

    /// The v1 JSON.
    public var json: JSON {
        var object: JSONObject = [
            "delay_seconds": .double(delaySeconds), "interval_seconds": .double(intervalSeconds),
            "timeout_seconds": .double(timeoutSeconds), "consecutive_failures": .number(consecutiveFailures),
            "grace_period_seconds": .double(gracePeriodSeconds),
        ]
        switch kind {
        case .http(let scheme, let port, let path):
            object["type"] = "HTTP"
            object["http"] = .members([
                "protocol": addressFamily.map(JSON.string), "scheme": .string(scheme), "port": .number(port), "path": .string(path),
            ])
        case .tcp(let port):
            object["type"] = "TCP"
            object["tcp"] = .members(["protocol": addressFamily.map(JSON.string), "port": .number(port)])
        case .command(let command):
            object["type"] = "COMMAND"
            object["command"] = command.json
        }
        return .object(object)
    }
}
