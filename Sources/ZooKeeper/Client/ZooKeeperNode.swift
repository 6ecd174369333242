import CZooKeeper

/// What ZooKeeper knows of a node beside its data (ZooKeeper Programmer's Guide, "ZooKeeper Stat Structure").
public struct ZooKeeperStat: Sendable, Hashable {
    /// Transaction that created the node: unique for ever, so it tells a node from a later one of the same name.
    public let czxid: Int64
    /// Transaction that changed its data last.
    public let mzxid: Int64
    /// Transaction that changed its children last.
    public let pzxid: Int64
    /// When it was created: milliseconds since 1970, by the server's clock.
    public let ctime: Int64
    /// When its data was changed last: milliseconds since 1970.
    public let mtime: Int64
    /// How often its data was changed.
    public let version: Int32
    /// How often its children were changed.
    public let cversion: Int32
    /// How often its access list was changed.
    public let aversion: Int32
    /// Session that owns it, where it is ephemeral; else 0.
    public let ephemeralOwner: Int64
    /// Length of its data in bytes.
    public let dataLength: Int
    /// Number of its children.
    public let childCount: Int

    init(_ stat: Stat) {
        czxid = stat.czxid
        mzxid = stat.mzxid
        pzxid = stat.pzxid
        ctime = stat.ctime
        mtime = stat.mtime
        version = stat.version
        cversion = stat.cversion
        aversion = stat.aversion
        ephemeralOwner = stat.ephemeralOwner
        dataLength = Int(stat.dataLength)
        childCount = Int(stat.numChildren)
    }
}

/// A node's data, and what ZooKeeper knows of it.
public struct ZooKeeperNode: Sendable, Hashable {
    /// The data; empty where the node has none.
    public let data: [UInt8]
    /// What else is known.
    public let stat: ZooKeeperStat

    /// The data as UTF-8; malformed bytes become U+FFFD.
    public var text: String { String(decoding: data, as: UTF8.self) }
}

/// What becomes of a node when its session ends, and whether ZooKeeper numbers it.
public enum ZooKeeperCreateMode: Sendable, Hashable, CaseIterable {
    /// Stays until it is deleted.
    case persistent
    /// Deleted when the session that created it ends.
    case ephemeral
    /// Stays; ZooKeeper appends a number of 10 digits to its name.
    case persistentSequential
    /// Deleted when the session ends; numbered.
    case ephemeralSequential

    var flags: Int32 {
        switch self {
        case .persistent: ZOO_PERSISTENT
        case .ephemeral: ZOO_EPHEMERAL
        case .persistentSequential: ZOO_PERSISTENT_SEQUENTIAL
        case .ephemeralSequential: ZOO_EPHEMERAL_SEQUENTIAL
        }
    }
}

/// Who may do what with a node.
public enum ZooKeeperACL: Sendable, Hashable {
    /// Everybody may do everything.
    case open
    /// The creating user (digest) may do everything, everybody may read: what Mesos gives its nodes where the URL has credentials.
    case creatorAllWorldRead
    /// The creating user may do everything, nobody else anything: for nodes that hold secrets.
    case creatorAll
    /// As `creatorAllWorldRead`, and everybody may create children: what Mesos gives its group's parent node.
    case creatorAllWorldReadCreate

    /// Calls `body` with the access list as the C library takes it; valid during the call.
    func withVector<R>(_ body: (UnsafePointer<ACL_vector>) -> R) -> R {
        "world".withMutableCString { world in
            "anyone".withMutableCString { anyone in
                "auth".withMutableCString { auth in
                    "".withMutableCString { empty in
                        let everyone = Id(scheme: world, id: anyone)
                        let creator = ACL(perms: ZOO_PERM_ALL, id: Id(scheme: auth, id: empty))
                        var entries =
                            switch self {
                            case .open: [ACL(perms: ZOO_PERM_ALL, id: everyone)]
                            case .creatorAllWorldRead: [creator, ACL(perms: ZOO_PERM_READ, id: everyone)]
                            case .creatorAll: [creator]
                            case .creatorAllWorldReadCreate: [creator, ACL(perms: ZOO_PERM_READ | ZOO_PERM_CREATE, id: everyone)]
                            }
                        return entries.withUnsafeMutableBufferPointer { buffer in
                            var vector = ACL_vector(count: Int32(buffer.count), data: buffer.baseAddress)
                            return withUnsafePointer(to: &vector, body)
                        }
                    }
                }
            }
        }
    }
}

extension String {
    fileprivate func withMutableCString<R>(_ body: (UnsafeMutablePointer<CChar>) -> R) -> R {
        var bytes = utf8CString
        return bytes.withUnsafeMutableBufferPointer { buffer in
            // A C string has at least its terminator, so the buffer has an address.
            guard let address = buffer.baseAddress else { preconditionFailure("a C string is never empty") }
            return body(address)
        }
    }
}
