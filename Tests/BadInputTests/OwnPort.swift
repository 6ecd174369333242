import ClusterCore
import Glibc
import Testing

/// A port of a component's own, in a table of tests.
struct OwnPort: Sendable, CustomTestStringConvertible {
    let entrypoint: EntrypointCase
    /// `CONSUL_DNS_PORT/udp`
    let text: String

    var testDescription: String { "\(entrypoint.component) \(text)" }
    var isUDP: Bool { text.hasSuffix("/udp") }
    var variable: String { String(text.prefix { $0 != "/" }) }
}

/// Has a port of 127.0.0.1, as another process would.
struct Occupier: Sendable {
    private let descriptor: Int32

    init(_ port: Int, isUDP: Bool) throws {
        descriptor = socket(AF_INET, Int32((isUDP ? SOCK_DGRAM : SOCK_STREAM).rawValue | SOCK_CLOEXEC.rawValue), 0)
        var name = sockaddr_in()
        name.sin_family = sa_family_t(AF_INET)
        name.sin_port = UInt16(port).bigEndian
        name.sin_addr.s_addr = INADDR_LOOPBACK.bigEndian
        let code = withUnsafePointer(to: &name) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
        guard code == 0, isUDP || listen(descriptor, 1) == 0 else {
            close(descriptor)
            throw ClusterError(.unavailable, "port \(port) is in use")
        }
    }

    func end() { close(descriptor) }
}
