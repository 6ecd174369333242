import Glibc

/// Reads the small files that hold settings and secrets.
struct SmallFile {
    /// The bytes.
    let bytes: [UInt8]
    /// True where everyone on the host may read it.
    let isWorldReadable: Bool

    /// Why a file can't be used, each with what to do.
    enum Problem: Error {
        case missing
        case other(String)
    }

    /// Reads a regular file of at most `limit` bytes. Never blocks on a pipe or a device.
    init(_ path: String, limit: Int) throws(Problem) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            switch errno {
            case ENOENT, ENOTDIR: throw .missing
            case EACCES: throw .other("can't be read by uid \(geteuid()): give it an owner or mode that lets it be read")
            case let code: throw .other("can't be read: \(String(cString: strerror(code)))")
            }
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .other("can't be read: \(String(cString: strerror(errno)))") }
        guard status.st_mode & S_IFMT == S_IFREG else { throw .other("is not a regular file: name a file") }
        isWorldReadable = status.st_mode & S_IROTH != 0
        var content: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16 << 10)
        while true {
            let count = read(descriptor, &chunk, chunk.count)
            if count < 0 {
                if errno == EINTR { continue }
                throw .other("can't be read: \(String(cString: strerror(errno)))")
            }
            guard count > 0 else { break }
            content += chunk[..<count]
            guard content.count <= limit else { throw .other("is larger than \(limit) bytes: name the right file") }
        }
        bytes = content
    }
}
