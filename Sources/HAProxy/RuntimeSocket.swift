public import ClusterCore
import Glibc

/// One of HAProxy's command sockets: the stats socket of a worker, or the master's.
///
/// Each command has a connection of its own (management guide, "Unix Socket commands").
public struct RuntimeSocket: Sendable, Hashable {
    /// Path of the Unix socket, at most 107 bytes.
    public let path: String

    /// Names a socket.
    public init(_ path: String) { self.path = path }

    /// Sends a command line and reads the whole answer.
    /// - Parameter payload: lines for a command that ends in `<<`, none of them empty; with the command at most HAProxy's buffer of 16 KiB.
    /// - Throws: `.unavailable` where nobody listens or the connection breaks, `.timeout`, `.invalid` for a malformed command.
    public func send(_ command: String, payload: String? = nil, timeout: Duration = .seconds(2)) async throws(ClusterError) -> String {
        guard !command.utf8.contains(where: { $0 == 10 || $0 == 13 || $0 == 0 }) else {
            throw ClusterError(.invalid, "a command to HAProxy must be one line")
        }
        let path = path
        let input = payload.map { "\(command)\n\($0)\n" } ?? command
        // A thread of its own: Swift's pool must not block, and an answer takes less than a millisecond.
        let result = await withCheckedContinuation { (continuation: CheckedContinuation<Result<String, ClusterError>, Never>) in
            let isStarted = OwnThread.start("haproxy-socket", stackSize: 256 << 10) {
                continuation.resume(returning: Exchange(path: path, deadline: .now + timeout).run(input))
            }
            if !isStarted { continuation.resume(returning: .failure(ClusterError(.io, "no thread left to ask HAProxy"))) }
        }
        return try result.get()
    }
}

/// One blocking exchange with a deadline.
private struct Exchange {
    let path: String
    let deadline: ContinuousClock.Instant

    func run(_ command: String) -> Result<String, ClusterError> {
        do throws(ClusterError) {
            let descriptor = try open()
            defer { close(descriptor) }
            try write(Array("\(command)\n".utf8), to: descriptor)
            // The master's socket answers command after command until its client has nothing more to say.
            shutdown(descriptor, Int32(SHUT_WR))
            return .success(try read(descriptor))
        } catch {
            return .failure(error)
        }
    }

    private func open() throws(ClusterError) -> Int32 {
        var address = sockaddr_un()
        let bytes = Array(path.utf8)
        guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else {
            throw ClusterError(.settings, "the socket path \(path) is longer than 107 bytes")
        }
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
        guard descriptor >= 0 else { throw failure("open a socket to") }
        let size = socklen_t(MemoryLayout<sockaddr_un>.size)
        let code = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, size) }
        }
        guard code == 0 else {
            let error = failure("connect to")
            close(descriptor)
            throw error
        }
        return descriptor
    }

    private func write(_ bytes: [UInt8], to descriptor: Int32) throws(ClusterError) {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress?.advanced(by: sent), bytes.count - sent, Int32(MSG_NOSIGNAL))
            }
            if count > 0 {
                sent += count
            } else if errno == EAGAIN {
                try wait(descriptor, for: Int16(POLLOUT))
            } else if errno != EINTR {
                throw failure("write to")
            }
        }
    }

    private func read(_ descriptor: Int32) throws(ClusterError) -> String {
        var answer: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            if count == 0 { return String(decoding: answer, as: UTF8.self) }
            if count > 0 {
                answer += buffer[..<count]
            } else if errno == EAGAIN {
                try wait(descriptor, for: Int16(POLLIN))
            } else if errno == ECONNRESET {
                // A master that executes itself anew.
                return String(decoding: answer, as: UTF8.self)
            } else if errno != EINTR {
                throw failure("read from")
            }
        }
    }

    private func wait(_ descriptor: Int32, for events: Int16) throws(ClusterError) {
        let left = deadline - .now
        guard left > .zero else { throw ClusterError(.timeout, "HAProxy's socket \(path) does not answer in time") }
        var entry = pollfd(fd: descriptor, events: events, revents: 0)
        if poll(&entry, 1, Int32(clamping: left.milliseconds + 1)) < 0, errno != EINTR { throw failure("wait for") }
    }

    private func failure(_ verb: String) -> ClusterError {
        ClusterError(.unavailable, "can't \(verb) HAProxy's socket \(path): \(String(cString: strerror(errno)))")
    }
}
