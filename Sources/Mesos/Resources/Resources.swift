public import ClusterCore
public import JSON

/// A bundle of resources with the arithmetic that offers and allocations need. Equal kinds are summed; nothing in it is empty.
public struct Resources: Sendable, Hashable, Sequence, CustomStringConvertible {
    /// The resources, in the order in which their kinds were first added.
    public private(set) var items: [Resource] = []

    /// Sums resources.
    public init(_ items: some Sequence<Resource> = []) {
        for item in items { add(item) }
    }

    /// Makes the usual bundle: plain cpus, mem and disk in MB, gpus, ports. Zeros are left out.
    public init(cpus: Double = 0, mem: Double = 0, disk: Double = 0, gpus: Double = 0, ports: ValueRanges = ValueRanges()) {
        self.init([
            .scalar("cpus", cpus), .scalar("mem", mem), .scalar("disk", disk), .scalar("gpus", gpus), .ports(ports),
        ])
    }

    /// The sum of a scalar over all roles.
    public func scalar(_ name: String) -> Double {
        items.reduce(Scalar.zero) { sum, item in
            if item.name == name, case .scalar(let amount) = item.value { sum + amount } else { sum }
        }.double
    }
    /// CPUs.
    public var cpus: Double { scalar("cpus") }
    /// Memory in MB.
    public var mem: Double { scalar("mem") }
    /// Disk in MB.
    public var disk: Double { scalar("disk") }
    /// GPUs.
    public var gpus: Double { scalar("gpus") }
    /// Ports of all roles.
    public var ports: ValueRanges {
        items.reduce(ValueRanges()) { sum, item in
            if item.name == "ports", case .ranges(let ranges) = item.value { sum + ranges } else { sum }
        }
    }

    /// True where nothing is in it.
    public var isEmpty: Bool { items.isEmpty }
    /// The resources, in their order.
    public func makeIterator() -> IndexingIterator<[Resource]> { items.makeIterator() }

    /// Adds one.
    public mutating func add(_ resource: Resource) {
        guard !resource.isEmpty else { return }
        guard let index = items.firstIndex(where: { $0.isSameKind(as: resource) }) else {
            items.append(resource)
            return
        }
        switch (items[index].value, resource.value) {
        case (.scalar(let left), .scalar(let right)): items[index].value = .scalar(left + right)
        case (.ranges(let left), .ranges(let right)): items[index].value = .ranges(left + right)
        case (.set(let left), .set(let right)): items[index].value = .set(left.union(right))
        default: break
        }
    }

    /// Takes one away, as much of it as is there.
    public mutating func subtract(_ resource: Resource) {
        guard let index = items.firstIndex(where: { $0.isSameKind(as: resource) }) else { return }
        switch (items[index].value, resource.value) {
        case (.scalar(let left), .scalar(let right)): items[index].value = .scalar(left - right)
        case (.ranges(let left), .ranges(let right)): items[index].value = .ranges(left - right)
        case (.set(let left), .set(let right)): items[index].value = .set(left.subtracting(right))
        default: break
        }
        if items[index].isEmpty { items.remove(at: index) }
    }

    /// True where all of the other is in it, kind by kind.
    public func contains(_ other: Resources) -> Bool {
        other.items.allSatisfy { wanted in
            guard let item = items.first(where: { $0.isSameKind(as: wanted) }) else { return false }
            switch (item.value, wanted.value) {
            case (.scalar(let have), .scalar(let want)): return want <= have
            case (.ranges(let have), .ranges(let want)): return have.contains(want)
            case (.set(let have), .set(let want)): return want.isSubset(of: have)
            default: return false
            }
        }
    }

    /// The sum.
    public static func + (left: Resources, right: Resources) -> Resources {
        var sum = left
        for item in right { sum.add(item) }
        return sum
    }

    /// What is left of the left one.
    public static func - (left: Resources, right: Resources) -> Resources {
        var rest = left
        for item in right { rest.subtract(item) }
        return rest
    }

    /// Adds.
    public static func += (left: inout Resources, right: Resources) { left = left + right }
    /// Takes away.
    public static func -= (left: inout Resources, right: Resources) { left = left - right }

    /// The resources that any framework may use: neither reserved nor special.
    public var plain: Resources { Resources(items.filter(\.isPlain)) }

    /// The same, allocated to a role (nil: to none).
    public func allocated(to role: String?) -> Resources {
        Resources(
            items.map { item in
                var item = item
                item.allocationRole = role
                return item
            })
    }

    /// Reads a v1 array of `Resource`.
    /// - Throws: `ClusterError` `.invalid`.
    public init(json elements: [JSON]) throws(ClusterError) {
        for element in elements { add(try Resource(json: element)) }
    }

    /// The v1 array of `Resource`.
    public func json(withRole: Bool = true) -> JSON { .array(items.map { $0.json(withRole: withRole) }) }

    /// `ports(allocated: *):[31000-32000]; cpus(allocated: *):1.9`, as Mesos prints them.
    public var description: String { items.map(\.text).joined(separator: "; ") }
}
