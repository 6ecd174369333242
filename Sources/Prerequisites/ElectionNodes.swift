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

    /// Describes an election.
    public init(
        parent: String, isCandidate: @escaping @Sendable (String) -> Bool, isOwn: @escaping @Sendable ([UInt8]) -> Bool
    ) {
        self.parent = parent.isEmpty ? "/" : parent
        self.isCandidate = isCandidate
        self.isOwn = isOwn
    }

    /// Mesos masters: `<path>/json.info_NNNNNNNNNN`, data MasterInfo (Mesos source, `zookeeper/contender.cpp`).
    /// - Parameters:
    ///   - path: the path of the masters' `zk://` URL.
    ///   - address: IP address and port that the master binds or advertises, as it writes them into its node.
    public static func mesosMasters(path: String, address: HostPort) -> ElectionNodes {
        ElectionNodes(parent: path, isCandidate: { $0.hasPrefix("json.info_") }) { data in
            guard let info = try? JSON(parsing: data) else { return false }
            if let own = info["address"] {
                return own["ip"]?.string == address.host && own["port"]?.int == address.port
            }
            return info["pid"]?.string == "master@\(address)"
        }
    }

    /// A Curator LeaderLatch: `<parent>/_c_<uuid>-latch-NNNNNNNNNN`, data the candidate's id `host:port`
    /// (Marathon: `<zk>/leader-curator`, Chronos: `<zk_path>/candidate`).
    public static func latch(parent: String, id: HostPort) -> ElectionNodes {
        ElectionNodes(parent: parent, isCandidate: { $0.contains("-latch-") }, isOwn: { String(decoding: $0, as: UTF8.self) == "\(id)" })
    }

    /// A group of Twitter's commons library: `<parent>/member_NNNNNNNNNN`, data `host:port` (Marathon up to 1.1: `<zk>/leader`).
    public static func members(parent: String, id: HostPort) -> ElectionNodes {
        ElectionNodes(parent: parent, isCandidate: { $0.hasPrefix("member_") }, isOwn: { String(decoding: $0, as: UTF8.self) == "\(id)" })
    }

    func path(of name: String) -> String { parent == "/" ? "/\(name)" : "\(parent)/\(name)" }
}
