import ClusterCore
import Glibc

/// Creates files below one directory and nowhere else: each part of a path is opened without following links, so neither `..` nor a
/// link that an archive made before leads out.
final class SandboxWriter: Sendable {
    private let root: Int32

    /// Opens the directory.
    init(root path: String) throws(ClusterError) {
        root = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard root >= 0 else { throw Self.failure("open", path) }
    }

    deinit { close(root) }

    /// Creates a directory and those above it that are missing.
    func makeDirectory(_ parts: [String]) throws(ClusterError) { close(try openDirectory(parts[...])) }

    /// Creates an empty file, in place of one that is there, and opens it for writing.
    func createFile(_ parts: [String], mode: mode_t) throws(ClusterError) -> Int32 {
        let (parent, name) = try parent(of: parts)
        defer { close(parent) }
        unlinkat(parent, name, 0)
        let descriptor = openat(parent, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Self.failure("create", name) }
        fchmod(descriptor, mode)
        return descriptor
    }

    /// Creates a symbolic link. Its target may climb only by leading `..`, and only up to the root: then, since no part of its own
    /// path is a link, it can't end outside, whatever links it meets on its way.
    func createLink(_ parts: [String], target: String) throws(ClusterError) {
        let climbs = target.split(separator: "/").prefix { $0 == ".." || $0 == "." }.count { $0 == ".." }
        let behind = target.split(separator: "/").drop { $0 == ".." || $0 == "." }
        guard !target.hasPrefix("/"), !target.isEmpty, climbs < parts.count, !behind.contains("..") else {
            throw ClusterError(.invalid, "the link '\(parts.joined(separator: "/"))' leads to '\(target)', outside the sandbox")
        }
        let (parent, name) = try parent(of: parts)
        defer { close(parent) }
        unlinkat(parent, name, 0)
        guard symlinkat(target, parent, name) == 0 else { throw Self.failure("link", name) }
    }

    /// Creates a second name for a regular file of the same archive.
    func createHardLink(_ parts: [String], to target: [String]) throws(ClusterError) {
        let (from, source) = try parent(of: target)
        defer { close(from) }
        let (parent, name) = try parent(of: parts)
        defer { close(parent) }
        guard FileStatus(source, in: from)?.kind == .file else {
            throw ClusterError(.invalid, "the link '\(name)' has no regular file in the sandbox behind it")
        }
        unlinkat(parent, name, 0)
        guard linkat(from, source, parent, name, 0) == 0 else { throw Self.failure("link", name) }
    }

    /// Writes all bytes.
    static func write(_ bytes: some Collection<UInt8>, to descriptor: Int32) throws(ClusterError) {
        let problem: ClusterError? =
            bytes.withContiguousStorageIfAvailable { buffer in
                var offset = 0
                while offset < buffer.count {
                    let count = Glibc.write(descriptor, buffer.baseAddress.map { $0 + offset }, buffer.count - offset)
                    if count >= 0 { offset += count } else if errno != EINTR { return failure("write", "a file of the sandbox") }
                }
                return nil
            } ?? ClusterError(.software, "bytes are not contiguous")
        if let problem { throw problem }
    }

    private func parent(of parts: [String]) throws(ClusterError) -> (Int32, String) {
        guard let name = parts.last else { throw ClusterError(.invalid, "a file without a name") }
        return (try openDirectory(parts.dropLast()), name)
    }

    private func openDirectory(_ parts: ArraySlice<String>) throws(ClusterError) -> Int32 {
        var current = fcntl(root, F_DUPFD_CLOEXEC, 0)
        guard current >= 0 else { throw Self.failure("open", "the sandbox") }
        for part in parts {
            mkdirat(current, part, 0o755)
            let next = openat(current, part, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
            let problem = next < 0 ? Self.failure("enter", part) : nil
            close(current)
            if let problem { throw problem }
            current = next
        }
        return current
    }

    private static func failure(_ verb: String, _ name: String) -> ClusterError {
        ClusterError(.io, "can't \(verb) '\(name)': \(String(cString: strerror(errno)))")
    }
}

/// How much an archive may become.
struct UnpackLimits: Sendable {
    /// All files together, in bytes.
    var bytes: Int64 = 16 << 30
    /// Members.
    var members = 1_000_000

    /// Counts one member.
    mutating func take(bytes count: Int64, of name: String) throws(ClusterError) {
        members -= 1
        bytes -= count
        if members < 0 || bytes < 0 || count < 0 {
            throw ClusterError(.invalid, "the archive becomes too large at '\(name)' (more than 16 GiB or 1,000,000 members)")
        }
    }
}
