import ClusterCore
import Glibc

/// An executable of this package, built with the tests.
public enum BuiltExecutable {
    /// Its absolute path.
    /// - Throws: `NotEventually` where the test target does not depend on it.
    public static func path(_ name: String, source: String = #filePath) throws -> String {
        // The test runner lies in the build directory or is given the bundle there; the package's root is two above this file's target.
        var directories = [CommandLine.arguments[0]] + CommandLine.arguments.filter { $0.hasSuffix(".xctest") }
        directories = directories.compactMap { path in path.lastIndex(of: "/").map { String(path[..<$0]) } }
        let parts = source.split(separator: "/", omittingEmptySubsequences: false)
        if let tests = parts.lastIndex(of: "Tests") { directories.append(parts[..<tests].joined(separator: "/") + "/.build/debug") }
        for directory in directories where Files.isExecutable("\(directory)/\(name)") { return "\(directory)/\(name)" }
        throw NotEventually(description: "\(name) is not built beside the tests; looked in \(directories.joined(separator: ", "))")
    }
}
