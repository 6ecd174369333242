import ClusterCore
import Glibc

/// A Unix socket that has its permissions before anyone can connect, in place of one that a killed program has left.
enum UnixListener {
    /// Binds; the caller owns the descriptor.
    static func bind(_ path: String, mode: UInt16) throws(ClusterError) -> Int32 {
        try removeStale(path)
        let descriptor = try open()
        // Linux gives the file the socket's own mode, less the umask; the second call adds what the umask took.
        fchmod(descriptor, mode_t(mode))
        guard try withAddress(path, { Glibc.bind(descriptor, $0, $1) }) == 0, chmod(path, mode_t(mode)) == 0 else {
            let reason = String(cString: strerror(errno))
            close(descriptor)
            throw ClusterError(.io, "can't make the socket \(path): \(reason); choose a place where this user may write")
        }
        return descriptor
    }

    private static func removeStale(_ path: String) throws(ClusterError) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        guard status.st_mode & S_IFMT == S_IFSOCK else {
            throw ClusterError(.conflict, "\(path) exists and is no socket: remove it, or choose another path")
        }
        let descriptor = try open()
        defer { close(descriptor) }
        if try withAddress(path, { connect(descriptor, $0, $1) }) == 0 {
            throw ClusterError(.conflict, "\(path) is in use: stop the program that listens there, or choose another path")
        }
        unlink(path)
    }

    private static func open() throws(ClusterError) -> Int32 {
        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        let descriptor = socket(AF_UNIX, type, 0)
        guard descriptor >= 0 else { throw ClusterError(.io, "can't make a socket: \(String(cString: strerror(errno)))") }
        return descriptor
    }

    private static func withAddress(
        _ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) throws(ClusterError) -> Int32 {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else {
            throw ClusterError(.settings, "the socket path \(path) is longer than 107 bytes: choose a shorter one")
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
        }
    }
}
