/// An error that an operator can act on: what went wrong, in one sentence that says what to do, and its cause.
public struct ClusterError: Error, Sendable, CustomStringConvertible {
    /// What kind of error it is; decides the exit status.
    public struct Code: Sendable, Hashable, CustomStringConvertible {
        private enum Kind: String { case usage, settings, prerequisite, unavailable, conflict, invalid, notFound, timeout, software, io }
        private let kind: Kind

        /// The command line is wrong.
        public static let usage = Code(kind: .usage)
        /// A setting is unknown, malformed, missing or refused.
        public static let settings = Code(kind: .settings)
        /// Something that the component needs did not come before its deadline.
        public static let prerequisite = Code(kind: .prerequisite)
        /// A server does not answer, or answers that it can't serve now.
        public static let unavailable = Code(kind: .unavailable)
        /// The state found contradicts what is asked for.
        public static let conflict = Code(kind: .conflict)
        /// Data from outside does not have the form it must have.
        public static let invalid = Code(kind: .invalid)
        /// What was asked for does not exist.
        public static let notFound = Code(kind: .notFound)
        /// An operation took longer than it may.
        public static let timeout = Code(kind: .timeout)
        /// A defect of this program.
        public static let software = Code(kind: .software)
        /// The operating system refused an operation.
        public static let io = Code(kind: .io)

        /// The code's name, as it appears in logs.
        public var description: String { kind.rawValue }

        /// The exit status of a program that ends with this error (sysexits.h).
        public var exitStatus: ExitStatus {
            switch kind {
            case .usage: .usage
            case .settings, .conflict: .settings
            case .prerequisite, .unavailable, .timeout: .unavailable
            case .invalid, .notFound: .data
            case .software: .software
            case .io: .io
            }
        }
    }

    /// What kind of error it is.
    public let code: Code
    /// One sentence: what is wrong and what to do. Never holds a secret.
    public let message: String
    /// The error that led to this one.
    public let cause: (any Error)?

    /// Makes an error.
    public init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }

    /// The message, followed by that of each cause.
    public var description: String {
        guard let cause else { return message }
        return "\(message): \(cause)"
    }
}

/// The exit statuses that the project's programs document (sysexits.h, where it has a name for the case).
public struct ExitStatus: Sendable, Hashable {
    /// The number given to `exit`, 0–255.
    public let rawValue: Int32

    /// Makes a status of a number, 0–255.
    public init(rawValue: Int32) { self.rawValue = rawValue }

    /// 0: all went well.
    public static let success = ExitStatus(rawValue: 0)
    /// 1: a check failed, or a child failed without a status of its own.
    public static let failure = ExitStatus(rawValue: 1)
    /// 64: wrong arguments.
    public static let usage = ExitStatus(rawValue: 64)
    /// 65: data from outside is malformed or missing.
    public static let data = ExitStatus(rawValue: 65)
    /// 69: a prerequisite did not come, or a server does not answer.
    public static let unavailable = ExitStatus(rawValue: 69)
    /// 70: a defect of the program.
    public static let software = ExitStatus(rawValue: 70)
    /// 74: the operating system refused a file or socket operation.
    public static let io = ExitStatus(rawValue: 74)
    /// 78: settings are wrong, or contradict the state found.
    public static let settings = ExitStatus(rawValue: 78)
}
