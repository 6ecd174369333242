import Glibc

/// Names of users and groups, or their numbers where they have none.
public enum AccountName {
    /// Of the user that this process runs as.
    public static var own: String { user(geteuid()) }

    /// Of a user.
    public static func user(_ uid: UInt32) -> String {
        var entry = passwd()
        var found: UnsafeMutablePointer<passwd>?
        var buffer = [CChar](repeating: 0, count: 16 << 10)
        guard getpwuid_r(uid, &entry, &buffer, buffer.count, &found) == 0, found != nil, let name = entry.pw_name else {
            return String(uid)
        }
        return String(cString: name)
    }

    /// Of a group.
    public static func group(_ gid: UInt32) -> String {
        var entry = Glibc.group()
        var found: UnsafeMutablePointer<Glibc.group>?
        var buffer = [CChar](repeating: 0, count: 16 << 10)
        guard getgrgid_r(gid, &entry, &buffer, buffer.count, &found) == 0, found != nil, let name = entry.gr_name else {
            return String(gid)
        }
        return String(cString: name)
    }
}
