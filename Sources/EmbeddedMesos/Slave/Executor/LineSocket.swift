import ClusterCore
import Glibc
import JSON
import Synchronization

/// One end of a connection on a Unix socket that carries a JSON object a line.
final class LineSocket: Sendable {
    private let descriptor: Int32
    private let isClosed = Mutex(false)

    /// Takes over a connected socket.
    init(_ descriptor: Int32) {
        self.descriptor = descriptor
        var size: Int32 = 8 << 20
        setsockopt(descriptor, SOL_SOCKET, SO_SNDBUF, &size, socklen_t(MemoryLayout<Int32>.size))
    }

    deinit { close(descriptor) }

    /// Sends one line, without waiting. Where the other side reads too slowly for its buffer, the connection is cut: its reader will
    /// come back and find in the files what it has missed.
    /// - Returns: false where the connection is cut.
    @discardableResult
    func send(_ json: JSON) -> Bool {
        let bytes = json.bytes() + [UInt8(ascii: "\n")]
        return isClosed.withLock { isClosed in
            guard !isClosed else { return false }
            var offset = 0
            while offset < bytes.count {
                let flags = Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT)
                let count = bytes.withUnsafeBytes {
                    Glibc.send(descriptor, $0.baseAddress.map { $0 + offset }, bytes.count - offset, flags)
                }
                if count >= 0 {
                    offset += count
                } else if errno != EINTR {
                    isClosed = true
                    shutdown(descriptor, Int32(SHUT_RDWR))
                    return false
                }
            }
            return true
        }
    }

    /// Ends the connection; a reader sees its end.
    func cut() {
        isClosed.withLock { $0 = true }
        shutdown(descriptor, Int32(SHUT_RDWR))
    }

    /// Reads lines until the connection ends. Blocks; what is no JSON is left out.
    func readLines(_ body: (JSON) -> Void) {
        var pending: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = read(descriptor, &chunk, chunk.count)
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { return }
            pending += chunk[..<count]
            var start = pending.startIndex
            while let end = pending[start...].firstIndex(of: UInt8(ascii: "\n")) {
                if let json = try? JSON(parsing: pending[start..<end]) { body(json) }
                start = end + 1
            }
            pending.removeSubrange(..<start)
        }
    }
}

/// Unix sockets by the path of their directory: a socket's own path must be shorter than 108 bytes, a work directory need not be. Linux
/// lets a process reach a directory that it has open as `/proc/self/fd/N`.
enum UnixSocket {
    /// Binds and listens, in place of an old socket; only this user may connect.
    static func listen(directory: String, name: String) throws(ClusterError) -> Int32 {
        unlink("\(directory)/\(name)")
        let descriptor = try make()
        let before = umask(0o177)
        let problem = at(directory, name, descriptor, Glibc.bind)
        umask(before)
        guard problem == 0, Glibc.listen(descriptor, 16) == 0 else {
            close(descriptor)
            throw ClusterError(.io, "can't listen on \(directory)/\(name): \(String(cString: strerror(problem)))")
        }
        return descriptor
    }

    /// Connects.
    static func connect(directory: String, name: String) throws(ClusterError) -> Int32 {
        let descriptor = try make()
        let problem = at(directory, name, descriptor, Glibc.connect)
        guard problem == 0 else {
            close(descriptor)
            throw ClusterError(.unavailable, "nobody listens on \(directory)/\(name): \(String(cString: strerror(problem)))")
        }
        return descriptor
    }

    private static func make() throws(ClusterError) -> Int32 {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw ClusterError(.io, "no socket: \(String(cString: strerror(errno)))") }
        return descriptor
    }

    private static func at(
        _ directory: String, _ name: String, _ descriptor: Int32, _ call: (Int32, UnsafePointer<sockaddr>?, socklen_t) -> Int32
    ) -> Int32 {
        let parent = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard parent >= 0 else { return errno }
        defer { close(parent) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let path = Array("/proc/self/fd/\(parent)/\(name)".utf8)
        let fits = withUnsafeMutableBytes(of: &address.sun_path) { buffer in
            guard path.count < buffer.count else { return false }
            buffer.copyBytes(from: path)
            return true
        }
        guard fits else { return ENAMETOOLONG }
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { call(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
        }
        return result == 0 ? 0 : errno
    }
}
