/// Random identifiers (RFC 9562, version 4).
public enum RandomID {
    /// 16 random bytes with the version's bits set.
    public static func bytes() -> [UInt8] {
        var generator = SystemRandomNumberGenerator()
        var bytes = (0..<16).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
        bytes[6] = bytes[6] & 0x0F | 0x40
        bytes[8] = bytes[8] & 0x3F | 0x80
        return bytes
    }

    /// `462d73b0-6b20-4e05-942e-7ddfba283170`
    public static func text() -> String {
        let digits = bytes().map { $0 < 16 ? "0" + String($0, radix: 16) : String($0, radix: 16) }
        return [0..<4, 4..<6, 6..<8, 8..<10, 10..<16].map { digits[$0].joined() }.joined(separator: "-")
    }
}
