import CLinux
import ClusterCore
import Entrypoint
import Glibc

/// An address on an interface of this host.
struct LinkAddress: Sendable, Hashable {
    let interface: String
    let address: InternetAddress
    let prefixLength: Int

    init(interface: String, address: InternetAddress, prefixLength: Int) {
        self.interface = interface
        self.address = address
        self.prefixLength = prefixLength
    }

    init(_ entry: clinux_address) {
        let family: InternetAddress.Family = entry.family == UInt8(AF_INET) ? .ipv4 : .ipv6
        interface = withUnsafeBytes(of: entry.name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        address = InternetAddress(family: family, bytes: withUnsafeBytes(of: entry.bytes) { Array($0.prefix(family.width / 8)) })
        prefixLength = Int(entry.prefix_length)
    }

    /// All addresses of this network namespace, by netlink.
    static func all() throws(ClusterError) -> [LinkAddress] { try HostAddresses.all().map { LinkAddress($0) } }

    /// Removes these addresses from whatever interface has them, but not from the loopback.
    /// - Returns: what was removed.
    static func remove(_ addresses: Set<InternetAddress>) throws(ClusterError) -> [LinkAddress] {
        var removed: [LinkAddress] = []
        for var entry in try HostAddresses.all() {
            let link = LinkAddress(entry)
            guard addresses.contains(link.address), link.interface != "lo" else { continue }
            switch clinux_delete_address(&entry) {
            case 0: removed.append(link)
            case EADDRNOTAVAIL, ENODEV: break
            case EPERM: throw ClusterError(.io, "can't remove \(link.address) from \(link.interface): CAP_NET_ADMIN is needed")
            case let code:
                throw ClusterError(.io, "can't remove \(link.address) from \(link.interface): \(String(cString: strerror(code)))")
            }
        }
        return removed
    }

    /// Names of the host's interfaces, up or down.
    static func interfaces() -> [String] {
        guard let list = if_nameindex() else { return [] }
        defer { if_freenameindex(list) }
        var names: [String] = []
        var entry = list
        while let name = entry.pointee.if_name {
            names.append(String(cString: name))
            entry += 1
        }
        return names
    }
}
