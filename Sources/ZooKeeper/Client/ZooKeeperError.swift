/// Why a ZooKeeper operation failed.
public struct ZooKeeperError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What kind of failure it is; the numbers are those of the protocol (zookeeper.h, `enum ZOO_ERRORS`).
    public struct Code: Sendable, Hashable, RawRepresentable, CustomStringConvertible {
        /// The protocol's number; negative.
        public let rawValue: Int32

        /// Makes a code of the protocol's number.
        public init(rawValue: Int32) { self.rawValue = rawValue }

        /// The connection broke before the answer came: the operation may or may not have been carried out.
        public static let connectionLoss = Code(rawValue: -4)
        /// A request or answer could not be packed or unpacked.
        public static let marshalling = Code(rawValue: -5)
        /// The server does not know the operation.
        public static let unimplemented = Code(rawValue: -6)
        /// The server did not answer in time: the operation may or may not have been carried out.
        public static let operationTimeout = Code(rawValue: -7)
        /// A path or value has a form that ZooKeeper refuses.
        public static let badArguments = Code(rawValue: -8)
        /// The session is being made again, or `connect` has not been called.
        public static let invalidState = Code(rawValue: -9)
        /// The node does not exist.
        public static let noNode = Code(rawValue: -101)
        /// The credentials do not allow it.
        public static let noAuth = Code(rawValue: -102)
        /// The node's version is not the one given.
        public static let badVersion = Code(rawValue: -103)
        /// An ephemeral node may not have children.
        public static let noChildrenForEphemerals = Code(rawValue: -108)
        /// The node exists.
        public static let nodeExists = Code(rawValue: -110)
        /// The node has children.
        public static let notEmpty = Code(rawValue: -111)
        /// The session has expired: its ephemeral nodes are gone.
        public static let sessionExpired = Code(rawValue: -112)
        /// The access list is not valid.
        public static let invalidACL = Code(rawValue: -114)
        /// The server refused the credentials.
        public static let authFailed = Code(rawValue: -115)
        /// The client is being closed.
        public static let closing = Code(rawValue: -116)
        /// The session was taken up by another server while the operation was under way.
        public static let sessionMoved = Code(rawValue: -118)
        /// The server has lost its ensemble and takes no writes.
        public static let notReadOnly = Code(rawValue: -119)
        /// The server refused the operation for now.
        public static let throttled = Code(rawValue: -127)
        /// In a `multi`: another of its operations failed, so this one was not carried out.
        public static let runtimeInconsistency = Code(rawValue: -2)
        /// The waiting task was cancelled: the operation may or may not have been carried out. Not a code of the protocol.
        public static let cancelled = Code(rawValue: -1001)
        /// A node's data is larger than this library sends. Not a code of the protocol.
        public static let tooLarge = Code(rawValue: -1002)
        /// Another leader has taken over: the write was not carried out. Not a code of the protocol.
        public static let fenced = Code(rawValue: -1003)

        /// A few words.
        public var description: String { Self.names[rawValue] ?? "ZooKeeper error \(rawValue)" }

        private static let names: [Int32: String] = [
            -2: "another operation of the transaction failed", -4: "connection lost", -5: "marshalling error", -6: "unimplemented",
            -7: "operation timed out", -8: "bad arguments", -9: "no session", -101: "no such node", -102: "not authorised",
            -103: "version conflict", -108: "ephemeral nodes have no children", -110: "node exists", -111: "node has children",
            -112: "session expired", -114: "invalid ACL", -115: "authentication failed", -116: "client is closing",
            -118: "session moved", -119: "server is read-only", -127: "throttled", -1001: "cancelled", -1002: "data too large",
            -1003: "fenced: another leader has taken over",
        ]
    }

    /// What kind of failure it is.
    public let code: Code
    /// The node or, for a client error, what was attempted. Holds no secret.
    public let subject: String

    /// Makes an error.
    public init(_ code: Code, _ subject: String = "") {
        self.code = code
        self.subject = subject
    }

    /// True where the same operation may succeed a little later: the connection or session is being made again.
    public var isTransient: Bool {
        switch code {
        case .connectionLoss, .operationTimeout, .sessionExpired, .invalidState, .sessionMoved, .notReadOnly, .throttled: true
        default: false
        }
    }

    /// True where nobody knows whether the operation was carried out.
    public var isOutcomeUnknown: Bool {
        code == .connectionLoss || code == .operationTimeout || code == .sessionExpired || code == .cancelled || code == .closing
    }

    /// `/path: no such node`
    public var description: String { subject.isEmpty ? "ZooKeeper: \(code)" : "ZooKeeper \(subject): \(code)" }
}
