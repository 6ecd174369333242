public import ClusterCore
import Glibc
import Synchronization

/// Passes TCP connections on to a server, until it is told to hold everything back: a network that loses all packets, for one client.
public final class TestRelay: Sendable {
    /// Where the client connects.
    public let address: HostPort
    private let listener: Int32
    private let gate = RelayGate()

    /// Listens on a free port.
    public init(to server: HostPort) throws {
        let port = try freePort()
        address = HostPort(host: "127.0.0.1", port: port)
        listener = try listening("127.0.0.1", port)
        let (listener, gate) = (listener, gate)
        startThread {
            while case let client = accept(listener, nil, nil), client >= 0 {
                startThread { gate.pass(client, to: server) }
            }
        }
    }

    /// Holds everything back: connections stay open and nothing gets through, also on new ones.
    public func stall() { gate.stall() }

    /// Breaks all connections and lets new ones pass.
    public func recover() { gate.recover() }

    deinit {
        gate.recover()
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
    }
}

private final class RelayGate: Sendable {
    private struct State {
        var isStalled = false
        var open: Set<Int32> = []
    }
    private let state = Mutex(State())

    func stall() { state.withLock { $0.isStalled = true } }

    func recover() {
        state.withLock { state in
            state.isStalled = false
            for descriptor in state.open { shutdown(descriptor, Int32(SHUT_RDWR)) }
        }
    }

    func pass(_ client: Int32, to server: HostPort) {
        let upstream = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | O_CLOEXEC, 0)
        var name = socketAddress(server.host, UInt16(server.port))
        let code = withUnsafePointer(to: &name) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(upstream, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
        defer {
            close(client)
            close(upstream)
        }
        guard code == 0 else { return }
        state.withLock { $0.open.formUnion([client, upstream]) }
        defer { state.withLock { $0.open.subtract([client, upstream]) } }
        var sockets = [pollfd(fd: client, events: Int16(POLLIN), revents: 0), pollfd(fd: upstream, events: Int16(POLLIN), revents: 0)]
        var buffer = [UInt8](repeating: 0, count: 65536)
        while true {
            // Looks at the gate each 5 ms; bytes that come while it is closed wait in the kernel.
            poll(&sockets, 2, 5)
            if state.withLock({ $0.isStalled }) {
                usleep(5000)
                continue
            }
            for (index, from) in sockets.enumerated() where from.revents != 0 {
                let count = recv(from.fd, &buffer, buffer.count, 0)
                guard count > 0, send(sockets[1 - index].fd, buffer, count, Int32(MSG_NOSIGNAL)) == count else { return }
            }
        }
    }
}
