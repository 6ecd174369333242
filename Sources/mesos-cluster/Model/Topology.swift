import ClusterCore

/// The kinds of node, and what each runs.
enum NodeKind: String, CaseIterable {
    case master
    case slave
    case loadBalancer = "load-balancer"

    /// Components in the order in which they depend on each other.
    var components: [ComponentKind] {
        switch self {
        case .master: [.zookeeper, .consul, .mesosMaster, .marathon, .chronos, .mesosConsul, .marathonConsul]
        case .slave: [.consul, .mesosSlave]
        case .loadBalancer: [.consul, .haproxy]
        }
    }
}

/// The components, by their names in probes, logs and status.
enum ComponentKind: String, CaseIterable {
    case zookeeper
    case consul
    case mesosMaster = "mesos-master"
    case mesosSlave = "mesos-slave"
    case marathon
    case chronos
    case mesosConsul = "mesos-consul"
    case marathonConsul = "marathon-consul"
    case haproxy

    /// Name of the entrypoint's executable.
    var executable: String {
        switch self {
        case .zookeeper: "zookeeper-init"
        case .consul: "consul-wrap"
        case .mesosMaster: "mesos-master-wrap"
        case .mesosSlave: "mesos-slave-wrap"
        case .marathon: "marathon-wrap"
        case .chronos: "chronos-wrap"
        case .mesosConsul: "mesos-consul"
        case .marathonConsul: "marathon-consul"
        case .haproxy: "haproxy-consul"
        }
    }
}

/// One node of a cluster.
struct Node: Hashable {
    /// `master-1`
    let name: String
    let kind: NodeKind
    /// 1 for the first of its kind.
    let index: Int
    /// Its own IP address.
    let address: String
}

/// A development cluster's shape: how many nodes of each kind, and in which part of 127.0.0.0/8.
struct Topology: Hashable {
    let masters: Int
    let slaves: Int
    let loadBalancers: Int
    /// Second octet of the network 127.x.0.0/16.
    let network: UInt8

    /// Checks the counts: masters 1, 3 or 5; slaves 1–50; load balancers 1–9.
    init(masters: Int, slaves: Int, loadBalancers: Int, network: UInt8) throws(ClusterError) {
        guard [1, 3, 5].contains(masters) else {
            throw ClusterError(
                .usage, "\(masters) masters: give 1, 3 or 5 (an even number tolerates no more failures than one less, and is refused)")
        }
        guard (1...50).contains(slaves) else { throw ClusterError(.usage, "\(slaves) slaves: give 1 to 50") }
        guard (1...9).contains(loadBalancers) else { throw ClusterError(.usage, "\(loadBalancers) load balancers: give 1 to 9") }
        self.masters = masters
        self.slaves = slaves
        self.loadBalancers = loadBalancers
        self.network = network
    }

    /// Reads `127.x.0.0/16`.
    static func network(_ text: String) throws(ClusterError) -> UInt8 {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4, parts[0] == "127", let octet = UInt8(parts[1]), parts[2] == "0", parts[3] == "0/16" else {
            throw ClusterError(.usage, "network '\(text)': give 127.x.0.0/16 with x from 0 to 255; a development cluster stays on loopback")
        }
        return octet
    }

    /// The network in the form that `network(_:)` reads.
    var networkText: String { "127.\(network).0.0/16" }

    /// All nodes: masters, slaves, load balancers.
    var nodes: [Node] {
        nodes(.master, masters, subnet: 1) + nodes(.slave, slaves, subnet: 2) + nodes(.loadBalancer, loadBalancers, subnet: 3)
    }

    /// The nodes of one kind.
    func nodes(of kind: NodeKind) -> [Node] { nodes.filter { $0.kind == kind } }

    private func nodes(_ kind: NodeKind, _ count: Int, subnet: Int) -> [Node] {
        (1...count).map { Node(name: "\(kind.rawValue)-\($0)", kind: kind, index: $0, address: "127.\(network).\(subnet).\($0)") }
    }

    /// `1 master, 1 slave, 1 load balancer`
    var summary: String {
        func count(_ number: Int, _ word: String) -> String { "\(number) \(word)\(number == 1 ? "" : "s")" }
        return [count(masters, "master"), count(slaves, "slave"), count(loadBalancers, "load balancer")].joined(separator: ", ")
    }
}
