import ClusterCore
import Glibc

/// Finds out whether a port can be listened on, without listening.
public enum PortProbe {
    /// Those that can't be had for TCP, each with the reason in parentheses.
    public static func busy(_ ports: some Sequence<Int>, on address: String) -> [Int: String] {
        var out: [Int: String] = [:]
        for port in Set(ports) {
            guard let number = problem(HostPort(host: address, port: port), .tcp) else { continue }
            out[port] = number == EADDRINUSE ? "(another process listens there)" : "(\(String(cString: strerror(number))))"
        }
        return out
    }

    /// Why a place can't be listened on: errno of `bind`; nil where it can, or where the host is no literal address.
    static func problem(_ place: HostPort, _ transport: ListeningPort.Transport) -> Int32? {
        let isV6 = IPAddress.isV6(place.host)
        guard isV6 || IPAddress.isV4(place.host) else { return nil }
        let type = transport == .tcp ? SOCK_STREAM : SOCK_DGRAM
        let descriptor = socket(isV6 ? AF_INET6 : AF_INET, Int32(type.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        if transport == .tcp {
            // A connection that has just ended is no obstacle. With UDP it would let both have the port.
            var yes: Int32 = 1
            setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        }
        return (isV6 ? bindV6(descriptor, place) : bindV4(descriptor, place)) == 0 ? nil : errno
    }

    private static func bindV4(_ descriptor: Int32, _ place: HostPort) -> Int32 {
        var name = sockaddr_in()
        name.sin_family = sa_family_t(AF_INET)
        name.sin_port = UInt16(place.port).bigEndian
        inet_pton(AF_INET, place.host, &name.sin_addr)
        return withUnsafePointer(to: &name) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
    }

    private static func bindV6(_ descriptor: Int32, _ place: HostPort) -> Int32 {
        var name = sockaddr_in6()
        name.sin6_family = sa_family_t(AF_INET6)
        name.sin6_port = UInt16(place.port).bigEndian
        inet_pton(AF_INET6, place.host, &name.sin6_addr)
        return withUnsafePointer(to: &name) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in6>.size)) }
        }
    }
}
