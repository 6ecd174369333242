/// The container that a job runs in.
public struct ChronosContainer: Sendable, Hashable {
    /// Who makes the container.
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        /// A Docker engine.
        case docker = "DOCKER"
        /// Mesos' own containerizer.
        case mesos = "MESOS"
    }

    /// A container's network.
    public enum Network: String, Sendable, Hashable, CaseIterable {
        /// The agent's.
        case host = "HOST"
        /// Docker's bridge.
        case bridge = "BRIDGE"
        /// None at all.
        case none = "NONE"
    }

    /// A directory or file of the host in the container.
    public struct Volume: Sendable, Hashable {
        /// Path on the host; nil = a directory of the sandbox.
        public var hostPath: String?
        /// Path in the container.
        public var containerPath: String
        /// True: it can't be written.
        public var isReadOnly: Bool
        /// Makes one.
        public init(hostPath: String?, containerPath: String, isReadOnly: Bool) {
            self.hostPath = hostPath
            self.containerPath = containerPath
            self.isReadOnly = isReadOnly
        }
    }

    /// An option of `docker run`.
    public struct Parameter: Sendable, Hashable {
        /// The option without its dashes.
        public var key: String
        /// Its value.
        public var value: String
        /// Makes one.
        public init(key: String, value: String) {
            self.key = key
            self.value = value
        }
    }

    /// Who makes the container.
    public var kind: Kind
    /// The image's reference.
    public var image: String
    /// Its network.
    public var network: Network
    /// What it sees of the host.
    public var volumes: [Volume]
    /// True: the image is pulled even if it is there.
    public var forcePullImage: Bool
    /// Options of `docker run`.
    public var parameters: [Parameter]

    /// Makes a container.
    public init(
        kind: Kind, image: String, network: Network = .host, volumes: [Volume] = [], forcePullImage: Bool = false,
        parameters: [Parameter] = []
    ) {
        self.kind = kind
        self.image = image
        self.network = network
        self.volumes = volumes
        self.forcePullImage = forcePullImage
        self.parameters = parameters
    }
}
