/// Health as Consul tells it, from best to worst.
public enum ServiceHealth: String, Sendable, Hashable, CaseIterable, Comparable {
    /// All checks pass (or there are none).
    case passing
    /// A check warns.
    case warning
    /// A check fails, of the service or of its node; maintenance counts as this.
    case critical

    private var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }
    /// Better before worse.
    public static func < (left: ServiceHealth, right: ServiceHealth) -> Bool { left.rank < right.rank }
}

/// One instance of a service in Consul's catalog.
public struct ServiceInstance: Sendable, Hashable {
    /// The service's name.
    public let service: String
    /// The instance's id, unique on its node.
    public let id: String
    /// The node's name.
    public let node: String
    /// Where it answers: the service's own address, or the node's.
    public let address: String
    /// 0 where none was registered.
    public let port: Int
    /// In the order registered.
    public let tags: [String]
    /// Key and value pairs; keys are at most 128 letters, digits, `-` and `_`; values at most 512 characters.
    public let meta: [String: String]
    /// The worst of its own and its node's checks.
    public let health: ServiceHealth

    /// Describes an instance.
    public init(
        service: String, id: String, node: String, address: String, port: Int, tags: [String] = [], meta: [String: String] = [:],
        health: ServiceHealth = .passing
    ) {
        self.service = service
        self.id = id
        self.node = node
        self.address = address
        self.port = port
        self.tags = tags
        self.meta = meta
        self.health = health
    }

    /// The order of a snapshot: service, node, id.
    static func precedes(_ left: ServiceInstance, _ right: ServiceInstance) -> Bool {
        (left.service, left.node, left.id) < (right.service, right.node, right.id)
    }
}
