import Glibc
import Settings

/// An IPv4 or IPv6 address.
struct InternetAddress: Sendable, Hashable, CustomStringConvertible {
    enum Family: String, Sendable, Hashable, CaseIterable {
        case ipv4
        case ipv6
        /// As one writes it.
        var name: String { self == .ipv4 ? "IPv4" : "IPv6" }
        /// Bits of an address.
        var width: Int { self == .ipv4 ? 32 : 128 }
    }

    let family: Family
    /// 4 or 16 bytes in network byte order.
    let bytes: [UInt8]

    init(family: Family, bytes: [UInt8]) {
        self.family = family
        self.bytes = bytes
    }

    /// Reads a literal address.
    init?(_ text: String) {
        var bytes = [UInt8](repeating: 0, count: 16)
        if inet_pton(AF_INET, text, &bytes) == 1 {
            self.init(family: .ipv4, bytes: Array(bytes[..<4]))
        } else if inet_pton(AF_INET6, text, &bytes) == 1 {
            self.init(family: .ipv6, bytes: bytes)
        } else {
            return nil
        }
    }

    /// In its shortest usual form.
    var description: String {
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        guard inet_ntop(family == .ipv4 ? AF_INET : AF_INET6, bytes, &text, socklen_t(text.count)) != nil else { return "?" }
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// True where both share the first `length` bits.
    func sharesPrefix(of length: Int, with other: InternetAddress) -> Bool {
        guard family == other.family else { return false }
        return (0..<length).allSatisfy { bit in
            let difference: UInt8 = bytes[bit / 8] ^ other.bytes[bit / 8]
            return difference & (UInt8(0x80) >> UInt8(bit % 8)) == 0
        }
    }

    /// True for what a host can own and others can reach.
    var isUnicast: Bool {
        switch family {
        case .ipv4: bytes[0] != 0 && bytes[0] != 127 && bytes[0] < 224
        case .ipv6: bytes[0] != 0xFF && !bytes.dropLast().allSatisfy { $0 == 0 }
        }
    }
}

extension InternetAddress: SettingValue {
    static var form: String { "an IP address" }
    static var ansibleType: String { "str" }
    init?(settingText: String) { self.init(settingText) }
    var settingText: String { description }
}

/// An address that moves between load balancers, with the length of its network's prefix.
struct VirtualAddress: Sendable, Hashable, CustomStringConvertible {
    let address: InternetAddress
    let prefixLength: Int

    init(address: InternetAddress, prefixLength: Int) {
        self.address = address
        self.prefixLength = prefixLength
    }

    /// Reads `address/length`, or an address alone, which is a network of its own.
    init?(_ text: String) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let address = InternetAddress(String(parts[0])), address.isUnicast else { return nil }
        guard parts.count == 2 else {
            self.init(address: address, prefixLength: address.family.width)
            return
        }
        guard parts[1].utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }), let length = Int(parts[1]),
            (1...address.family.width).contains(length)
        else { return nil }
        self.init(address: address, prefixLength: length)
    }

    var description: String { "\(address)/\(prefixLength)" }
}

extension VirtualAddress: SettingValue {
    static var form: String { "an IPv4 or IPv6 address with its prefix length, such as 10.0.0.100/24" }
    static var ansibleType: String { "str" }
    init?(settingText: String) { self.init(settingText) }
    var settingText: String { description }
}
