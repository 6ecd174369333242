import CLinux
import ClusterCore
import Entrypoint
import Glibc

/// What the guard's thread waits for.
struct AddressSources: Sendable {
    /// One end of a pair: once it can be read, the thread shall end.
    let stop: Int32
    /// The other end, that is written to.
    let wake: Int32
    /// Changes of this host's addresses.
    let changes: Int32
    /// keepalived's notifications.
    let notices: Int32

    init(notices path: String) throws(ClusterError) {
        var ends: [Int32] = [-1, -1]
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        _ = socketpair(AF_UNIX, kind, 0, &ends)
        (stop, wake) = (ends[0], ends[1])
        changes = clinux_watch_addresses()
        // For reading and writing, so that it does not end when keepalived ends.
        notices = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC)
        guard wake >= 0, changes >= 0, notices >= 0 else {
            let problem = String(cString: strerror(errno))
            close()
            throw ClusterError(.io, "can't watch this host's addresses and \(path): \(problem)")
        }
    }

    func close() { for descriptor in [stop, wake, changes, notices] where descriptor >= 0 { Glibc.close(descriptor) } }

    static func ring(_ wake: Int32) {
        var one: UInt8 = 1
        _ = write(wake, &one, 1)
    }
}

/// The host's addresses, as the guard sees and bounds them.
struct AddressBook: Sendable {
    let list: @Sendable () throws(ClusterError) -> [clinux_address]
    /// Bounds an address's life to so many seconds; 0, or an errno.
    let bound: @Sendable (clinux_address, UInt32) -> Int32

    static let system = AddressBook(list: { () throws(ClusterError) in try HostAddresses.all() }) { address, seconds in
        withUnsafePointer(to: address) { clinux_set_address_lifetime($0, seconds) }
    }
}
