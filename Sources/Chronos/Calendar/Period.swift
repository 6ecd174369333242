/// An ISO 8601 period (`P1Y2M3W4DT5H6M7.5S`): calendar fields, whose length depends on where they are added, and an exact rest.
public struct Period: Sendable, Hashable, CustomStringConvertible {
    /// Months, a year counted as 12.
    public let months: Int
    /// Days, a week counted as 7.
    public let days: Int
    /// Hours, minutes and seconds, in milliseconds.
    public let milliseconds: Int64
    /// As it was written.
    public let description: String

    /// True where nothing is added.
    public var isZero: Bool { months == 0 && days == 0 && milliseconds == 0 }

    /// Reads a period. Nil where the text has another form, a field is negative or greater than 10^9, or fields are out of order.
    public init?(_ text: some StringProtocol) {
        var rest = text[...]
        guard rest.popFirst() == "P", !rest.isEmpty else { return nil }
        var values: [Character: Double] = [:]
        var order = Substring("YMWD")
        var isTime = false
        while let next = rest.first {
            if next == "T", !isTime {
                rest = rest.dropFirst()
                isTime = true
                order = "HMS"
                guard !rest.isEmpty else { return nil }
                continue
            }
            let digits = rest.prefix { ("0"..."9").contains($0) || $0 == "." || $0 == "," }
            rest = rest[digits.endIndex...]
            guard let unit = rest.popFirst(), let place = order.firstIndex(of: unit) else { return nil }
            let isFraction = digits.contains { $0 == "." || $0 == "," }
            guard unit == "S" || !isFraction, digits.first.map({ $0 != "." && $0 != "," }) ?? false else { return nil }
            guard let number = Double(String(digits.map { $0 == "," ? "." : $0 })), number <= 1e9 else { return nil }
            values[isTime && unit == "M" ? "m" : unit] = number
            order = order[order.index(after: place)...]
        }
        guard !values.isEmpty else { return nil }
        func whole(_ unit: Character) -> Int { Int(values[unit] ?? 0) }
        months = whole("Y") * 12 + whole("M")
        days = whole("W") * 7 + whole("D")
        let seconds = (values["S"] ?? 0) * 1000
        milliseconds = Int64(whole("H")) * 3_600_000 + Int64(whole("m")) * 60_000 + Int64(seconds.rounded())
        description = String(text)
    }

    /// The length in milliseconds, a month taken as 30 days; for periods that bound something, such as a job's epsilon.
    public var nominalMilliseconds: Int64 {
        (Int64(months) * 30 + Int64(days)) * CivilDateTime.millisecondsPerDay + milliseconds
    }
}
