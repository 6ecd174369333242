public import ClusterCore
public import JSON

/// A set of whole numbers as ranges, such as the ports of an agent: sorted, disjoint, joined where they touch.
public struct ValueRanges: Sendable, Hashable, CustomStringConvertible {
    /// The ranges, ascending.
    public private(set) var ranges: [ClosedRange<UInt64>]

    /// Of ranges in any order.
    public init(_ ranges: some Sequence<ClosedRange<UInt64>> = []) {
        var joined: [ClosedRange<UInt64>] = []
        for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if let last = joined.last, last.upperBound == .max || range.lowerBound <= last.upperBound + 1 {
                joined[joined.count - 1] = last.lowerBound...max(last.upperBound, range.upperBound)
            } else {
                joined.append(range)
            }
        }
        self.ranges = joined
    }

    /// Of single numbers.
    public init(values: some Sequence<Int>) { self.init(values.map { UInt64($0)...UInt64($0) }) }

    /// True where no number is in it.
    public var isEmpty: Bool { ranges.isEmpty }
    /// How many numbers are in it.
    public var count: Int { ranges.reduce(0) { $0 + Int($1.upperBound - $1.lowerBound) + 1 } }
    /// The numbers, ascending.
    public var values: some Sequence<Int> { ranges.lazy.flatMap { $0.lazy.map { Int($0) } } }

    /// True where the number is in it.
    public func contains(_ value: Int) -> Bool { value >= 0 && ranges.contains { $0.contains(UInt64(value)) } }
    /// True where all numbers of the other are in it.
    public func contains(_ other: ValueRanges) -> Bool {
        other.ranges.allSatisfy { inner in ranges.contains { $0.lowerBound <= inner.lowerBound && inner.upperBound <= $0.upperBound } }
    }

    /// The numbers of both.
    public static func + (left: ValueRanges, right: ValueRanges) -> ValueRanges { ValueRanges(left.ranges + right.ranges) }

    /// The numbers of the left that are not in the right.
    public static func - (left: ValueRanges, right: ValueRanges) -> ValueRanges {
        var rest = left.ranges
        for hole in right.ranges {
            rest = rest.flatMap { range -> [ClosedRange<UInt64>] in
                guard range.overlaps(hole) else { return [range] }
                var parts: [ClosedRange<UInt64>] = []
                if range.lowerBound < hole.lowerBound { parts.append(range.lowerBound...(hole.lowerBound - 1)) }
                if hole.upperBound < range.upperBound { parts.append((hole.upperBound + 1)...range.upperBound) }
                return parts
            }
        }
        return ValueRanges(rest)
    }

    /// `[31000-32000, 33000-33001]`, as Mesos writes it.
    public var description: String { "[" + ranges.map { "\($0.lowerBound)-\($0.upperBound)" }.joined(separator: ", ") + "]" }

    /// Reads `[31000-32000,33000-33001]`.
    /// - Throws: `ClusterError` `.invalid`.
    public init(text: some StringProtocol) throws(ClusterError) {
        guard text.hasPrefix("["), text.hasSuffix("]") else { throw ClusterError(.invalid, "'\(text)' is not a list of ranges [a-b,c-d]") }
        var ranges: [ClosedRange<UInt64>] = []
        for part in text.dropFirst().dropLast().split(separator: ",") {
            let bounds = part.split(separator: "-", omittingEmptySubsequences: false).map { String($0).trimmed }
            guard bounds.count == 2, let low = UInt64(bounds[0]), let high = UInt64(bounds[1]), low <= high else {
                throw ClusterError(.invalid, "'\(part)' is not a range a-b of whole numbers")
            }
            ranges.append(low...high)
        }
        self.init(ranges)
    }

    /// Reads `{"range":[{"begin":31000,"end":32000}]}`.
    public init(json: JSON) throws(ClusterError) {
        var ranges: [ClosedRange<UInt64>] = []
        for element in try json.list("range", of: "Ranges") {
            guard let begin = element["begin"]?.int, let end = element["end"]?.int, begin >= 0, begin <= end else {
                throw ClusterError(.invalid, "Ranges: each range needs whole numbers 'begin' and 'end', begin ≤ end")
            }
            ranges.append(UInt64(begin)...UInt64(end))
        }
        self.init(ranges)
    }

    /// `{"range":[{"begin":31000,"end":32000}]}`
    public var json: JSON {
        ["range": .array(ranges.map { ["begin": .int(Int64(clamping: $0.lowerBound)), "end": .int(Int64(clamping: $0.upperBound))] })]
    }
}
