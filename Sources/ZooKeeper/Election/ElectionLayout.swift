/// Where an election's candidates have their nodes, and how these are named. A candidate's node is ephemeral and sequential; the one
/// with the smallest number leads.
public struct ElectionLayout: Sendable, Hashable {
    /// Path of the node whose children are the candidates; made where it is missing.
    public let parent: String
    /// What stands before the number: `json.info_`, `latch-`.
    public let label: String
    /// True where the name begins with `_c_<uuid>-`, by which a candidate finds a node that it made just before a connection broke.
    public let isProtected: Bool

    /// Describes a layout.
    public init(parent: String, label: String, isProtected: Bool) {
        self.parent = parent.isEmpty ? "/" : parent
        self.label = label
        self.isProtected = isProtected
    }

    /// Mesos masters: `<path>/json.info_NNNNNNNNNN` (Mesos source, `zookeeper/contender.cpp`).
    public static func mesosMasters(path: String) -> ElectionLayout {
        ElectionLayout(parent: path, label: "json.info_", isProtected: false)
    }

    /// Curator's LeaderLatch: `<parent>/_c_<uuid>-latch-NNNNNNNNNN`, data `host:port` (Marathon from 1.4, Chronos).
    public static func latch(parent: String) -> ElectionLayout { ElectionLayout(parent: parent, label: "latch-", isProtected: true) }

    /// The number of a candidate's node; nil for names that are not candidates'.
    public func number(of name: String) -> Int? {
        if isProtected {
            guard let start = name.ranges(of: "-\(label)").last?.upperBound else { return nil }
            return Int(name[start...])
        }
        return name.hasPrefix(label) ? Int(name.dropFirst(label.count)) : nil
    }

    /// The candidates among the children, the leader first.
    public func candidates(among children: [String]) -> [String] {
        children.compactMap { name in number(of: name).map { (name, $0) } }.sorted { $0.1 < $1.1 }.map(\.0)
    }

    /// The beginning of a name that a candidate gives its node.
    func namePrefix(id: String) -> String { isProtected ? "_c_\(id)-\(label)" : label }

    func path(of name: String) -> String { parent.appendingNode(name) }
}
