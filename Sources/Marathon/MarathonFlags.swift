public import ClusterCore

/// The command-line flags of Marathon.
public enum MarathonFlags {
    /// The versions that the table tells apart, oldest first.
    public static let versions = ["1.1.1", "1.4.13", "1.5.15", "1.11"]

    /// The flags that any of the versions knows.
    public static let any = FlagTable(syntax: .space, flags: all)

    /// The flags of one of `versions`.
    public static func table(version: String) -> FlagTable {
        FlagTable(syntax: .space, flags: all.filter { $0.versions.contains(version) })
    }

    /// Which of `versions` stands for a Marathon of that version: the newest whose minor version is not newer, else the oldest.
    public static func tableVersion(for version: String) -> String {
        let wanted = numbers(version).prefix(2)
        return versions.last { !wanted.lexicographicallyPrecedes(numbers($0).prefix(2)) } ?? versions[0]
    }

    private static func numbers(_ version: String) -> [Int] {
        version.split(separator: ".").map { Int($0.prefix { $0.isNumber }) ?? 0 }
    }
}
