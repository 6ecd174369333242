public import ClusterCore
import Glibc
public import JSON
import Supervision

extension HostFacts {
    /// Looks at this host.
    public static func gather() -> HostFacts {
        var name = [CChar](repeating: 0, count: 256)
        gethostname(&name, 255)
        let hostname = String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return HostFacts(hostname: hostname, addresses: ownAddresses(), executableDirectory: Executable.ownDirectory, uid: getuid())
    }

    /// The facts as JSON.
    public var json: JSON {
        [
            "hostname": .string(hostname), "addresses": .array(addresses.map { .string($0) }),
            "executable_directory": .string(executableDirectory), "uid": .int(Int64(uid)),
        ]
    }

    /// Reads what `json` wrote.
    public init(json: JSON) throws(ClusterError) {
        guard let hostname = json["hostname"]?.string, let addresses = json["addresses"]?.array,
            let directory = json["executable_directory"]?.string, let uid = json["uid"]?.int.flatMap(UInt32.init(exactly:))
        else {
            throw ClusterError(.invalid, "the facts of the host need hostname, addresses, executable_directory and uid")
        }
        self.init(hostname: hostname, addresses: addresses.compactMap(\.string), executableDirectory: directory, uid: uid)
    }

    private static func ownAddresses() -> [String] {
        var list: UnsafeMutablePointer<ifaddrs>?
        guard getifaddrs(&list) == 0 else { return [] }
        defer { freeifaddrs(list) }
        var found: [String] = []
        var cursor = list
        while let entry = cursor {
            cursor = entry.pointee.ifa_next
            guard entry.pointee.ifa_flags & UInt32(IFF_UP) != 0, let address = entry.pointee.ifa_addr else { continue }
            let family = Int32(address.pointee.sa_family)
            guard family == AF_INET || family == AF_INET6 else { continue }
            let length = family == AF_INET ? MemoryLayout<sockaddr_in>.size : MemoryLayout<sockaddr_in6>.size
            var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
            guard getnameinfo(address, socklen_t(length), &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST) == 0 else { continue }
            let whole = String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            // A link-local address carries its interface: fe80::1%eth0.
            let plain = whole.split(separator: "%").first.map(String.init) ?? whole
            if !found.contains(plain) { found.append(plain) }
        }
        return found
    }
}
