public import ClusterCore

/// The command-line flags of Apache Mesos 0.28, 1.1, 1.5 and 1.11.
public enum MesosFlags {
    /// The versions that the tables know.
    public static let versions = ["0.28", "1.1", "1.5", "1.11"]

    /// Flags of `mesos-master` in any version; a name of 0.28 is an alias of its later name.
    public static let master = table(masterFlags, version: nil)
    /// Flags of `mesos-slave` (`mesos-agent`) in any version; a name of 0.28 is an alias of its later name.
    public static let agent = table(agentFlags, version: nil)

    /// Flags of `mesos-master` in one version (`0.28`, `1.1`, `1.5`, `1.11`).
    public static func master(version: String) -> FlagTable { table(masterFlags, version: version) }
    /// Flags of `mesos-slave` in one version.
    public static func agent(version: String) -> FlagTable { table(agentFlags, version: version) }

    /// The version of the tables that a program's own version (`1.4.1`) is nearest to: the newest that is not newer, else the oldest.
    public static func tableVersion(for version: String) -> String {
        func parts(_ text: String) -> [Int] { text.split(separator: ".").prefix(2).map { Int($0) ?? 0 } }
        let wanted = parts(version)
        return versions.last { !wanted.lexicographicallyPrecedes(parts($0)) } ?? versions[0]
    }

    private static func table(_ flags: [FlagTable.Flag], version: String?) -> FlagTable {
        let help = FlagTable.Flag("help", isToggle: true, versions: Set(versions))
        guard let version else {
            // 1.0 renamed slave to agent; 0.28 knows the old names as flags of their own.
            let aliases = Set(flags.flatMap(\.aliases))
            return FlagTable(syntax: .equals, flags: [help] + flags.filter { !aliases.contains($0.name) })
        }
        return FlagTable(syntax: .equals, flags: [help] + flags.filter { $0.versions.contains(version) })
    }
}

extension FlagTable.Flag {
    /// A row of the tables: `x` or `-` for each version.
    static func of(_ name: String, _ mask: String, isToggle: Bool = false, alias: String? = nil) -> FlagTable.Flag {
        let versions = zip(MesosFlags.versions, mask).filter { $0.1 == "x" }.map(\.0)
        return FlagTable.Flag(name, isToggle: isToggle, versions: Set(versions), aliases: alias.map { [$0] } ?? [])
    }
}
