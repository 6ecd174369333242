import ClusterCore
import Glibc
import Synchronization

/// Passes TCP connections on to a Marathon, and sends the events that went through once more when it is told to: late events.
final class EventRelay: Sendable {
    let port: Int
    private let listener: Int32
    private let state: Log

    private final class Log: Sendable {
        struct State {
            /// The client of the newest event stream, and all that it was sent after the head.
            var client: Int32?
            var events: [UInt8] = []
            var isHeld = false
        }
        let value = Mutex(State())
    }

    init(to server: HostPort, port: Int) throws {
        self.port = port
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | O_CLOEXEC, 0)
        listener = descriptor
        state = Log()
        var name = Self.address("127.0.0.1", port)
        let code = withUnsafePointer(to: &name) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard code == 0, listen(descriptor, 16) == 0 else { throw ClusterError(.unavailable, "port \(port) is in use") }
        let (socket, log) = (listener, state)
        Self.thread {
            while case let client = accept(socket, nil, nil), client >= 0 {
                Self.thread { Self.pass(client, to: server, log) }
            }
        }
    }

    deinit {
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
    }

    /// How many bytes of events went through.
    var count: Int { state.value.withLock { $0.events.count } }

    /// Sends all events of the stream again. They are whole chunks of the answer, so that the client reads them as news.
    func replay() {
        state.value.withLock { state in
            guard let client = state.client else { return }
            var rest = state.events[...]
            while !rest.isEmpty {
                let sent = rest.withUnsafeBytes { send(client, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
                guard sent > 0 else { return }
                rest = rest.dropFirst(sent)
            }
        }
    }

    /// Events wait here until `release`; everything else passes.
    func hold() { state.value.withLock { $0.isHeld = true } }
    func release() { state.value.withLock { $0.isHeld = false } }

    private static func thread(_ body: @escaping @Sendable () -> Void) {
        var id = pthread_t()
        let box = Unmanaged.passRetained(Body(body))
        pthread_create(
            &id, nil,
            {
                Unmanaged<Body>.fromOpaque($0!).takeRetainedValue().run()
                return nil
            }, box.toOpaque())
        pthread_detach(id)
    }

    private final class Body: Sendable {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    private static func address(_ host: String, _ port: Int) -> sockaddr_in {
        var name = sockaddr_in()
        name.sin_family = sa_family_t(AF_INET)
        name.sin_port = in_port_t(port).bigEndian
        inet_pton(AF_INET, host, &name.sin_addr)
        return name
    }

    private static func pass(_ client: Int32, to server: HostPort, _ log: Log) {
        let upstream = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | O_CLOEXEC, 0)
        var name = address(server.host, server.port)
        let code = withUnsafePointer(to: &name) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(upstream, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
        defer {
            log.value.withLock { if $0.client == client { $0.client = nil } }
            close(client)
            close(upstream)
        }
        guard code == 0 else { return }
        var sockets = [pollfd(fd: client, events: Int16(POLLIN), revents: 0), pollfd(fd: upstream, events: Int16(POLLIN), revents: 0)]
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        var isEvents = false
        var head: [UInt8] = []
        var hasHead = false
        while true {
            poll(&sockets, 2, -1)
            for (index, from) in sockets.enumerated() where from.revents != 0 {
                while index == 1, isEvents, log.value.withLock({ $0.isHeld }) { usleep(5000) }
                let count = recv(from.fd, &buffer, buffer.count, 0)
                guard count > 0 else { return }
                if index == 0, Array(buffer[..<count]).starts(with: Array("GET /v2/events".utf8)) { isEvents = true }
                let sent: Int = log.value.withLock { state in
                    if index == 1, isEvents {
                        if hasHead {
                            state.events += buffer[..<count]
                        } else {
                            head += buffer[..<count]
                            if let end = head.indices.first(where: { head[$0...].starts(with: Array("\r\n\r\n".utf8)) }) {
                                hasHead = true
                                state.client = client
                                state.events = Array(head[(end + 4)...])
                            }
                        }
                    }
                    return send(sockets[1 - index].fd, buffer, count, Int32(MSG_NOSIGNAL))
                }
                guard sent == count else { return }
            }
        }
    }
}
