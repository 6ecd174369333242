public import CLinux
public import ClusterCore
import Glibc

/// The addresses that the interfaces of this network namespace have, by netlink.
public enum HostAddresses {
    /// All of them, with interface and prefix length.
    /// - Throws: `.io` where the kernel does not tell them.
    public static func all() throws(ClusterError) -> [clinux_address] {
        var capacity = 64
        while true {
            var count = 0
            var addresses = [clinux_address](repeating: clinux_address(), count: capacity)
            let problem = clinux_list_addresses(&addresses, capacity, &count)
            guard problem == 0 else {
                throw ClusterError(.io, "can't list the host's addresses: \(String(cString: strerror(problem)))")
            }
            if count <= capacity { return Array(addresses[..<count]) }
            capacity = count * 2
        }
    }

    /// All of them as text, each once; none where the kernel does not tell them.
    static func texts() -> [String] {
        var found: [String] = []
        for var entry in (try? all()) ?? [] {
            var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
            guard inet_ntop(Int32(entry.family), &entry.bytes, &text, socklen_t(text.count)) != nil else { continue }
            let address = String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            if !found.contains(address) { found.append(address) }
        }
        return found
    }
}
