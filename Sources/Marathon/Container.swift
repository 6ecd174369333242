/// The container that an app's tasks run in.
public struct Container: Sendable, Hashable {
    /// Who makes the container.
    public enum Engine: String, Sendable, CaseIterable {
        /// The agent's own containerizer.
        case mesos = "MESOS"
        /// A Docker engine.
        case docker = "DOCKER"
    }
    /// Who makes the container.
    public var engine: Engine
    /// The image and its options; always present with the Docker engine.
    public var docker: DockerImage?
    /// What of the host is mounted.
    public var volumes: [HostVolume] = []
    /// Ports, where the network is a bridge.
    public var portMappings: [PortMapping] = []
}

/// A Docker image and how to run it.
public struct DockerImage: Sendable, Hashable {
    /// Name with tag.
    public var image: String
    /// True where it is pulled though it is there.
    public var forcePullImage = false
    /// True where it runs privileged. Docker engine only.
    public var privileged = false
    /// Further options of the Docker command line. Docker engine only.
    public var parameters: [Parameter] = []

    /// One option.
    public struct Parameter: Sendable, Hashable {
        /// Name without dashes.
        public let key: String
        /// Value.
        public let value: String
    }
}

/// A directory of the host in the container.
public struct HostVolume: Sendable, Hashable {
    /// Where in the container.
    public let containerPath: String
    /// Where on the host; relative to the sandbox where it does not begin with a slash.
    public let hostPath: String
    /// True where it can be written.
    public let isWritable: Bool
}

/// Transport protocol of a port.
public enum PortProtocol: String, Sendable, CaseIterable {
    /// TCP
    case tcp
    /// UDP
    case udp
    /// Both, on the same number.
    case both = "udp,tcp"
}

/// A port of a container on a bridge.
public struct PortMapping: Sendable, Hashable {
    /// Port in the container; 0 for the same as the host port.
    public var containerPort: Int
    /// Port on the host; 0 for any that is offered.
    public var hostPort: Int
    /// Port that a load balancer serves it at; 0 until one has been chosen.
    public var servicePort: Int
    /// Transport.
    public var transport: PortProtocol
    /// Name, unique in the app.
    public var name: String?
    /// Labels.
    public var labels: [String: String]
}

/// A port on the host's network.
public struct PortDefinition: Sendable, Hashable {
    /// Service port, and with `requirePorts` the host port; 0 until one has been chosen.
    public var port: Int
    /// Transport.
    public var transport: PortProtocol
    /// Name, unique in the app.
    public var name: String?
    /// Labels.
    public var labels: [String: String]
}

/// The network that an app's tasks use. Networks with a name (CNI) are not supported.
public enum NetworkMode: String, Sendable, CaseIterable {
    /// The host's own.
    case host
    /// A bridge, with port mappings.
    case bridge = "container/bridge"
}
