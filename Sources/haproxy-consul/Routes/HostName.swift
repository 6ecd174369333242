/// Host names, as they may stand in a configuration.
enum HostName {
    /// True for labels of letters, digits, `-` and `_`, 1–63 each, 253 in all.
    static func isValid(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= 253
            && text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { isLabel(String($0)) }
    }

    /// True for one part of a host name, without dots.
    static func isLabel(_ text: String) -> Bool { (1...63).contains(text.utf8.count) && text.utf8.allSatisfy(isWord) }

    /// True for a path that needs no quoting.
    static func isPlainPath(_ text: String) -> Bool {
        text.utf8.allSatisfy { isWord($0) || $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: ".") }
    }

    /// A text as part of a proxy's name: letters, digits, `-` and `.` stay, all else is written as `_` and two hexadecimal digits.
    static func proxyName(_ text: String) -> String {
        var out = ""
        for byte in text.utf8 {
            if isWord(byte) && byte != UInt8(ascii: "_") || byte == UInt8(ascii: ".") {
                out.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                out += "_" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
            }
        }
        return out
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "-"), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}
