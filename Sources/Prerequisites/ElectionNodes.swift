public import ClusterCore
import JSON

/// Where the candidates of an election have their nodes, and which of them is a given process'.
public struct ElectionNodes: Sendable {
    /// Path of the node whose children are the candidates.
    public let parent: String
    /// True for the names that are candidates'.
    let isCandidate: @Sendable (String) -> Bool
    /// True where a candidate's data says that it is ours.
    let isOwn: @Sendable ([UInt8]) -> Bool
    /// Which process announces it, where a candidate's data tells processes of one address apart.
    let incarnation: @Sendable ([UInt8]) -> String?
    /// What ours announces.
    let address: HostPort

    /// Describes an election.
    init(
        parent: String, address: HostPort, isCandidate: @escaping @Sendable (String) -> Bool,
        isOwn: @escaping @Sendable ([UInt8]) -> Bool, incarnation: @escaping @Sendable ([UInt8]) -> String? = { _ in nil }
    ) {
        self.parent = parent.isEmpty ? "/" : parent
        self.address = address
        self.isCandidate = isCandidate
        self.isOwn = isOwn
        self.incarnation = incarnation
    }

    /// Mesos masters: `<path>/json.info_NNNNNNNNNN`, data MasterInfo (Mesos source, `zookeeper/contender.cpp`).
    /// - Parameters:
    ///   - path: the path of the masters' `zk://` URL.
    ///   - address: IP address and port that the master binds or advertises, as it writes them into its node.
    public static func mesosMasters(path: String, address: HostPort) -> ElectionNodes {
        ElectionNodes(parent: path, address: address, isCandidate: { $0.hasPrefix("json.info_") }) { data in
            guard let info = try? JSON(parsing: data) else { return false }
            if let own = info["address"] {
                return own["ip"]?.string == address.host && own["port"]?.int == address.port
            }
            return info["pid"]?.string == "master@\(address)"
        } incarnation: { data in
            // Made by chance at each start (mesos.proto, MasterInfo.id), so that a master's new session is told from another master's.
            (try? JSON(parsing: data))?["id"]?.string
        }
    }

    /// A Curator LeaderLatch: `<parent>/_c_<uuid>-latch-NNNNNNNNNN`, data the candidate's id `host:port`
    /// (Marathon: `<zk>/leader-curator`, Chronos: `<zk_path>/candidate`).
    public static func latch(parent: String, id: HostPort) -> ElectionNodes {
        ElectionNodes(
            parent: parent, address: id, isCandidate: { $0.contains("-latch-") }, isOwn: { String(decoding: $0, as: UTF8.self) == "\(id)" })
    }

    /// A group of Twitter's commons library: `<parent>/member_NNNNNNNNNN`, data `host:port` (Marathon up to 1.1: `<zk>/leader`).
    public static func members(parent: String, id: HostPort) -> ElectionNodes {
        ElectionNodes(
            parent: parent, address: id, isCandidate: { $0.hasPrefix("member_") }, isOwn: { String(decoding: $0, as: UTF8.self) == "\(id)" }
        )
    }

    func path(of name: String) -> String { parent == "/" ? "/\(name)" : "\(parent)/\(name)" }
}
