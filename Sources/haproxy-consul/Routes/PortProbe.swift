import ClusterCore
import Glibc

/// Finds out whether a port can be listened on, without listening: a new service's port that another process has would make HAProxy
/// refuse the whole configuration.
enum PortProbe {
    /// Those that can't be had, each with the reason in parentheses.
    static func busy(_ ports: some Sequence<Int>, on address: String) -> [Int: String] {
        var out: [Int: String] = [:]
        for port in Set(ports) { out[port] = problem(port, address) }
        return out
    }

    private static func problem(_ port: Int, _ address: String) -> String? {
        let isV6 = IPAddress.isV6(address)
        let descriptor = socket(isV6 ? AF_INET6 : AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        // A connection that has just ended is no obstacle.
        var yes: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        guard (isV6 ? bindV6(descriptor, address, port) : bindV4(descriptor, address, port)) != 0 else { return nil }
        return errno == EADDRINUSE ? "(another process listens there)" : "(\(String(cString: strerror(errno))))"
    }

    private static func bindV4(_ descriptor: Int32, _ address: String, _ port: Int) -> Int32 {
        var name = sockaddr_in()
        name.sin_family = sa_family_t(AF_INET)
        name.sin_port = UInt16(port).bigEndian
        inet_pton(AF_INET, address, &name.sin_addr)
        return withUnsafePointer(to: &name) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
    }

    private static func bindV6(_ descriptor: Int32, _ address: String, _ port: Int) -> Int32 {
        var name = sockaddr_in6()
        name.sin6_family = sa_family_t(AF_INET6)
        name.sin6_port = UInt16(port).bigEndian
        inet_pton(AF_INET6, address, &name.sin6_addr)
        return withUnsafePointer(to: &name) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in6>.size)) }
        }
    }
}
