/// The YAML 1.2 core schema (YAML 1.2.2, section 10.3.2): which plain scalars are null, booleans and numbers.
/// libyaml only reads the syntax of YAML 1.1 and leaves this to us, so `no`, `on` and `12:30:45` stay text.
enum CoreSchema {
    /// The value of a plain scalar without a tag.
    static func resolve(_ text: String) -> YAMLScalar.Value {
        switch text {
        case "", "~", "null", "Null", "NULL": return .null
        case "true", "True", "TRUE": return .bool(true)
        case "false", "False", "FALSE": return .bool(false)
        default: return number(text) ?? .string(text)
        }
    }

    static func number(_ text: String) -> YAMLScalar.Value? {
        let bytes = Array(text.utf8)
        guard let first = bytes.first, isDigit(first) || "+-.".utf8.contains(first) else { return nil }
        if text.hasPrefix("0o") { return Int64(text.dropFirst(2), radix: 8, unsigned: true).map { .int($0) } }
        if text.hasPrefix("0x") { return Int64(text.dropFirst(2), radix: 16, unsigned: true).map { .int($0) } }
        let unsigned = text.drop { $0 == "+" || $0 == "-" }
        guard text.count - unsigned.count <= 1 else { return nil }
        switch unsigned {
        case ".inf", ".Inf", ".INF": return .double(first == UInt8(ascii: "-") ? -.infinity : .infinity)
        default: break
        }
        switch text {
        case ".nan", ".NaN", ".NAN": return .double(.nan)
        default: break
        }
        if unsigned.utf8.allSatisfy(isDigit), !unsigned.isEmpty {
            if let whole = Int64(text) { return .int(whole) }
            return Double(text).map { .double($0) }
        }
        return isFloat(Array(unsigned.utf8)) ? decimal(text) : nil
    }

    /// `[0-9]+(\.[0-9]*)?` or `\.[0-9]+`, then perhaps an exponent.
    private static func isFloat(_ bytes: [UInt8]) -> Bool {
        var rest = bytes[...]
        let whole = rest.prefix(while: isDigit)
        rest = rest.dropFirst(whole.count)
        var fraction = 0
        if rest.first == UInt8(ascii: ".") {
            rest = rest.dropFirst()
            fraction = rest.prefix(while: isDigit).count
            rest = rest.dropFirst(fraction)
        }
        guard !whole.isEmpty || fraction > 0 else { return false }
        guard let mark = rest.first else { return true }
        guard mark == UInt8(ascii: "e") || mark == UInt8(ascii: "E") else { return false }
        rest = rest.dropFirst()
        if let sign = rest.first, sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") { rest = rest.dropFirst() }
        return !rest.isEmpty && rest.allSatisfy(isDigit)
    }

    /// Swift's `Double` takes neither `1.` nor `.5`, YAML takes both.
    private static func decimal(_ text: String) -> YAMLScalar.Value? {
        var plain = ""
        var previous: Character = " "
        for character in text {
            if character == ".", !previous.isNumber { plain += "0" }
            if previous == ".", !character.isNumber { plain += "0" }
            plain.append(character)
            previous = character
        }
        if previous == "." { plain += "0" }
        return Double(plain).map { .double($0) }
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
}

extension Int64 {
    /// Reads digits only, no sign.
    fileprivate init?(_ digits: Substring, radix: Int, unsigned: Bool) {
        guard let first = digits.first, first != "+", first != "-", let value = Int64(digits, radix: radix) else { return nil }
        self = value
    }
}
