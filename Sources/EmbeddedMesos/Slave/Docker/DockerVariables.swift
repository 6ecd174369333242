import ClusterCore
import Glibc
import Mesos

/// Environment variables on their way into a container. They may be secret, so none of their values is in the client's argv, which every
/// user of the host reads: they travel in a file (0600). Such a file can't hold a line end, so a value that has one travels in the
/// client's own environment instead.
struct DockerVariables: Sendable {
    /// Names in front of the client's own environment.
    let passed: [String: String]
    private let lines: [String: String]
    private let file: String

    /// - Parameter file: where `write` puts them.
    init(_ variables: [String: String], file: String) {
        passed = variables.filter { $0.value.contains(where: \.isNewline) }
        lines = variables.filter { !$0.value.contains(where: \.isNewline) }
        self.file = file
    }

    /// The client's options.
    var words: [String] {
        (lines.isEmpty ? [] : ["--env-file", file]) + passed.keys.sorted().flatMap { ["--env", $0] }
    }

    /// Writes the file where there is one.
    func write() throws(ClusterError) {
        guard !lines.isEmpty else { return }
        try QuickFile.replace(file, Array(lines.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)\n" }.joined().utf8))
    }

    /// Removes the file.
    func remove() { unlink(file) }

    /// The variable that a container's parameter `env` sets; nil for any other parameter.
    static func variable(_ parameter: DockerInfo.Parameter) -> (name: String, value: String)? {
        guard parameter.key == "env", let equals = parameter.value.firstIndex(of: "=") else { return nil }
        return (String(parameter.value[..<equals]), String(parameter.value[parameter.value.index(after: equals)...]))
    }
}
