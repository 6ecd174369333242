import Marathon
import Mesos

/// Picks host ports of an offer: those that an app asks for, and any others at random, so that a port that was just used is not soon used
/// again.
struct PortPicker {
    private let sources: [Resource]

    init(_ usable: [Resource]) { sources = usable.filter { $0.name == "ports" } }

    /// The host ports in the order of the app's ports, and the resources that hold them; nil where the offer has not enough.
    func pick(for app: App, _ random: inout some RandomNumberGenerator) -> (ports: [Int], resources: [Resource])? {
        let wanted = app.wantedHostPorts
        guard !wanted.isEmpty else { return ([], []) }
        var taken = Set(wanted.filter { $0 != 0 })
        guard taken.allSatisfy({ port in sources.contains { $0.offers(port) } }) else { return nil }
        let ranges = sources.flatMap(\.portRanges)
        let total = ranges.reduce(0) { $0 + $1.count }
        guard total >= wanted.count else { return nil }
        var ports: [Int] = []
        // A random start and then upward keeps it linear, however full the ranges are.
        var next = total > 0 ? Int.random(in: 0..<total, using: &random) : 0
        for port in wanted {
            if port != 0 {
                ports.append(port)
                continue
            }
            var tries = 0
            while tries < total, let candidate = Self.element(next % total, of: ranges), taken.contains(candidate) {
                next += 1
                tries += 1
            }
            guard tries < total, let candidate = Self.element(next % total, of: ranges) else { return nil }
            taken.insert(candidate)
            ports.append(candidate)
            next = Int.random(in: 0..<total, using: &random)
        }
        return (ports, resources(for: Set(ports)))
    }

    private static func element(_ index: Int, of ranges: [ClosedRange<UInt64>]) -> Int? {
        var rest = index
        for range in ranges {
            if rest < range.count { return Int(range.lowerBound) + rest }
            rest -= range.count
        }
        return nil
    }

    private func resources(for ports: Set<Int>) -> [Resource] {
        var left = ports
        return sources.compactMap { source in
            let mine = left.filter { source.offers($0) }
            guard !mine.isEmpty else { return nil }
            left.subtract(mine)
            return Resource(
                "ports", .ranges(ValueRanges(values: mine.sorted())), role: source.role, allocationRole: source.allocationRole,
                further: source.further)
        }
    }
}

extension App {
    /// The host port that each port asks for; 0 where any will do.
    var wantedHostPorts: [Int] {
        switch network {
        case .host: portDefinitions.map { requirePorts ? $0.port : 0 }
        case .bridge: (container?.portMappings ?? []).map(\.hostPort)
        }
    }
}

extension Resource {
    fileprivate var portRanges: [ClosedRange<UInt64>] { if case .ranges(let ranges) = value { ranges.ranges } else { [] } }
    fileprivate func offers(_ port: Int) -> Bool { if case .ranges(let ranges) = value { ranges.contains(port) } else { false } }
}
