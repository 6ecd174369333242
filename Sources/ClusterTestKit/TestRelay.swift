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
        OwnThread.detach("test") {
            while case let client = accept(listener, nil, nil), client >= 0 {
                OwnThread.detach("test") { gate.pass(client, to: server) }
            }
        }
    }

    /// Holds everything back: connections stay open and nothing gets through, also on new ones.
    public func stall() { gate.stall() }

    /// Lets requests through up to and including the next that has this text, and holds all answers from then on: the server acts, and
    /// the client does not hear of it.
    public func holdAnswers(afterRequestWith text: String) { gate.arm(Array(text.utf8)) }

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
        var trigger: [UInt8]?
        var holdsAnswers = false
        var open: Set<Int32> = []
    }
    private let state = Mutex(State())

    func stall() { state.withLock { $0.isStalled = true } }

    func arm(_ text: [UInt8]) { state.withLock { $0.trigger = text } }

    func recover() {
        state.withLock { state in
            state.isStalled = false
            state.holdsAnswers = false
            state.trigger = nil
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
                if index == 1, state.withLock({ $0.holdsAnswers }) {
                    usleep(5000)
                    continue
                }
                let count = recv(from.fd, &buffer, buffer.count, 0)
                if index == 0, count > 0 { look(at: buffer[..<count]) }
                guard count > 0, send(sockets[1 - index].fd, buffer, count, Int32(MSG_NOSIGNAL)) == count else { return }
            }
        }
    }

    private func look(at request: ArraySlice<UInt8>) {
        state.withLock { state in
            guard let trigger = state.trigger, request.indices.contains(where: { request[$0...].starts(with: trigger) }) else { return }
            state.trigger = nil
            state.holdsAnswers = true
        }
    }
}
