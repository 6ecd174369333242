import ClusterCore
import Glibc

/// How the supervisor starts one entrypoint: the executable, and its settings as environment variables.
struct ComponentLaunch {
    let node: Node
    let kind: ComponentKind
    let executable: String
    let environment: [String: String]
    let log: String

    /// All entrypoints of a cluster.
    static func all(_ context: ClusterContext, _ state: StateDirectory) -> [ComponentLaunch] {
        context.topology.nodes.flatMap { node in
            node.kind.components.map { kind in
                ComponentLaunch(
                    node: node, kind: kind, executable: "\(context.executables)/\(kind.executable)",
                    environment: LaunchSettings(context: context, state: state, node: node).environment(kind), log: state.log(node, kind))
            }
        }
    }
}

/// The settings of each component of a development cluster. Pure but for the host's size.
struct LaunchSettings {
    let context: ClusterContext
    let state: StateDirectory
    let node: Node

    private var masters: [Node] { context.topology.nodes(of: .master) }
    private func list(_ nodes: [Node], port: Int? = nil) -> String {
        nodes.map { node in port.map { "\(node.address):\($0)" } ?? node.address }.joined(separator: ",")
    }
    private func zooKeeperURL(_ path: String) -> String { "zk://\(list(masters, port: Ports.zookeeper))\(path)" }

    func environment(_ kind: ComponentKind) -> [String: String] {
        var environment = common(kind)
        environment.merge(settings(kind)) { _, new in new }
        if context.hasAuthentication { environment.merge(secrets(kind)) { _, new in new } }
        return environment
    }

    /// What every process needs; nothing of the caller's environment goes in but what finds programs.
    private func common(_ kind: ComponentKind) -> [String: String] {
        var environment = [
            ClusterProcesses.marker: context.identifier,
            "PATH": Programs.path,
            "NODE_NAME": node.name, "NODE_ADDRESS": node.address, "PROBE_SOCKET": state.socket(node, kind),
            // A production node's settings file on the same host is none of a development cluster's business.
            "SETTINGS_FILE": state.settingsFile,
        ]
        for name in ["HOME", "LANG", "JAVA_HOME", "TMPDIR", "LOG_LEVEL"] {
            if let value = getenv(name) { environment[name] = String(cString: value) }
        }
        return environment
    }

    private func settings(_ kind: ComponentKind) -> [String: String] {
        let data = state.data(node, kind)
        switch kind {
        case .zookeeper:
            return ["SERVERS": list(masters), "ZOO_DATA_DIR": data + "/data", "ZOO_CONF_DIR": data + "/conf", "ZOO_HEAP_SIZE": "128"]
        case .consul:
            return [
                "CONSUL_MODE": node.kind == .master ? "server" : "agent", "CONSUL_SERVERS": list(masters),
                "CONSUL_DATA_DIR": data + "/data", "CONSUL_CONFIG_FILE": data + "/agent.json", "CONSUL_UI": "true",
                "CONSUL_BINARY": Programs.consul ?? "consul",
            ]
        case .mesosMaster:
            return [
                "MESOS_ZK": zooKeeperURL("/mesos"), "MESOS_MASTERS": list(masters), "MESOS_CLUSTER": "dev",
                "MESOS_WORK_DIR": data + "/work", "MESOS_RUN_DIR": data + "/run",
            ]
        case .mesosSlave:
            return [
                "MESOS_MASTER": zooKeeperURL("/mesos"), "MESOS_WORK_DIR": data + "/work", "MESOS_RUN_DIR": data + "/run",
                "MESOS_RESOURCES": resources, "MESOS_ATTRIBUTES": "node:\(node.name)",
                "MESOS_CONTAINERIZERS": DockerEngine.answers ? "docker,mesos" : "mesos",
                "MESOS_SWITCH_USER": "false", "END_TASKS_ON_STOP": "true",
            ]
        case .marathon:
            return [
                "MARATHON_MASTER": zooKeeperURL("/mesos"), "MARATHON_ZK": zooKeeperURL("/marathon"), "MARATHON_RUN_DIR": data + "/run",
                "MARATHON_LOCAL_PORT_MIN": String(Ports.firstService), "MARATHON_LOCAL_PORT_MAX": String(Ports.lastService),
            ]
        case .chronos:
            return [
                "CHRONOS_MASTER": zooKeeperURL("/mesos"), "CHRONOS_ZK_HOSTS": list(masters, port: Ports.zookeeper),
                "CHRONOS_RUN_DIR": data + "/run",
            ]
        case .mesosConsul:
            let address = "\(node.address):\(Ports.consul)"
            return ["MESOS_ZK": zooKeeperURL("/mesos"), "CONSUL_HTTP_ADDR": address]
        case .marathonConsul: return ["CONSUL_HTTP_ADDR": "\(node.address):\(Ports.consul)"]
        case .haproxy:
            return [
                "HAPROXY_BIND": node.address, "HAPROXY_PORT": String(Ports.loadBalancerHTTP),
                "CONSUL_HTTP_ADDR": "\(node.address):\(Ports.consul)", "HAPROXY_STATE_DIR": data + "/state",
                // HAProxy's sockets lie there.
                "HAPROXY_CONFIG_DIR": "\(state.sockets)/\(node.name).haproxy",
            ]
        }
    }

    /// Every slave may use the whole host: a development cluster's tasks are few, and a slave that is too small is of no use.
    private var resources: String {
        let ports = Ports.tasks(ofSlave: node.index)
        let memory = max(1024, sysconf(Int32(_SC_PHYS_PAGES)) / 1024 * sysconf(Int32(_SC_PAGESIZE)) / 1024 / 2)
        return
            "cpus:\(max(4, sysconf(Int32(_SC_NPROCESSORS_ONLN))));mem:\(memory);disk:20480;ports:[\(ports.lowerBound)-\(ports.upperBound)]"
    }

    /// With `--auth`: the files of the generated secrets, under the variables that the component reads them from.
    private func secrets(_ kind: ComponentKind) -> [String: String] {
        func file(_ name: Secrets.Name) -> String { Secrets.file(name, state) }
        let mesosHTTP = ["MESOS_HTTP_USER": Secrets.user, "MESOS_HTTP_PASSWORD_FILE": file(.password)]
        switch kind {
        case .mesosMaster, .mesosSlave:
            return mesosHTTP.merging(["MESOS_PRINCIPAL": Secrets.principal, "MESOS_SECRET_FILE": file(.mesos)]) { $1 }
        case .marathon, .chronos:
            let credentials = kind == .marathon ? "MARATHON_HTTP_CREDENTIALS_FILE" : "CHRONOS_HTTP_CREDENTIALS_FILE"
            return mesosHTTP.merging([credentials: file(.credentials), "PRINCIPAL": Secrets.principal, "SECRET_FILE": file(.mesos)]) { $1 }
        case .mesosConsul: return ["MESOS_CONSUL_PRINCIPAL": Secrets.user, "MESOS_CONSUL_SECRET_FILE": file(.password)]
        case .marathonConsul: return ["MARATHON_HTTP_CREDENTIALS_FILE": file(.credentials)]
        case .consul: return ["CONSUL_GOSSIP_KEY_FILE": file(.gossip)]
        case .zookeeper, .haproxy: return [:]
        }
    }
}
