import ClusterTestKit
import Glibc
import Testing

@testable import keepalived_wrap

/// Adverts through the kernel, on the loopback.
@Suite(
    .timeLimit(.minutes(1)), .enabled("raw sockets need root (CAP_NET_RAW)") { await NamespacePair.canBeMade() })
struct AdvertSocketTests {
    @Test(arguments: [("127.0.0.1", "127.0.0.77"), ("::1", "fd00::77")])
    func onlyThePeersOfThisLinkAreHeard(own: String, other: String) async throws {
        let (own, other) = (try #require(InternetAddress(own)), try #require(InternetAddress(other)))
        func listen(_ peers: [InternetAddress], on interface: String) throws -> AdvertSocket {
            try AdvertSocket(
                VRRPLayout.Instance(family: own.family, source: nil, peers: peers, virtualAddresses: []), on: interface)
        }
        let sockets = [try listen([own], on: "lo"), try listen([], on: "lo"), try listen([other], on: "lo")]
        defer { for socket in sockets { close(socket.descriptor) } }
        // A router lowered the first one's limit; the second comes last, so that the first has come when it has.
        try send(routerID: 51, hopLimit: 64, to: own)
        try send(routerID: 52, hopLimit: 255, isDamaged: true, to: own)
        try send(routerID: 53, hopLimit: 255, to: own)
        for (number, socket) in sockets.enumerated() {
            var heard: [Int] = []
            if number < 2 {
                try await eventually("the right advert is heard") {
                    // Another test's may come too.
                    heard += socket.adverts().map(\.routerID).filter { (51...53).contains($0) }
                    return heard == [53]
                }
            } else {
                #expect(socket.adverts().isEmpty)
            }
        }
    }

    private func send(routerID: UInt8, hopLimit: Int32, isDamaged: Bool = false, to address: InternetAddress) throws {
        let isIPv4 = address.family == .ipv4
        let descriptor = socket(isIPv4 ? AF_INET : AF_INET6, Int32(SOCK_RAW.rawValue), 112)
        try #require(descriptor >= 0)
        defer { close(descriptor) }
        var limit = hopLimit
        // IPPROTO_IP's IP_TTL; IPPROTO_IPV6's IPV6_UNICAST_HOPS.
        let isSet = setsockopt(descriptor, isIPv4 ? 0 : 41, isIPv4 ? 2 : 16, &limit, socklen_t(MemoryLayout<Int32>.size))
        try #require(isSet == 0)
        var message = [0x31, routerID, 200, 0, 0, 25, 0, 0]
        let packet = VRRPPacket(source: address, destination: address, hopLimit: 255, message: message)
        let sum = ~VRRPAdvert.sum(packet.pseudoHeader + message)
        (message[6], message[7]) = (UInt8(sum >> 8), UInt8(sum & 0xFF) ^ (isDamaged ? 1 : 0))
        // sin_addr is at 4 of 16 bytes, sin6_addr at 8 of 28; a family is a word of the host's order.
        var name = withUnsafeBytes(of: UInt16(isIPv4 ? AF_INET : AF_INET6)) { Array($0) }
        name += [UInt8](repeating: 0, count: isIPv4 ? 2 : 6) + address.bytes + [UInt8](repeating: 0, count: isIPv4 ? 8 : 4)
        let sent = name.withUnsafeBytes { name in
            sendto(
                descriptor, message, message.count, 0, name.baseAddress?.assumingMemoryBound(to: sockaddr.self), socklen_t(name.count))
        }
        try #require(sent == message.count)
    }
}
