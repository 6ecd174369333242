import ClusterCore
import Glibc
import JSON

/// What a state directory says of its cluster: `context.json`, written once by `dev`, so that a later command finds the cluster again.
struct ClusterContext {
    /// Format of the file; a newer one is refused.
    static let format = 1

    /// How the cluster is run.
    enum Kind: String {
        /// Processes on loopback addresses of this host.
        case development = "dev"
    }

    let kind: Kind
    let topology: Topology
    /// True where HTTP APIs ask for a password.
    let hasAuthentication: Bool
    /// Names the cluster in its processes' environment; random.
    let identifier: String
    /// Directory of the executables that run it.
    let executables: String

    var json: JSON {
        .members([
            "format": .number(Self.format), "kind": .string(kind.rawValue), "identifier": .string(identifier),
            "executables": .string(executables), "masters": .number(topology.masters), "slaves": .number(topology.slaves),
            "load_balancers": .number(topology.loadBalancers), "network": .string(topology.networkText),
            "authentication": .bool(hasAuthentication),
        ])
    }

    init(kind: Kind, topology: Topology, hasAuthentication: Bool, identifier: String, executables: String) {
        self.kind = kind
        self.topology = topology
        self.hasAuthentication = hasAuthentication
        self.identifier = identifier
        self.executables = executables
    }

    /// Reads the context of a state directory.
    /// - Throws: `.notFound` where there is no cluster.
    static func load(_ state: StateDirectory) throws(ClusterError) -> ClusterContext {
        let text: String
        do {
            text = try Files.text(state.contextFile)
        } catch  where error.code == .notFound {
            throw ClusterError(.notFound, "no cluster in \(state.path): start one with 'mesos-cluster dev --state \(state.path)'")
        }
        guard let json = try? JSON(parsing: text), let format = json["format"]?.int else {
            throw ClusterError(.invalid, "\(state.contextFile) is not a context file: remove \(state.path) if no cluster runs from it")
        }
        guard format == Self.format, let kind = json["kind"]?.string.flatMap(Kind.init(rawValue:)) else {
            throw ClusterError(.invalid, "\(state.contextFile) has format \(format): it was written by another version of mesos-cluster")
        }
        guard let masters = json["masters"]?.int, let slaves = json["slaves"]?.int, let balancers = json["load_balancers"]?.int,
            let network = json["network"]?.string, let identifier = json["identifier"]?.string,
            let executables = json["executables"]?.string
        else { throw ClusterError(.invalid, "\(state.contextFile) lacks a member") }
        let topology = try Topology(masters: masters, slaves: slaves, loadBalancers: balancers, network: Topology.network(network))
        return ClusterContext(
            kind: kind, topology: topology, hasAuthentication: json["authentication"]?.bool ?? false, identifier: identifier,
            executables: executables)
    }

    func save(_ state: StateDirectory) throws(ClusterError) {
        try Files.write(state.contextFile, json.bytes(pretty: true))
    }
}

/// The layout of a state directory.
struct StateDirectory {
    /// Absolute path.
    let path: String

    /// Makes the path absolute; the directory need not exist.
    init(_ path: String) {
        var absolute = path
        if !path.hasPrefix("/"), let here = getcwd(nil, 0) {
            absolute = String(cString: here) + "/" + path
            free(here)
        }
        while absolute.count > 1 && absolute.hasSuffix("/") { absolute.removeLast() }
        self.path = absolute
    }

    var contextFile: String { path + "/context.json" }
    var supervisorFile: String { path + "/supervisor.json" }
    var lockFile: String { path + "/lock" }
    /// An empty settings file: the processes get all their settings by their environment.
    var settingsFile: String { path + "/settings.yaml" }
    var logs: String { path + "/logs" }
    var secrets: String { path + "/secrets" }
    /// A directory that jobs on the slaves share.
    var shared: String { path + "/shared" }

    /// Makes the directory a new cluster's: what is kept here is removed when the cluster ends, so nothing of anybody else's may lie in it.
    /// - Throws: `.conflict` where there is more than the logs of an ended cluster.
    func claim() throws(ClusterError) {
        try Files.makeDirectory(path)
        let foreign = try Files.list(path).filter { !["logs", "logs.before"].contains($0) }
        guard foreign.isEmpty else {
            throw ClusterError(
                .conflict,
                "\(path) holds other files (\(foreign.prefix(3).joined(separator: ", "))): give --state an empty directory or a new one")
        }
        try setLogsAside()
    }

    /// Moves the logs of an ended cluster to `logs.before`, in place of those of the one before it: a new cluster's are its own.
    private func setLogsAside() throws(ClusterError) {
        guard Files.exists(logs) else { return }
        try Files.remove(logs + ".before")
        guard rename(logs, logs + ".before") == 0 else {
            throw ClusterError(.io, "can't move \(logs) aside: \(String(cString: strerror(errno)))")
        }
    }

    /// Removes what a cluster has kept here, but its logs.
    func removeAllButLogs() throws(ClusterError) {
        for path in [path + "/nodes", sockets, shared, secrets, supervisorFile, settingsFile, lockFile, contextFile] {
            try Files.remove(path)
        }
    }

    func log(_ node: Node, _ component: ComponentKind) -> String { "\(logs)/\(node.name).\(component.rawValue).log" }
    var supervisorLog: String { logs + "/supervisor.log" }
    func data(_ node: Node, _ component: ComponentKind) -> String { "\(path)/nodes/\(node.name)/\(component.rawValue)" }

    /// Directory for Unix sockets: their paths may have at most 107 bytes (unix(7)), so a deep state directory keeps its sockets in /tmp.
    var sockets: String {
        let inside = path + "/run"
        guard inside.utf8.count > 60 else { return inside }
        var hash: UInt64 = 14_695_981_039_346_656_037
        for byte in path.utf8 { hash = (hash ^ UInt64(byte)) &* 1_099_511_628_211 }
        return "/tmp/mesos-cluster-\(getuid())-" + String(hash, radix: 36)
    }

    func socket(_ node: Node, _ component: ComponentKind) -> String { "\(sockets)/\(node.name).\(component.rawValue).sock" }
}
