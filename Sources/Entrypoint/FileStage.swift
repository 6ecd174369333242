public import ClusterCore
import Glibc
import Supervision

/// Puts files in place as a whole: staged beside their place, validated, then renamed. For the files of a plan, and for companions that
/// write theirs anew.
public enum FileStage {
    /// Puts a file in place.
    ///
    /// Where the same bytes are there already, nothing is written or validated; only the mode is set right. Where the validator refuses,
    /// the old file stays and the staged one is removed. A crash leaves at most `.<name>.staged`, which the next call replaces.
    /// - Returns: true where the content has changed.
    /// - Throws: `.invalid` with the validator's output where it refuses; `.notFound` where there is no such validator; `.io`.
    @discardableResult
    public static func put(_ file: PlannedFile) async throws(ClusterError) -> Bool {
        if isSame(file) {
            guard chmod(file.path, mode_t(file.mode)) == 0 else { throw problem("set the mode of", file.path) }
            return false
        }
        let staged = stagedPath(file.path)
        try write(file, to: staged)
        do throws(ClusterError) {
            try await validate(file, staged)
            guard rename(staged, file.path) == 0 else { throw problem("replace", file.path) }
        } catch {
            unlink(staged)
            throw error
        }
        syncDirectory(of: file.path)
        return true
    }

    private static func stagedPath(_ path: String) -> String {
        let slash = path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex
        return "\(path[..<slash]).\(path[slash...]).staged"
    }

    private static func isSame(_ file: PlannedFile) -> Bool {
        var status = stat()
        // A link is replaced by a file: what it points at belongs to somebody else.
        guard lstat(file.path, &status) == 0, status.st_mode & S_IFMT == S_IFREG, Int(status.st_size) == file.content.utf8.count,
            let present = try? Files.read(file.path, limit: file.content.utf8.count)
        else { return false }
        return present.elementsEqual(file.content.utf8)
    }

    private static func write(_ file: PlannedFile, to staged: String) throws(ClusterError) {
        unlink(staged)
        // 0600 until all is written; O_EXCL, so that nobody else's file or link is written to.
        let descriptor = open(staged, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw problem("write", file.path) }
        defer { close(descriptor) }
        let bytes = Array(file.content.utf8)
        var offset = 0
        while offset < bytes.count {
            let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress.map { $0 + offset }, bytes.count - offset) }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { throw abandon(staged, "write", file.path) }
            offset += count
        }
        guard fchmod(descriptor, mode_t(file.mode)) == 0, fsync(descriptor) == 0 else { throw abandon(staged, "write", file.path) }
    }

    private static func abandon(_ staged: String, _ verb: String, _ path: String) -> ClusterError {
        let error = problem(verb, path)
        unlink(staged)
        return error
    }

    private static func validate(_ file: PlannedFile, _ staged: String) async throws(ClusterError) {
        guard let validator = file.validate else { return }
        let argv = validator.map { filled($0, with: staged) }
        let result = try await Command(argv).run()
        guard !result.termination.isSuccess else { return }
        // A validator quotes lines of the file.
        let said = file.isSecret ? "" : ": \(result.complaint.isEmpty ? "no output" : result.complaint)"
        throw ClusterError(
            .invalid, "\(argv[0]) refuses the new \(file.path) (\(result.termination))\(said); the old file was left in place")
    }

    /// The argument with `path` in place of each `{}`.
    static func filled(_ argument: String, with path: String) -> String {
        var out = ""
        var rest = argument[...]
        while let brace = rest.firstIndex(of: "{") {
            let next = rest.index(after: brace)
            let isPlace = next < rest.endIndex && rest[next] == "}"
            out += rest[..<brace] + (isPlace ? path : "{")
            rest = rest[(isPlace ? rest.index(after: next) : next)...]
        }
        return out + rest
    }

    private static func syncDirectory(of path: String) {
        let directory = path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        let descriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        fsync(descriptor)
        close(descriptor)
    }

    private static func problem(_ verb: String, _ path: String) -> ClusterError {
        let code = errno
        let hint = code == EROFS || code == EACCES ? "; choose a place where user \(getuid()) may write" : ""
        return ClusterError(.io, "can't \(verb) \(path): \(String(cString: strerror(code)))\(hint)")
    }
}
