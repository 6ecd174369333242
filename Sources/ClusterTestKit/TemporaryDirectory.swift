import ClusterCore
import Glibc

/// A directory of a test's own, removed with all that is in it when the value goes away.
public final class TemporaryDirectory: Sendable {
    /// Absolute path.
    public let path: String

    /// Makes a directory below `TMPDIR` or `/tmp`, with mode 0700.
    public init(_ name: String = "test") throws {
        let base = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        var template = Array("\(base)/mesos-cluster-\(name)-XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else {
            throw NotEventually(description: "no temporary directory: \(String(cString: strerror(errno)))")
        }
        path = String(cString: made)
    }

    deinit {
        // A process of the test that is just dying may still write into it.
        for _ in 0..<5 where Files.exists(path) { try? Files.remove(path) }
    }

    /// The path of a file in it.
    public func file(_ name: String) -> String { "\(path)/\(name)" }

    /// Writes a file in it, making the directories above it.
    /// - Returns: its path.
    @discardableResult
    public func write(_ name: String, _ text: String, mode: UInt16 = 0o644) throws -> String {
        let path = file(name)
        try Files.makeDirectory(path.lastIndex(of: "/").map { String(path[..<$0]) } ?? path)
        try Files.write(path, text.utf8, mode: mode_t(mode))
        return path
    }

    /// Reads a file in it; nil where there is none.
    public func read(_ name: String) -> String? { readText(file(name)) }
}

/// Reads a whole file; nil where it can't be read.
public func readText(_ path: String) -> String? { try? Files.text(path) }
