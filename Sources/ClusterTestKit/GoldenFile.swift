import ClusterCore
import Glibc

/// A file with the text that is expected: `Golden/<name>` beside the test's source file. `RECORD_GOLDEN=1` in the environment writes it
/// instead of comparing.
///
///     #expect(GoldenFile("zoo.cfg").difference(from: text) == nil)
public struct GoldenFile: Sendable {
    /// Where it is.
    public let path: String

    /// Names a file.
    /// - Parameter source: the test's source file.
    public init(_ name: String, source: String = #filePath) {
        let directory = source.lastIndex(of: "/").map { source[..<$0] } ?? "."
        path = "\(directory)/Golden/\(name)"
    }

    /// What differs, or nil where the file has exactly this text.
    public func difference(from actual: String) -> String? {
        if getenv("RECORD_GOLDEN") != nil {
            record(actual)
            return nil
        }
        guard let expected = readText(path) else { return "\(path) does not exist; record it with RECORD_GOLDEN=1" }
        if expected == actual { return nil }
        let wanted = expected.split(separator: "\n", omittingEmptySubsequences: false)
        let found = actual.split(separator: "\n", omittingEmptySubsequences: false)
        let line = zip(wanted, found).prefix { $0 == $1 }.count
        let want = line < wanted.count ? "'\(wanted[line])'" : "the end"
        let got = line < found.count ? "'\(found[line])'" : "the end"
        return "\(path):\(line + 1): expected \(want), got \(got) (RECORD_GOLDEN=1 rewrites the file)"
    }

    private func record(_ text: String) {
        let directory = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        try? Files.makeDirectory(directory)
        try? Files.write(path, text.utf8)
    }
}
