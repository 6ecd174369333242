import Marathon

/// Time-based UUIDs as Marathon names its tasks with (RFC 9562, version 1); the clock sequence and node are random, so leaders don't clash.
enum TimeUUID {
    static func text(at moment: Timestamp, random: inout any RandomNumberGenerator & Sendable) -> String {
        // Intervals of 100 ns since 1582-10-15; random ones below a millisecond.
        let ticks = UInt64(moment.milliseconds + 12_219_292_800_000) * 10_000 + random.next() % 10_000
        let noise = random.next()
        let low = ticks & 0xFFFF_FFFF
        let middle = ticks >> 32 & 0xFFFF
        let high = ticks >> 48 & 0x0FFF | 0x1000
        let sequence = noise >> 48 & 0x3FFF | 0x8000
        // A random node has its multicast bit set.
        let node = noise & 0xFFFF_FFFF_FFFF | 0x0100_0000_0000
        return [(low, 8), (middle, 4), (high, 4), (sequence, 4), (node, 12)].map { value, width in
            let digits = String(value, radix: 16)
            return String(repeating: "0", count: width - digits.count) + digits
        }.joined(separator: "-")
    }
}
