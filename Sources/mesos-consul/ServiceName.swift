/// Names and Meta as Consul takes them.
enum ServiceName {
    /// As the original cleans names: letters (lower-case), digits, `-` and `.` stay, an underscore becomes the separator, anything else
    /// goes; none of `-` and `.` at the ends.
    static func cleaned(_ text: String, separator: String = "") -> String {
        var out: [UInt8] = []
        for byte in text.lowercased().utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"):
                out.append(byte)
            case UInt8(ascii: "_"): out += Array(separator.utf8)
            default: break
            }
        }
        func isEdge(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".") }
        while let last = out.last, isEdge(last) { out.removeLast() }
        return String(decoding: out.drop(while: isEdge), as: UTF8.self)
    }

    /// The name as one DNS label.
    static func resolvable(_ name: String) -> String { name.split(separator: ".").joined(separator: "--") }

    /// True where a text holds another. (The standard library's is in the string-processing module, which binaries would carry.)
    static func contains(_ text: String, _ part: String) -> Bool {
        let (bytes, wanted) = (Array(text.utf8), Array(part.utf8))
        guard wanted.count <= bytes.count else { return false }
        return (0...(bytes.count - wanted.count)).contains { bytes[$0..<($0 + wanted.count)].elementsEqual(wanted) }
    }

    /// True for a pair that Consul takes as Meta (Consul API, "Register Service": keys of 128 letters, digits, `-`, `_`; values of 512).
    static func isMeta(_ key: String, _ value: String) -> Bool {
        (1...128).contains(key.utf8.count) && value.utf8.count <= 512 && !key.hasPrefix("consul-")
            && key.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                    UInt8(ascii: "-"), UInt8(ascii: "_"):
                    true
                default: false
                }
            }
    }
}
