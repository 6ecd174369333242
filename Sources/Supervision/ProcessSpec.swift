/// A process to start: an argument vector, never a shell's text.
public struct ProcessSpec: Sendable, Hashable {
    /// What one of the three standard streams is connected to.
    public enum Stream: Sendable, Hashable {
        /// The starting process's own.
        case inherit
        /// `/dev/null`.
        case null
        /// A file, appended to; created with mode 0644 where it is absent. Not for standard input.
        case append(String)
        /// A file, read from its start. For standard input.
        case read(String)
        /// An open descriptor, which stays open here and belongs to the caller.
        case descriptor(Int32)
    }

    /// Which process group the process is in.
    public enum Group: Sendable, Hashable {
        /// The starting process's.
        case inherited
        /// One of its own, so that it can be signalled with all that it starts.
        case own
        /// A session (and group) of its own: it outlives what started it.
        case ownSession
    }

    /// A user to become; only root may.
    public struct Identity: Sendable, Hashable {
        /// Numeric user.
        public var uid: UInt32
        /// Numeric main group.
        public var gid: UInt32
        /// Numeric further groups.
        public var groups: [UInt32]

        /// Names a user.
        public init(uid: UInt32, gid: UInt32, groups: [UInt32] = []) {
            self.uid = uid
            self.gid = gid
            self.groups = groups
        }
    }

    /// Program and arguments. A program without a slash is looked for in `environment`'s PATH.
    public var argv: [String]
    /// The whole environment.
    public var environment: [String: String]
    /// Working directory; nil keeps the starting process's.
    public var workingDirectory: String?
    /// Standard input.
    public var input = Stream.inherit
    /// Standard output.
    public var output = Stream.inherit
    /// Standard error.
    public var error = Stream.inherit
    /// Process group.
    public var group = Group.own
    /// True where the kernel kills it (SIGKILL) when this process dies, however this process dies.
    public var diesWithParent = false
    /// The user to run as; nil keeps this process's.
    public var identity: Identity?

    /// Describes a process; its environment is this process's own unless one is given.
    public init(_ argv: [String], environment: [String: String] = ProcessEnvironment.current, workingDirectory: String? = nil) {
        self.argv = argv
        self.environment = environment
        self.workingDirectory = workingDirectory
    }
}
