import ClusterCore
public import JSON

/// A service as it is registered with an agent.
public struct ServiceRegistration: Sendable, Hashable {
    /// Unique on its agent.
    public var id: String
    /// The name it is found by, a DNS label.
    public var name: String
    /// Where it answers; empty means the agent's own address.
    public var address: String
    /// 0–65535; 0 means none.
    public var port: Int
    /// Words to find it by.
    public var tags: [String]
    /// Key and value pairs.
    public var meta: [String: String]
    /// What Consul checks.
    public var checks: [ServiceCheck]

    /// Describes a service.
    public init(
        id: String, name: String, address: String = "", port: Int = 0, tags: [String] = [], meta: [String: String] = [:],
        checks: [ServiceCheck] = []
    ) {
        self.id = id
        self.name = name
        self.address = address
        self.port = port
        self.tags = tags
        self.meta = meta
        self.checks = checks
    }

    /// The body of `/v1/agent/service/register`.
    public var json: JSON {
        .members([
            "ID": .string(id), "Name": .string(name), "Address": .string(address), "Port": .number(port),
            "Tags": .array(tags.map { .string($0) }),
            "Meta": .object(JSONObject(meta.sorted { $0.key < $1.key }.map { ($0.key, JSON.string($0.value)) })),
            "Checks": checks.isEmpty ? nil : .array(checks.map { $0.json(serviceID: id) }),
        ])
    }
}

/// A check that Consul runs, or that its owner reports to.
public struct ServiceCheck: Sendable, Hashable {
    /// What is checked.
    public enum Probe: Sendable, Hashable {
        /// A GET that must answer 2xx.
        case http(url: String, interval: Duration, timeout: Duration)
        /// A connection that must be accepted, at `host:port`.
        case tcp(address: String, interval: Duration, timeout: Duration)
        /// Its owner must report within this time.
        case ttl(Duration)
    }

    /// Told apart by it within a service.
    public var suffix: String
    /// Shown to people.
    public var name: String
    /// What is checked.
    public var probe: Probe
    /// Health until the first result.
    public var initial: ServiceHealth

    /// Describes a check.
    public init(_ suffix: String, name: String, probe: Probe, initial: ServiceHealth = .critical) {
        self.suffix = suffix
        self.name = name
        self.probe = probe
        self.initial = initial
    }

    /// The check's id on its agent.
    public func id(serviceID: String) -> String { "service:\(serviceID):\(suffix)" }

    func json(serviceID: String) -> JSON {
        var object: JSONObject = [
            "CheckID": .string(id(serviceID: serviceID)), "Name": .string(name), "Status": .string(initial.rawValue),
        ]
        switch probe {
        case .http(let url, let interval, let timeout):
            object["HTTP"] = .string(url)
            object["Interval"] = .string("\(interval.milliseconds)ms")
            object["Timeout"] = .string("\(timeout.milliseconds)ms")
        case .tcp(let address, let interval, let timeout):
            object["TCP"] = .string(address)
            object["Interval"] = .string("\(interval.milliseconds)ms")
            object["Timeout"] = .string("\(timeout.milliseconds)ms")
        case .ttl(let duration): object["TTL"] = .string("\(duration.milliseconds)ms")
        }
        return .object(object)
    }
}
