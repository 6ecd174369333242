/// Percent-encoding of the parts of a URL (RFC 3986, section 2).
public enum PercentEncoding {
    /// One path segment or query value: everything but unreserved characters is encoded, `/` included.
    public static func component(_ text: some StringProtocol) -> String { encode(text, keeping: []) }

    /// A path: like `component`, but `/` stays.
    public static func path(_ text: some StringProtocol) -> String { encode(text, keeping: [UInt8(ascii: "/")]) }

    /// `?name=value&…` of these pairs; empty for none. A nil value gives a bare name.
    public static func query(_ pairs: [(String, String?)]) -> String {
        guard !pairs.isEmpty else { return "" }
        return "?"
            + pairs.map { name, value in value.map { "\(component(name))=\(component($0))" } ?? component(name) }.joined(separator: "&")
    }

    /// Reads percent-encoded text; malformed escapes stay as they are. `+` means itself.
    public static func decode(_ text: some StringProtocol) -> String {
        var out: [UInt8] = []
        let bytes = Array(text.utf8)
        var index = 0
        while index < bytes.count {
            if bytes[index] == UInt8(ascii: "%"), index + 2 < bytes.count, let high = digit(bytes[index + 1]),
                let low = digit(bytes[index + 2])
            {
                out.append(high << 4 | low)
                index += 3
            } else {
                out.append(bytes[index])
                index += 1
            }
        }
        return String(decoding: out, as: UTF8.self)
    }

    private static func encode(_ text: some StringProtocol, keeping kept: [UInt8]) -> String {
        let hexadecimal = Array("0123456789ABCDEF".utf8)
        var out: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"):
                out.append(byte)
            case let byte where kept.contains(byte): out.append(byte)
            default: out += [UInt8(ascii: "%"), hexadecimal[Int(byte >> 4)], hexadecimal[Int(byte & 15)]]
            }
        }
        return String(decoding: out, as: UTF8.self)
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
