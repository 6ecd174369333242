import Glibc
import Synchronization

private let handedOut = Mutex(Set<UInt16>())

/// Ports that nobody listens on now, for servers of a test. Taken below the range that the kernel gives to outgoing connections, and
/// never twice by one process, so a port stays free until the server takes it.
/// - Parameter address: IPv4 address that they must be free on.
public func freePorts(_ count: Int, on address: String = "127.0.0.1") throws -> [Int] {
    var ports: [Int] = []
    for _ in 0..<2000 where ports.count < count {
        let port = UInt16.random(in: 12000..<31000)
        guard handedOut.withLock({ $0.insert(port).inserted }), isFree(port, address) else { continue }
        ports.append(Int(port))
    }
    guard ports.count == count else { throw NotEventually(description: "no \(count) free ports on \(address)") }
    return ports
}

/// One free port.
public func freePort(on address: String = "127.0.0.1") throws -> Int { try freePorts(1, on: address)[0] }

/// A loopback network of a test's own, `127.x.y.0/24`, for nodes that need standard ports: its addresses are `network.host(1)` …
public struct LoopbackNetwork: Sendable {
    private let prefix: String
    /// Picks one at random; nothing listens on its ports 2181, 5050 and 8500.
    public init() throws {
        for _ in 0..<100 {
            let prefix = "127.\(Int.random(in: 64...250)).\(Int.random(in: 0...255))"
            if [2181, 5050, 8500].allSatisfy({ isFree($0, "\(prefix).1") }) {
                self.prefix = prefix
                return
            }
        }
        throw NotEventually(description: "no free loopback network")
    }
    /// The address of host 1–254.
    public func host(_ number: Int) -> String { "\(prefix).\(number)" }
}

private func isFree(_ port: UInt16, _ address: String) -> Bool {
    for type in [SOCK_STREAM, SOCK_DGRAM] {
        let descriptor = socket(AF_INET, Int32(type.rawValue) | O_CLOEXEC, 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var yes: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        var name = socketAddress(address, port)
        let code = withUnsafePointer(to: &name) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
        if code != 0 { return false }
    }
    return true
}

func socketAddress(_ address: String, _ port: UInt16) -> sockaddr_in {
    var name = sockaddr_in()
    name.sin_family = sa_family_t(AF_INET)
    name.sin_port = port.bigEndian
    inet_pton(AF_INET, address, &name.sin_addr)
    return name
}

/// True where something accepts a TCP connection there now.
public func accepts(_ port: Int, on address: String = "127.0.0.1") -> Bool {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | O_CLOEXEC, 0)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    var name = socketAddress(address, UInt16(port))
    return withUnsafePointer(to: &name) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
        }
    }
}
