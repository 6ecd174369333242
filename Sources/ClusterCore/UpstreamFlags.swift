/// The command-line flags that an upstream program knows in each of its versions, and how it writes them.
public struct FlagTable: Sendable {
    /// How a program writes its flags.
    public enum Syntax: Sendable {
        /// `--name=value`, `--name`, `--no-name` (Mesos: stout flags).
        case equals
        /// `--name value`, `--name`, `--disable_name` (Marathon, Chronos: scallop).
        case space
    }

    /// One flag.
    public struct Flag: Sendable, Hashable {
        /// Name without dashes.
        public let name: String
        /// True where it takes no value.
        public let isToggle: Bool
        /// Versions that know it, as named in the table.
        public let versions: Set<String>
        /// Older names that are accepted.
        public let aliases: [String]

        /// Describes a flag.
        public init(_ name: String, isToggle: Bool = false, versions: Set<String>, aliases: [String] = []) {
            self.name = name
            self.isToggle = isToggle
            self.versions = versions
            self.aliases = aliases
        }
    }

    /// How flags are written.
    public let syntax: Syntax
    /// Flags by name and alias.
    public let flags: [String: Flag]

    /// Makes a table.
    public init(syntax: Syntax, flags: [Flag]) {
        self.syntax = syntax
        var byName: [String: Flag] = [:]
        for flag in flags { for name in [flag.name] + flag.aliases { byName[name] = flag } }
        self.flags = byName
    }

    /// Writes the words of one flag; a toggle's value is `true` or `false`.
    public func words(_ name: String, _ value: String) -> [String] {
        let isToggle = flags[name]?.isToggle ?? false
        switch syntax {
        case .equals: return isToggle ? [value == "false" ? "--no-\(name)" : "--\(name)"] : ["--\(name)=\(value)"]
        case .space: return isToggle ? [value == "false" ? "--disable_\(name)" : "--\(name)"] : ["--\(name)", value]
        }
    }

    /// Reads the words behind the program's name.
    /// - Returns: values by flag name (aliases replaced); a toggle is `true` or `false`.
    /// - Throws: `ClusterError` `.usage`: an unknown flag, a missing value, a flag given twice.
    public func parse(_ words: some Collection<String>) throws(ClusterError) -> [String: String] {
        var values: [String: String] = [:]
        var index = words.startIndex
        while index != words.endIndex {
            let word = words[index]
            index = words.index(after: index)
            guard word.hasPrefix("--") else { throw ClusterError(.usage, "unexpected argument '\(word)'") }
            var name = String(word.dropFirst(2))
            var value: String?
            if syntax == .equals, let equals = name.firstIndex(of: "=") {
                value = String(name[name.index(after: equals)...])
                name = String(name[..<equals])
            }
            if syntax == .equals { name = name.lowercased() }
            let negation = syntax == .equals ? "no-" : "disable_"
            if flags[name] == nil, name.hasPrefix(negation), let flag = flags[String(name.dropFirst(negation.count))], flag.isToggle {
                name = flag.name
                value = "false"
            }
            guard let flag = flags[name] else { throw ClusterError(.usage, "unknown flag '--\(name)'") }
            if flag.isToggle {
                value = value ?? "true"
            } else if syntax == .space, index != words.endIndex {
                value = words[index]
                index = words.index(after: index)
            }
            guard let value else { throw ClusterError(.usage, "flag '--\(name)' needs a value") }
            guard values.updateValue(value, forKey: flag.name) == nil else {
                throw ClusterError(.usage, "flag '--\(flag.name)' is given twice")
            }
        }
        return values
    }
}
