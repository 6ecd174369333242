package import ClusterCore

extension MesosFlags {
    /// All flags that are given: the command line counts before `MESOS_…` variables (Mesos source, `stout/flags`).
    /// - Parameters:
    ///   - files: names of the flags whose value may be `file://` and a path: the first line of that file is the value.
    ///   - readFile: reads a file.
    /// - Throws: `ClusterError` `.usage` in upstream's words, or what `readFile` throws.
    package static func given(
        _ arguments: [String], environment: [String: String], table: FlagTable, files: [String],
        readFile: (String) throws(ClusterError) -> String
    ) throws(ClusterError) -> [String: String] {
        var given = try parse(arguments, table: table)
        for (name, value) in fromEnvironment(environment, table: table) where given[name] == nil { given[name] = value }
        for name in files {
            guard let value = given[name], value.hasPrefix("file://") else { continue }
            given[name] = try readFile(String(value.dropFirst(7))).split(whereSeparator: \.isNewline).first.map(String.init) ?? ""
        }
        return given
    }

    /// Reads a `zk://` URL with a path.
    /// - Throws: `ClusterError` `.usage`.
    package static func zooKeeper(_ text: String) throws(ClusterError) -> ZooKeeperURL {
        let url = try ZooKeeperURL(text)
        guard !url.path.isEmpty else { throw ClusterError(.usage, "Expecting a (chroot) path for ZooKeeper ('/' is not supported)") }
        return url
    }
}

extension [String: String] {
    /// A flag's duration; nil where it is not given.
    package func duration(_ name: String) throws(ClusterError) -> Duration? {
        guard let text = self[name] else { return nil }
        guard let value = Duration(text: text) else {
            throw ClusterError(.usage, "Failed to load flag '\(name)': '\(text)' is not a duration such as 30secs")
        }
        return value
    }

    /// A flag's whole number; nil where it is not given.
    package func whole(_ name: String, in range: ClosedRange<Int>) throws(ClusterError) -> Int? {
        guard let text = self[name] else { return nil }
        guard let value = Int(text), range.contains(value) else {
            throw ClusterError(
                .usage, "Failed to load flag '\(name)': '\(text)' is not a whole number \(range.lowerBound)–\(range.upperBound)")
        }
        return value
    }
}
