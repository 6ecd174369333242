public import Glibc

/// Small whole files and directories, by plain system calls.
public enum Files {
    /// Reads a whole file.
    /// - Parameter limit: more bytes than this are an error.
    /// - Throws: `ClusterError` `.notFound` where it does not exist, `.io` else.
    public static func read(_ path: String, limit: Int = 64 << 20) throws(ClusterError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure("read", path) }
        defer { close(descriptor) }
        var content: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw failure("read", path) }
            guard count > 0 else { return content }
            content += chunk[..<count]
            guard content.count <= limit else { throw ClusterError(.io, "\(path) is larger than \(limit) bytes") }
        }
    }

    /// Reads a whole file as UTF-8 text; bytes that are not UTF-8 are replaced.
    public static func text(_ path: String, limit: Int = 64 << 20) throws(ClusterError) -> String {
        String(decoding: try read(path, limit: limit), as: UTF8.self)
    }

    /// Writes a whole file beside its place and renames it into it, so that a reader sees the old or the new content and nothing
    /// between. The file has its mode from its creation on.
    public static func write(_ path: String, _ content: some Sequence<UInt8>, mode: mode_t = 0o644) throws(ClusterError) {
        let staged = "\(path).new.\(getpid())"
        unlink(staged)
        let descriptor = open(staged, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw failure("write", path) }
        var problem: ClusterError?
        let bytes = Array(content)
        var offset = 0
        while offset < bytes.count && problem == nil {
            let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress.map { $0 + offset }, bytes.count - offset) }
            if count >= 0 { offset += count } else if errno != EINTR { problem = failure("write", path) }
        }
        if problem == nil && fchmod(descriptor, mode) != 0 { problem = failure("set the mode of", path) }
        if problem == nil && fsync(descriptor) != 0 { problem = failure("write", path) }
        close(descriptor)
        if problem == nil && rename(staged, path) != 0 { problem = failure("replace", path) }
        if let problem {
            unlink(staged)
            throw problem
        }
    }

    /// Creates a directory and those above it that are missing.
    public static func makeDirectory(_ path: String, mode: mode_t = 0o755) throws(ClusterError) {
        if isDirectory(path) { return }
        if let slash = path.lastIndex(of: "/"), slash != path.startIndex { try makeDirectory(String(path[..<slash]), mode: mode) }
        guard mkdir(path, mode) == 0 || errno == EEXIST else { throw failure("create", path) }
    }

    /// Names in a directory, sorted, without `.` and `..`.
    public static func list(_ path: String) throws(ClusterError) -> [String] {
        guard let directory = opendir(path) else { throw failure("list", path) }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// Removes a file, link or directory with all that is in it; links are not followed. What does not exist is fine.
    public static func remove(_ path: String) throws(ClusterError) {
        if unlink(path) == 0 || errno == ENOENT { return }
        guard errno == EISDIR || errno == EPERM else { throw failure("remove", path) }
        for name in try list(path) { try remove("\(path)/\(name)") }
        guard rmdir(path) == 0 else { throw failure("remove", path) }
    }

    /// True where the path, links followed, is a directory.
    public static func isDirectory(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    /// True where something exists at the path, links followed.
    public static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    /// True where the path is a file that this process may execute.
    public static func isExecutable(_ path: String) -> Bool { !isDirectory(path) && access(path, X_OK) == 0 }

    private static func failure(_ verb: String, _ path: String) -> ClusterError {
        let code = errno
        return ClusterError(code == ENOENT ? .notFound : .io, "can't \(verb) \(path): \(String(cString: strerror(code)))")
    }
}
