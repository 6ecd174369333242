import ClusterCore
import Glibc

/// Hears the adverts that come to this host (raw(7); needs CAP_NET_RAW). keepalived has joined the groups where they are multicast.
struct AdvertSocket: Sendable {
    let descriptor: Int32
    private let family: InternetAddress.Family
    /// The only ones that are heard; empty for anybody on the interface.
    private let peers: Set<InternetAddress>

    /// - Parameter interface: the one on which adverts are multicast. With peers any is heard, as their addresses may be on another.
    init(_ instance: VRRPLayout.Instance, on interface: String) throws(ClusterError) {
        family = instance.family
        peers = Set(instance.peers)
        let kind = Int32(SOCK_RAW.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        descriptor = socket(family == .ipv4 ? AF_INET : AF_INET6, kind, Int32(VRRPPacket.number))
        var problem: Int32 = descriptor < 0 ? errno : 0
        func set(_ level: Int32, _ option: Int32, _ value: [UInt8]) {
            guard problem == 0, setsockopt(descriptor, level, option, value, socklen_t(value.count)) != 0 else { return }
            problem = errno
        }
        if peers.isEmpty { set(SOL_SOCKET, SO_BINDTODEVICE, Array(interface.utf8) + [0]) }
        if family == .ipv6 {
            let on = withUnsafeBytes(of: Int32(1)) { Array($0) }
            set(Self.ipv6, Self.receivePacketInformation, on)
            set(Self.ipv6, Self.receiveHopLimit, on)
        }
        guard problem == 0 else {
            if descriptor >= 0 { close(descriptor) }
            throw ClusterError(.io, "can't listen to the other load balancers' adverts: \(String(cString: strerror(problem)))")
        }
    }

    /// Those that have come meanwhile, from whom they may come.
    func adverts() -> [VRRPAdvert] {
        var found: [VRRPAdvert] = []
        // Whatever else comes, the thread has other things to do.
        for _ in 0..<64 {
            guard let packet = receive() else { break }
            guard let packet, peers.isEmpty || peers.contains(packet.source), let advert = VRRPAdvert(packet) else { continue }
            found.append(advert)
        }
        return found
    }

    // linux/in6.h and bits/in.h: IPPROTO_IPV6, IPV6_RECVPKTINFO, IPV6_PKTINFO, IPV6_RECVHOPLIMIT, IPV6_HOPLIMIT.
    private static let ipv6: Int32 = 41
    private static let receivePacketInformation: Int32 = 49
    private static let packetInformation: Int32 = 50
    private static let receiveHopLimit: Int32 = 51
    private static let hopLimit: Int32 = 52

    /// - Returns: nil where no packet has come, `.some(nil)` for one that can't be read.
    private func receive() -> VRRPPacket?? {
        // The longest advert names 255 IPv6 addresses.
        var data = [UInt8](repeating: 0, count: 4352)
        var control = [UInt8](repeating: 0, count: 256)
        var sender = sockaddr_in6()
        var controlCount = 0
        var isCut = false
        let count = data.withUnsafeMutableBytes { data in
            control.withUnsafeMutableBytes { control in
                withUnsafeMutableBytes(of: &sender) { sender in
                    var part = iovec(iov_base: data.baseAddress, iov_len: data.count)
                    return withUnsafeMutablePointer(to: &part) { part in
                        var header = msghdr()
                        header.msg_name = sender.baseAddress
                        header.msg_namelen = socklen_t(sender.count)
                        header.msg_iov = part
                        header.msg_iovlen = 1
                        header.msg_control = control.baseAddress
                        header.msg_controllen = control.count
                        let count = recvmsg(descriptor, &header, 0)
                        controlCount = header.msg_controllen
                        isCut = header.msg_flags & Int32(MSG_TRUNC | MSG_CTRUNC) != 0
                        return count
                    }
                }
            }
        }
        guard count >= 0 else { return nil }
        if isCut { return .some(nil) }
        // An IPv4 packet comes with its header, an IPv6 one without.
        if family == .ipv4 { return .some(VRRPPacket(ipv4: Array(data[..<count]))) }
        let told = Self.told(Array(control[..<controlCount]))
        guard let destination = told.destination, let limit = told.hopLimit else { return .some(nil) }
        let source = InternetAddress(family: .ipv6, bytes: withUnsafeBytes(of: &sender.sin6_addr) { Array($0) })
        return .some(VRRPPacket(source: source, destination: destination, hopLimit: limit, message: Array(data[..<count])))
    }

    /// Reads the ancillary data (cmsg(3)): each a `cmsghdr` (its length as a word, level, type) and its data, aligned to a word.
    private static func told(_ control: [UInt8]) -> (destination: InternetAddress?, hopLimit: Int?) {
        var found: (destination: InternetAddress?, hopLimit: Int?) = (nil, nil)
        let (word, head) = (MemoryLayout<Int>.size, MemoryLayout<cmsghdr>.size)
        control.withUnsafeBytes { bytes in
            var place = 0
            while place + head <= bytes.count {
                let length = bytes.loadUnaligned(fromByteOffset: place, as: Int.self)
                let level = bytes.loadUnaligned(fromByteOffset: place + word, as: Int32.self)
                let type = bytes.loadUnaligned(fromByteOffset: place + word + 4, as: Int32.self)
                guard length >= head, place + length <= bytes.count else { return }
                let data = UnsafeRawBufferPointer(rebasing: bytes[(place + head)..<(place + length)])
                if level == ipv6, type == packetInformation, data.count >= 16 {
                    found.destination = InternetAddress(family: .ipv6, bytes: Array(data[..<16]))
                } else if level == ipv6, type == hopLimit, data.count >= 4 {
                    found.hopLimit = Int(data.loadUnaligned(as: Int32.self))
                }
                place += (length + word - 1) / word * word
            }
        }
        return found
    }
}
