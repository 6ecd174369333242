import ClusterCore
import Glibc

/// Another load balancer's word that it is the master (RFC 5798, section 5.1).
struct VRRPAdvert: Sendable, Hashable {
    let source: InternetAddress
    let routerID: Int
    /// 0 where it gives up.
    let priority: Int

    /// Reads the beginning of the packet; nil where it is no advert.
    init?(_ packet: some Collection<UInt8>, from source: InternetAddress) {
        let head = Array(packet.prefix(3))
        guard head.count == 3, head[0] & 0xF == 1, head[0] >> 4 == 2 || head[0] >> 4 == 3 else { return nil }
        self.init(source: source, routerID: Int(head[1]), priority: Int(head[2]))
    }

    init(source: InternetAddress, routerID: Int, priority: Int) {
        self.source = source
        self.routerID = routerID
        self.priority = priority
    }
}

/// Hears the adverts that come to this host (raw(7); needs CAP_NET_RAW). keepalived has joined the groups where they are multicast.
struct AdvertSocket: Sendable {
    let descriptor: Int32
    private let family: InternetAddress.Family
    private static let vrrp: Int32 = 112

    init(_ family: InternetAddress.Family) throws(ClusterError) {
        self.family = family
        let kind = Int32(SOCK_RAW.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        descriptor = socket(family == .ipv4 ? AF_INET : AF_INET6, kind, Self.vrrp)
        guard descriptor >= 0 else {
            throw ClusterError(.io, "can't listen to the other load balancers' adverts: \(String(cString: strerror(errno)))")
        }
    }

    /// Those that have come meanwhile.
    func adverts() -> [VRRPAdvert] {
        var found: [VRRPAdvert] = []
        var buffer = [UInt8](repeating: 0, count: 256)
        while found.count < 64 {
            var sender = sockaddr_in6()
            var length = socklen_t(MemoryLayout<sockaddr_in6>.size)
            let count = withUnsafeMutableBytes(of: &sender) { bytes in
                recvfrom(descriptor, &buffer, buffer.count, 0, bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self), &length)
            }
            guard count > 0 else { break }
            let bytes = withUnsafeBytes(of: &sender) { Array($0) }
            // An IPv4 packet comes with its header, an IPv6 one without. The sender's address: sin_addr at 4, sin6_addr at 8.
            let header = family == .ipv4 ? Int(buffer[0] & 0xF) * 4 : 0
            let source = InternetAddress(family: family, bytes: family == .ipv4 ? Array(bytes[4..<8]) : Array(bytes[8..<24]))
            if header < count, let advert = VRRPAdvert(buffer[header..<count], from: source) { found.append(advert) }
        }
        return found
    }
}
