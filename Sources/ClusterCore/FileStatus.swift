public import Glibc

/// What the file system says of a path: `lstat(2)` in Swift's words.
public struct FileStatus: Sendable, Hashable {
    /// What lies there.
    public enum Kind: Sendable, Hashable { case file, directory, link, socket, other }

    /// What lies there.
    public let kind: Kind
    /// The mode's twelve lower bits: permissions, set-uid, set-gid, sticky.
    public let permissions: mode_t
    /// In bytes.
    public let size: Int64
    /// Owner.
    public let uid: UInt32
    /// Owning group.
    public let gid: UInt32
    /// How many names it has.
    public let links: Int
    /// Last change of its content, seconds since 1970.
    public let modified: Double

    /// Looks at a path; a link at its end is not followed.
    /// - Returns: nil where nothing lies there, or where it can't be seen.
    public init?(_ path: String) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return nil }
        self.init(status)
    }

    /// Looks at an open file.
    public init?(descriptor: Int32) {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { return nil }
        self.init(status)
    }

    /// Looks at a name in an open directory; a link is not followed.
    public init?(_ name: String, in directory: Int32) {
        var status = stat()
        guard fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else { return nil }
        self.init(status)
    }

    private init(_ status: stat) {
        kind =
            switch status.st_mode & S_IFMT {
            case S_IFREG: .file
            case S_IFDIR: .directory
            case S_IFLNK: .link
            case S_IFSOCK: .socket
            default: .other
            }
        permissions = status.st_mode & 0o7777
        size = Int64(status.st_size)
        uid = status.st_uid
        gid = status.st_gid
        links = Int(status.st_nlink)
        modified = UnixTime(status.st_mtim).fractionalSeconds
    }
}

/// How large a file system is: `statvfs(3)`.
public struct FileSystemSize: Sendable, Hashable {
    /// All of it.
    public let totalBytes: UInt64
    /// What users other than root can still take.
    public let availableBytes: UInt64

    /// Looks at the file system of a path; nil where it can't be seen.
    public init?(path: String) {
        var status = statvfs()
        guard statvfs(path, &status) == 0 else { return nil }
        totalBytes = UInt64(status.f_frsize) * UInt64(status.f_blocks)
        availableBytes = UInt64(status.f_frsize) * UInt64(status.f_bavail)
    }
}
