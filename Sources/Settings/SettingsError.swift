/// One thing that is wrong with the settings given.
public struct SettingsError: Error, Sendable, Hashable, CustomStringConvertible {
    /// Where it was given: a variable, or a file with line and column.
    public let place: String
    /// What is wrong and what is allowed, in one sentence; the value is redacted where the setting is secret.
    public let message: String

    /// Names a mistake.
    public init(place: String, message: String) {
        self.place = place
        self.message = message
    }

    /// `place: message`
    public var description: String { "\(place): \(message)" }
}

/// All that is wrong with the settings given, at once. Exit status 78.
public struct SettingsErrors: Error, Sendable, Hashable, CustomStringConvertible {
    /// The mistakes: file first, then variables in the order of their declaration, then unknown variables by name. Never empty.
    public let errors: [SettingsError]

    /// Collects mistakes.
    public init(_ errors: [SettingsError]) { self.errors = errors }

    /// One a line.
    public var description: String { errors.map(\.description).joined(separator: "\n") }
}
