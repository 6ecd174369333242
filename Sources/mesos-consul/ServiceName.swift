/// Names and Meta as Consul takes them.
enum ServiceName {
    /// Lower-case letters, digits, `-` and `.`; anything else becomes `-`; none at the ends.
    static func sanitized(_ text: String) -> String {
        var out: [UInt8] = []
        for byte in text.lowercased().utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."): out.append(byte)
            default: if out.last != UInt8(ascii: "-") { out.append(UInt8(ascii: "-")) }
            }
        }
        func isEdge(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".") }
        while let last = out.last, isEdge(last) { out.removeLast() }
        return String(decoding: out.drop(while: isEdge), as: UTF8.self)
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
