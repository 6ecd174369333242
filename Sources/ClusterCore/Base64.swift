/// Base64 (RFC 4648, section 4).
public enum Base64 {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    /// The text, padded.
    public static func encode(_ bytes: some Sequence<UInt8>) -> String {
        let bytes = Array(bytes)
        var out: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            var bits: UInt32 = 0
            for byte in group { bits = bits << 8 | UInt32(byte) }
            bits <<= UInt32(8 * (3 - group.count))
            for index in 0..<4 {
                out.append(index <= group.count ? alphabet[Int(bits >> UInt32(18 - 6 * index) & 63)] : UInt8(ascii: "="))
            }
        }
        return String(decoding: out, as: UTF8.self)
    }

    /// The value of each letter; 255 for what is none.
    private static let values: [UInt8] = {
        var values = [UInt8](repeating: 255, count: 256)
        for (value, letter) in alphabet.enumerated() { values[Int(letter)] = UInt8(value) }
        return values
    }()

    /// The bytes; nil where the text is no base64. Padding may be absent.
    public static func decode(_ text: some StringProtocol) -> [UInt8]? {
        var letters = Array(text.utf8)
        while letters.last == UInt8(ascii: "=") { letters.removeLast() }
        var out = [UInt8](repeating: 0, count: letters.count * 6 / 8)
        guard letters.count % 4 != 1 else { return nil }
        let isWhole = letters.withUnsafeBufferPointer { letters in
            values.withUnsafeBufferPointer { values in
                out.withUnsafeMutableBufferPointer { out in
                    var (bits, held, position) = (UInt32(0), 0, 0)
                    for letter in letters {
                        let value = values[Int(letter)]
                        guard value < 64 else { return false }
                        bits = bits << 6 | UInt32(value)
                        held += 6
                        guard held >= 8 else { continue }
                        held -= 8
                        out[position] = UInt8(truncatingIfNeeded: bits >> UInt32(held))
                        position += 1
                    }
                    return true
                }
            }
        }
        return isWhole ? out : nil
    }
}
