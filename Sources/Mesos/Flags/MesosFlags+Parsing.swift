public import ClusterCore

extension MesosFlags {
    /// Reads a command line as Mesos does: words that don't start with `--` are skipped, `--` ends it, a boolean's value may be
    /// written (`--quiet=true`). Errors are in upstream's words (Mesos source, `stout/flags/flags.hpp`).
    /// - Throws: `ClusterError` `.usage`.
    public static func parse(_ arguments: [String], table: FlagTable) throws(ClusterError) -> [String: String] {
        var values: [String: String] = [:]
        for word in arguments {
            if word == "--" { break }
            guard word.hasPrefix("--") else { continue }
            let parts = word.dropFirst(2).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = parts[0].lowercased()
            let written = parts.count > 1 ? String(parts[1]) : nil
            let (flag, value) = try resolve(name, written, table)
            guard values.updateValue(value, forKey: flag.name) == nil else {
                throw ClusterError(.usage, "Flag '\(flag.name)' is already loaded via name '\(name)'")
            }
        }
        return values
    }

    private static func resolve(
        _ name: String, _ written: String?, _ table: FlagTable
    ) throws(ClusterError) -> (FlagTable.Flag, String) {
        if let flag = table.flags[name] {
            guard flag.isToggle else {
                guard let written else {
                    throw ClusterError(.usage, "Failed to load non-boolean flag '\(name)': Missing value")
                }
                return (flag, written)
            }
            switch written {
            case nil, "", "true", "1": return (flag, "true")
            case "false", "0": return (flag, "false")
            case .some(let text): throw ClusterError(.usage, "Failed to load boolean flag '\(name)': Expecting a boolean, not '\(text)'")
            }
        }
        if name.hasPrefix("no-"), let flag = table.flags[String(name.dropFirst(3))] {
            guard flag.isToggle else { throw ClusterError(.usage, "Failed to load non-boolean flag '\(flag.name)' via '\(name)'") }
            guard written == nil else { throw ClusterError(.usage, "Failed to load boolean flag '\(flag.name)' via '\(name)' with value") }
            return (flag, "false")
        }
        throw ClusterError(.usage, "Failed to load unknown flag '\(name)'")
    }

    /// The flags that are given by `MESOS_…` variables; unknown ones are ignored, as upstream does.
    public static func fromEnvironment(_ environment: [String: String], table: FlagTable) -> [String: String] {
        var values: [String: String] = [:]
        for (variable, value) in environment where variable.hasPrefix("MESOS_") {
            let name = variable.dropFirst("MESOS_".count).lowercased()
            guard let flag = table.flags[name] else { continue }
            guard flag.isToggle else {
                values[flag.name] = value
                continue
            }
            switch value {
            case "", "true", "1": values[flag.name] = "true"
            default: values[flag.name] = "false"
            }
        }
        return values
    }
}
