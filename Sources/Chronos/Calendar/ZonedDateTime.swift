/// A date and time as ISO 8601 writes it in the extended format, with the offset from UTC where one is written.
public struct ZonedDateTime: Sendable, Hashable, CustomStringConvertible {
    /// The fields as written.
    public let local: CivilDateTime
    /// Offset from UTC, east positive, -18 h to 18 h; nil where none is written.
    public let offsetSeconds: Int?

    /// Makes one of its parts.
    public init(local: CivilDateTime, offsetSeconds: Int?) {
        self.local = local
        self.offsetSeconds = offsetSeconds
    }

    /// Reads `2016-01-31`, `2016-01-31T02`, `…T02:30`, `…T02:30:00`, `…T02:30:00.000`, each but the first also with
    /// `Z`, `+02`, `+02:00` or `+0200`. Nil for anything else: week dates, ordinal dates and the basic format are not taken.
    public init?(_ text: some StringProtocol) {
        var scanner = Scanner(Array(text.utf8))
        guard let year = scanner.digits(4), scanner.take("-"), let month = scanner.digits(2), scanner.take("-"),
            let day = scanner.digits(2)
        else { return nil }
        var (hour, minute, second, millisecond) = (0, 0, 0, 0)
        var offset: Int?
        if scanner.take("T") {
            guard let hours = scanner.digits(2) else { return nil }
            hour = hours
            if scanner.take(":") {
                guard let minutes = scanner.digits(2) else { return nil }
                minute = minutes
                if scanner.take(":") {
                    guard let seconds = scanner.digits(2) else { return nil }
                    second = seconds
                    if scanner.take(".") || scanner.take(",") {
                        guard let fraction = scanner.fraction() else { return nil }
                        millisecond = fraction
                    }
                }
            }
            if !scanner.isAtEnd {
                guard let parsed = scanner.offset() else { return nil }
                offset = parsed
            }
        }
        guard scanner.isAtEnd,
            let local = CivilDateTime(
                year: year, month: month, day: day, hour: hour, minute: minute, second: second, millisecond: millisecond)
        else { return nil }
        self.init(local: local, offsetSeconds: offset)
    }

    /// With milliseconds; the offset as `Z`, `+02:00`, or nothing.
    public var description: String {
        let millisecond = local.millisecondOfDay
        let date = "\(pad(local.year, 4))-\(pad(local.month, 2))-\(pad(local.day, 2))"
        let clock = "\(pad(millisecond / 3_600_000, 2)):\(pad(millisecond / 60_000 % 60, 2)):\(pad(millisecond / 1000 % 60, 2))"
        return "\(date)T\(clock).\(pad(millisecond % 1000, 3))\(offsetText)"
    }

    /// The offset as it is written: `Z`, `+02:00`; "" where there is none.
    public var offsetText: String { offsetSeconds.map(Self.offsetText) ?? "" }

    static func offsetText(_ seconds: Int) -> String {
        guard seconds != 0 else { return "Z" }
        let minutes = abs(seconds) / 60
        return "\(seconds < 0 ? "-" : "+")\(pad(minutes / 60, 2)):\(pad(minutes % 60, 2))"
    }

    /// Reads `Z`, `+02`, `+02:00`, `+0200`: seconds east of UTC.
    public static func offset(_ text: some StringProtocol) -> Int? {
        var scanner = Scanner(Array(text.utf8))
        guard let offset = scanner.offset(), scanner.isAtEnd else { return nil }
        return offset
    }
}

private func pad(_ number: Int, _ width: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
}

private struct Scanner {
    let bytes: [UInt8]
    var position = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var isAtEnd: Bool { position == bytes.count }

    mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard position < bytes.count, bytes[position] == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    mutating func digit() -> Int? {
        guard position < bytes.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[position]) else { return nil }
        position += 1
        return Int(bytes[position - 1] - UInt8(ascii: "0"))
    }

    mutating func digits(_ count: Int) -> Int? {
        var number = 0
        for _ in 0..<count {
            guard let digit = digit() else { return nil }
            number = number * 10 + digit
        }
        return number
    }

    /// Digits behind a decimal point as milliseconds, further ones dropped.
    mutating func fraction() -> Int? {
        guard var value = digit() else { return nil }
        var count = 1
        while let digit = digit() {
            if count < 3 { value = value * 10 + digit }
            count += 1
        }
        while count < 3 {
            value *= 10
            count += 1
        }
        return value
    }

    mutating func offset() -> Int? {
        if take("Z") { return 0 }
        let sign: Int
        if take("+") { sign = 1 } else if take("-") { sign = -1 } else { return nil }
        guard let hours = digits(2), hours <= 18 else { return nil }
        var minutes = 0
        if !isAtEnd {
            _ = take(":")
            guard let parsed = digits(2), parsed < 60 else { return nil }
            minutes = parsed
        }
        return sign * (hours * 3600 + minutes * 60)
    }
}
