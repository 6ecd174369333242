/// A directory that the component needs.
public struct PlannedDirectory: Sendable, Hashable {
    /// Absolute path.
    public let path: String
    /// Permission bits of a directory that has to be created.
    public let mode: UInt16

    /// Names a directory.
    public init(_ path: String, mode: UInt16 = 0o755) {
        self.path = path
        self.mode = mode
    }
}

/// A file that is written beside its place, validated, and renamed into it; the same bytes mean no action.
public struct PlannedFile: Sendable, Hashable {
    /// Absolute path.
    public let path: String
    /// The whole content.
    public let content: String
    /// Permission bits: 0600 where the content holds a secret.
    public let mode: UInt16
    /// True where the content holds a secret: it is never printed.
    public let isSecret: Bool
    /// A command that must exit 0 before the file is put in place; `{}` stands for the staged file's path.
    public let validate: [String]?

    /// Plans a file.
    public init(path: String, content: String, mode: UInt16? = nil, isSecret: Bool = false, validate: [String]? = nil) {
        self.path = path
        self.content = content
        self.mode = mode ?? (isSecret ? 0o600 : 0o644)
        self.isSecret = isSecret
        self.validate = validate
    }
}
