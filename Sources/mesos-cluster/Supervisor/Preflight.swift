import ClusterCore
import Glibc
import Supervision

/// What must be there before a development cluster is started; all that is missing is said at once.
enum Preflight {
    /// - Throws: `.settings` with every problem.
    static func check(_ topology: Topology, executables: String) throws(ClusterError) {
        var problems: [String] = []
        let names = Set(ComponentKind.allCases.map(\.executable) + ["embedded-engine"])
        let absent = names.filter { !Files.isExecutable("\(executables)/\($0)") }.sorted()
        if !absent.isEmpty { problems.append("\(executables) lacks \(absent.joined(separator: ", ")): run 'make build'") }
        for program in ["java", "haproxy"] where Programs.find(program) == nil {
            problems.append("no \(program) in PATH: run scripts/install-dependencies")
        }
        if Programs.consul == nil { problems.append("no consul: run scripts/install-dependencies") }
        if !Files.exists("/usr/share/java/zookeeper.jar") { problems.append("no ZooKeeper server: run scripts/install-dependencies") }
        problems += takenPorts(topology)
        guard problems.isEmpty else {
            throw ClusterError(.conflict, "the cluster can't be started:\n  " + problems.joined(separator: "\n  "))
        }
    }

    private static func takenPorts(_ topology: Topology) -> [String] {
        topology.nodes.flatMap { node in
            node.kind.components.flatMap { kind in
                kind.ports.compactMap { port in
                    canListen(node.address, port)
                        ? nil
                        : "\(node.address):\(port) (\(kind.rawValue) of \(node.name)) is in use: end that program, or choose another --network"
                }
            }
        }
    }

    private static func canListen(_ address: String, _ port: Int) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return true }
        defer { close(descriptor) }
        var reuse: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &reuse, socklen_t(MemoryLayout<Int32>.size))
        var name = sockaddr_in()
        name.sin_family = sa_family_t(AF_INET)
        name.sin_port = in_port_t(UInt16(port)).bigEndian
        inet_pton(AF_INET, address, &name.sin_addr)
        let bound = withUnsafePointer(to: &name) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
        return bound == 0 && listen(descriptor, 1) == 0
    }
}

extension ComponentKind {
    /// TCP ports that it listens on, on its node's address.
    var ports: [Int] {
        switch self {
        case .zookeeper: [Ports.zookeeper, 2888, 3888]
        case .consul: [Ports.consul, 8300, 8301, Ports.consulDNS]
        case .mesosMaster: [Ports.mesosMaster]
        case .mesosSlave: [Ports.mesosSlave]
        case .marathon: [Ports.marathon]
        case .chronos: [Ports.chronos]
        case .mesosConsul, .marathonConsul: []
        case .haproxy: [Ports.loadBalancerHTTP]
        }
    }
}

/// The host's Docker engine.
enum DockerEngine {
    /// Where the slave looks for it (`--docker_socket`).
    private static let socket = "/var/run/docker.sock"

    /// True where an engine accepts connections and there is a client to drive it: slaves then run Docker tasks too.
    static var answers: Bool {
        guard Programs.find("docker") != nil else { return false }
        let descriptor = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Self.socket.utf8) }
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0 }
        }
    }
}

/// Where programs are.
enum Programs {
    /// The caller's PATH, and the directories of it that a service's or user's may lack: the one that every process of a cluster gets.
    static var path: String { (ProcessEnvironment.current["PATH"] ?? "") + ":/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin" }

    /// The program in `path`.
    static func find(_ name: String) -> String? { Executable.find(name, path: path) }

    /// Consul: `CONSUL_BINARY`, in PATH, or where scripts/install-dependencies puts it.
    static var consul: String? {
        func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 } }
        if let named = variable("CONSUL_BINARY") { return Files.isExecutable(named) ? named : nil }
        if let found = find("consul") { return found }
        let cache = variable("XDG_CACHE_HOME") ?? (variable("HOME") ?? "") + "/.cache"
        let tools = variable("MESOS_CLUSTER_TOOLS") ?? cache + "/mesos-cluster"
        let installed = tools + "/consul-1.8.7/consul"
        return Files.isExecutable(installed) ? installed : nil
    }
}
