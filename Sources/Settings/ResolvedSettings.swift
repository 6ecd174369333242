/// The settings of one start: every value checked, and where it came from.
public struct ResolvedSettings: Sendable {
    /// Where a value came from.
    public enum Origin: Sendable, Hashable, CustomStringConvertible {
        /// The declaration.
        case defaultValue
        /// The settings file, with the line of the value (from 1).
        case file(path: String, line: Int)
        /// An environment variable.
        case environment(String)
        /// A file named by an environment variable.
        case secretFile(variable: String, path: String)

        /// In words.
        public var description: String {
            switch self {
            case .defaultValue: "default"
            case .file(let path, let line): "\(path):\(line)"
            case .environment(let variable): variable
            case .secretFile(let variable, let path): "\(variable) (\(path))"
            }
        }
    }

    /// One resolved value.
    public struct Entry: Sendable, Hashable {
        /// The value's text.
        public let text: String
        /// Where it came from.
        public let origin: Origin

        /// Makes an entry.
        public init(text: String, origin: Origin) {
            self.text = text
            self.origin = origin
        }
    }

    /// Values by the setting's name; defaults included.
    public let entries: [String: Entry]
    /// Flags for the upstream program, by lower-cased name without the prefix.
    public let passedThrough: [String: String]

    /// Made by `SettingsLoader`, and by tests. Every text must be one that its setting takes.
    public init(entries: [String: Entry], passedThrough: [String: String] = [:]) {
        self.entries = entries
        self.passedThrough = passedThrough
    }

    /// The value of a setting that has a default or must be given.
    public subscript<Value>(setting: Setting<Value>) -> Value {
        if let entry = entries[setting.declaration.name], let value = Value(settingText: entry.text) { return value }
        guard let value = setting.defaultValue else {
            preconditionFailure("required setting \(setting.declaration.name) was read before the settings were checked")
        }
        return value
    }

    /// The value of a setting that may be absent.
    public subscript<Value>(setting: OptionalSetting<Value>) -> Value? {
        entries[setting.declaration.name].flatMap { Value(settingText: $0.text) }
    }

    /// True where it was given, by file or environment.
    public func isGiven<Value>(_ setting: Setting<Value>) -> Bool {
        entries[setting.declaration.name].map { $0.origin != .defaultValue } ?? false
    }
}
