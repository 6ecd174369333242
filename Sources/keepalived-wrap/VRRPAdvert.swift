import ClusterCore

/// Another load balancer's word that it is the master (RFC 5798, section 5.1).
struct VRRPAdvert: Sendable, Hashable {
    let source: InternetAddress
    let routerID: Int
    /// 0 where it gives up.
    let priority: Int

    /// Reads a packet; nil where it is none that keepalived would have to obey: it must come from this very link (a router lowers the
    /// hop limit; RFC 5798, section 7.1), be as long as its head says, and have a correct checksum.
    init?(_ packet: VRRPPacket) {
        let message = packet.message
        guard packet.hopLimit == 255, message.count >= 8, message[0] & 0xF == 1 else { return nil }
        let addresses = Int(message[3]) * packet.source.family.width / 8
        switch message[0] >> 4 {
        // With the 8 bytes of its password (RFC 2338, section 5.1), and the checksum of the message alone.
        case 2: guard packet.source.family == .ipv4, message.count == 8 + addresses + 8, Self.sum(message) == 0xFFFF else { return nil }
        case 3: guard message.count == 8 + addresses, Self.sum(packet.pseudoHeader + message) == 0xFFFF else { return nil }
        default: return nil
        }
        self.init(source: packet.source, routerID: Int(message[1]), priority: Int(message[2]))
    }

    init(source: InternetAddress, routerID: Int, priority: Int) {
        self.source = source
        self.routerID = routerID
        self.priority = priority
    }

    /// The ones' complement sum of 16-bit words (RFC 1071): 0xFFFF over what holds its own correct checksum.
    static func sum(_ bytes: [UInt8]) -> UInt16 {
        var sum: UInt32 = 0
        for (index, byte) in bytes.enumerated() { sum += index.isMultiple(of: 2) ? UInt32(byte) << 8 : UInt32(byte) }
        while sum > 0xFFFF { sum = (sum & 0xFFFF) + (sum >> 16) }
        return UInt16(sum)
    }
}

/// What came in one IP packet of protocol 112.
struct VRRPPacket: Sendable, Hashable {
    static let number: UInt8 = 112

    let source: InternetAddress
    let destination: InternetAddress
    /// IPv4's TTL.
    let hopLimit: Int
    let message: [UInt8]

    init(source: InternetAddress, destination: InternetAddress, hopLimit: Int, message: [UInt8]) {
        self.source = source
        self.destination = destination
        self.hopLimit = hopLimit
        self.message = message
    }

    /// Reads an IPv4 packet with its header (RFC 791, section 3.1).
    init?(ipv4 packet: [UInt8]) {
        guard packet.count >= 20, packet[0] >> 4 == 4 else { return nil }
        let header = Int(packet[0] & 0xF) * 4
        let length = Int(packet[2]) << 8 | Int(packet[3])
        guard header >= 20, length >= header, length <= packet.count else { return nil }
        self.init(
            source: InternetAddress(family: .ipv4, bytes: Array(packet[12..<16])),
            destination: InternetAddress(family: .ipv4, bytes: Array(packet[16..<20])), hopLimit: Int(packet[8]),
            message: Array(packet[header..<length]))
    }

    /// What the checksum of version 3 is of, beside the message (RFC 793, section 3.1; RFC 8200, section 8.1).
    var pseudoHeader: [UInt8] {
        let length = [UInt8(message.count >> 8 & 0xFF), UInt8(message.count & 0xFF)]
        let tail = source.family == .ipv4 ? [0, Self.number] + length : [0, 0] + length + [0, 0, 0, Self.number]
        return source.bytes + destination.bytes + tail
    }
}
