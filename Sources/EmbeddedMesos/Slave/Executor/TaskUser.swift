import ClusterCore
import Glibc
import Supervision

/// Whom a task runs as.
enum TaskUser {
    /// Decides the user.
    /// - Parameters:
    ///   - command: the user that the task names.
    ///   - framework: the framework's user, which counts where the task names none.
    ///   - switches: `--switch_user`.
    /// - Returns: nil: stay who the slave is.
    /// - Throws: `ClusterError` where there is no such user, or where the slave may not become it.
    static func identity(command: String?, framework: String?, switches: Bool) throws(ClusterError) -> ProcessSpec.Identity? {
        guard switches else { return nil }
        if geteuid() != 0 {
            // A framework's user is a default (often "root") that a slave without root's rights can't honour; a task's own is a demand.
            guard let command, !command.isEmpty, try lookUp(command).uid != geteuid() else { return nil }
            throw ClusterError(
                .settings,
                "the task is to run as '\(command)', but the slave is not root: start the slave as root, or with --no-switch_user")
        }
        guard let name = [command, framework].compactMap({ $0 }).first(where: { !$0.isEmpty }) else { return nil }
        let identity = try lookUp(name)
        return identity.uid == 0 ? nil : identity
    }

    /// Finds a user by name.
    static func lookUp(_ name: String) throws(ClusterError) -> ProcessSpec.Identity {
        var entry = passwd()
        var found: UnsafeMutablePointer<passwd>?
        var buffer = [CChar](repeating: 0, count: 16 << 10)
        guard getpwnam_r(name, &entry, &buffer, buffer.count, &found) == 0, found != nil else {
            throw ClusterError(.notFound, "Failed to get user information for '\(name)': this host has no such user")
        }
        var count: Int32 = 256
        var groups = [gid_t](repeating: 0, count: Int(count))
        if getgrouplist(name, entry.pw_gid, &groups, &count) < 0 { count = 0 }
        return ProcessSpec.Identity(uid: entry.pw_uid, gid: entry.pw_gid, groups: Array(groups.prefix(Int(count))))
    }

    /// Makes the user the owner of a directory and all in it; links are not followed.
    static func give(_ path: String, to identity: ProcessSpec.Identity) {
        lchown(path, identity.uid, identity.gid)
        guard FileStatus(path)?.kind == .directory else { return }
        for name in (try? Files.list(path)) ?? [] { give("\(path)/\(name)", to: identity) }
    }
}
