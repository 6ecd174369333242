public import ClusterCore

extension TimeZoneRules {
    /// Reads a compiled zone of the tz database (RFC 8536), version 1 to 4.
    /// - Throws: `ClusterError` `.invalid` where the bytes are not one.
    public init(tzif bytes: [UInt8]) throws(ClusterError) {
        var reader = TZifReader(bytes: bytes)
        guard var header = reader.header() else { throw ClusterError(.invalid, "not a compiled time zone (TZif)") }
        var width = 4
        if header.version >= 2 {
            // The first block repeats the second with 32-bit times, for old readers.
            reader.position += header.size(timeWidth: 4)
            guard let second = reader.header() else { throw ClusterError(.invalid, "a compiled time zone without its 64-bit part") }
            header = second
            width = 8
        }
        guard reader.position + header.size(timeWidth: width) <= bytes.count, header.types > 0 else {
            throw ClusterError(.invalid, "a compiled time zone that ends too early")
        }
        let transitions = (0..<header.times).map { _ in reader.integer(width) }
        let indices = (0..<header.times).map { _ in Int(reader.integer(1)) & 0xFF }
        var typeOffsets: [Int] = []
        for _ in 0..<header.types {
            typeOffsets.append(Int(reader.integer(4)))
            reader.position += 2
        }
        guard indices.allSatisfy(typeOffsets.indices.contains) else {
            throw ClusterError(.invalid, "a compiled time zone with an unknown offset")
        }
        reader.position += header.characters + header.leaps * (width + 4) + header.standards + header.universals
        var future: YearlyRule?
        if width == 8, reader.position < bytes.count, bytes[reader.position] == 0x0A {
            let footer = bytes[(reader.position + 1)...].prefix { $0 != 0x0A }
            if !footer.isEmpty {
                guard let rule = YearlyRule(posix: String(decoding: footer, as: UTF8.self)) else {
                    throw ClusterError(.invalid, "a compiled time zone whose yearly rule can't be read")
                }
                future = rule
            }
        }
        self.init(
            transitions: transitions, offsets: indices.map { typeOffsets[$0] }, firstOffset: typeOffsets[0], future: future)
    }

    /// True for names that the tz database may have (`Europe/Rome`, `Etc/GMT+1`): no way out of its directory.
    public static func isName(_ text: String) -> Bool {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        return text.utf8.count <= 100
            && parts.allSatisfy { part in
                !part.isEmpty && part != "." && part != ".."
                    && part.utf8.allSatisfy { byte in
                        switch byte {
                        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "_"), UInt8(ascii: "+"), UInt8(ascii: "-"): true
                        default: false
                        }
                    }
            }
    }
}

private struct TZifReader {
    struct Header {
        let version: Int
        let universals, standards, leaps, times, types, characters: Int

        func size(timeWidth: Int) -> Int {
            times * timeWidth + times + types * 6 + characters + leaps * (timeWidth + 4) + standards + universals
        }
    }

    let bytes: [UInt8]
    var position = 0

    mutating func integer(_ width: Int) -> Int64 {
        var value: UInt64 = 0
        for _ in 0..<width {
            value = value << 8 | UInt64(bytes[position])
            position += 1
        }
        return width == 4 ? Int64(Int32(truncatingIfNeeded: value)) : Int64(bitPattern: value)
    }

    mutating func header() -> Header? {
        guard position + 44 <= bytes.count, bytes[position..<position + 4].elementsEqual("TZif".utf8) else { return nil }
        let digit = bytes[position + 4]
        position += 20
        let counts = (0..<6).map { _ in Int(integer(4)) }
        guard counts.allSatisfy({ (0...1_000_000).contains($0) }) else { return nil }
        return Header(
            version: digit == 0 ? 1 : Int(digit) - 0x30, universals: counts[0], standards: counts[1], leaps: counts[2], times: counts[3],
            types: counts[4], characters: counts[5])
    }
}
