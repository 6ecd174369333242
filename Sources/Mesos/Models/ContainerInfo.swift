public import ClusterCore
public import JSON

/// The container that a task runs in (v1 `ContainerInfo`).
public struct ContainerInfo: Sendable, Hashable {
    /// Which containerizer.
    public enum Kind: String, Sendable, Hashable {
        /// A Docker engine.
        case docker = "DOCKER"
        /// The agent itself.
        case mesos = "MESOS"
    }

    /// A directory or file of the host, or a named volume, mounted into the container (v1 `Volume`).
    public struct Volume: Sendable, Hashable {
        /// Path in the container (relative paths: in the sandbox).
        public var containerPath: String
        /// Path on the host, or in the sandbox where relative; nil where `source` says more.
        public var hostPath: String?
        /// True: may be written.
        public var isReadWrite: Bool
        /// v1 `Volume.Source` (Docker volume driver …), as it came.
        public var source: JSON?

        /// Describes a volume.
        public init(containerPath: String, hostPath: String?, isReadWrite: Bool, source: JSON? = nil) {
            self.containerPath = containerPath
            self.hostPath = hostPath
            self.isReadWrite = isReadWrite
            self.source = source
        }

        init(json: JSON) throws(ClusterError) {
            containerPath = try json.requireText("container_path", of: "Volume")
            hostPath = try json.text("host_path", of: "Volume")
            isReadWrite = try json.requireText("mode", of: "Volume") == "RW"
            source = json.field("source")
        }

        var json: JSON {
            .members([
                "mode": .string(isReadWrite ? "RW" : "RO"), "container_path": .string(containerPath),
                "host_path": hostPath.map(JSON.string), "source": source,
            ])
        }
    }

    /// Which containerizer.
    public var kind: Kind
    /// Volumes.
    public var volumes: [Volume]
    /// The container's host name.
    public var hostname: String?
    /// v1 `ContainerInfo.MesosInfo`, as it came.
    public var mesos: JSON?
    /// Docker's part.
    public var docker: DockerInfo?
    /// v1 `NetworkInfo`s, as they came.
    public var networkInfos: [JSON]
    /// All further members, as they came.
    public var further: JSONObject = JSONObject()

    /// Describes a container.
    public init(
        kind: Kind, volumes: [Volume] = [], hostname: String? = nil, mesos: JSON? = nil, docker: DockerInfo? = nil,
        networkInfos: [JSON] = []
    ) {
        self.kind = kind
        self.volumes = volumes
        self.hostname = hostname
        self.mesos = mesos
        self.docker = docker
        self.networkInfos = networkInfos
    }

    /// Reads the v1 JSON.
    /// - Throws: `ClusterError` `.invalid`.
    public init(json: JSON) throws(ClusterError) {
        let what = "ContainerInfo"
        let object = try json.requireObject(what)
        let type = try json.requireText("type", of: what)
        guard let kind = Kind(rawValue: type) else { throw ClusterError(.invalid, "ContainerInfo: unknown type '\(type)'") }
        self.kind = kind
        volumes = try json.messages("volumes", of: what, Volume.init(json:))
        hostname = try json.text("hostname", of: what)
        mesos = json.field("mesos")
        docker = try json.message("docker", DockerInfo.init(json:))
        networkInfos = try json.list("network_infos", of: what)
        further = object.without(["type", "volumes", "hostname", "mesos", "docker", "network_infos"])
    }

    /// The v1 JSON.
    public var json: JSON {
        let known: JSON = .members([
            "type": .string(kind.rawValue), "volumes": .unlessEmpty(volumes.map(\.json)), "hostname": hostname.map(JSON.string),
            "docker": docker?.json, "mesos": mesos, "network_infos": .unlessEmpty(networkInfos),
        ])
        return .object((known.object ?? JSONObject()).adding(further))
    }
}

/// Docker's part of a container (v1 `ContainerInfo.DockerInfo`).
public struct DockerInfo: Sendable, Hashable {
    /// A port of the host that leads to a port of the container.
    public struct PortMapping: Sendable, Hashable {
        /// 1–65535, one of the task's ports.
        public var hostPort: Int
        /// 1–65535.
        public var containerPort: Int
        /// `tcp` or `udp`.
        public var transport: String
        /// Makes a mapping.
        public init(hostPort: Int, containerPort: Int, transport: String = "tcp") {
            self.hostPort = hostPort
            self.containerPort = containerPort
            self.transport = transport
        }
    }
    /// An option of `docker run`.
    public struct Parameter: Sendable, Hashable {
        /// Its name without dashes.
        public var key: String
        /// Its value.
        public var value: String
        /// Makes a parameter.
        public init(_ key: String, _ value: String) {
            self.key = key
            self.value = value
        }
    }

    /// The image, with tag or digest.
    public var image: String
    /// `HOST`, `BRIDGE`, `NONE` or `USER`; nil is HOST.
    public var network: String?
    /// Mapped ports (BRIDGE and USER).
    public var portMappings: [PortMapping]
    /// True where the container gets all privileges.
    public var privileged: Bool
    /// Options of `docker run`.
    public var parameters: [Parameter]
    /// True where the image is pulled even if it is there.
    public var forcePullImage: Bool
    /// All further members, as they came.
    public var further: JSONObject = JSONObject()

    /// Describes a Docker container.
    public init(
        image: String, network: String? = nil, portMappings: [PortMapping] = [], privileged: Bool = false,
        parameters: [Parameter] = [], forcePullImage: Bool = false
    ) {
        self.image = image
        self.network = network
        self.portMappings = portMappings
        self.privileged = privileged
        self.parameters = parameters
        self.forcePullImage = forcePullImage
    }

    /// Reads the v1 JSON.
    /// - Throws: `ClusterError` `.invalid`.
    public init(json: JSON) throws(ClusterError) {
        let what = "DockerInfo"
        let object = try json.requireObject(what)
        image = try json.requireText("image", of: what)
        network = try json.text("network", of: what)
        portMappings = try json.messages("port_mappings", of: what) { (item) throws(ClusterError) in
            guard let host = item["host_port"]?.int, let container = item["container_port"]?.int else {
                throw ClusterError(.invalid, "PortMapping: 'host_port' and 'container_port' are required")
            }
            return PortMapping(
                hostPort: host, containerPort: container, transport: try item.text("protocol", of: "PortMapping") ?? "tcp")
        }
        privileged = try json.flag("privileged", of: what) ?? false
        parameters = try json.messages("parameters", of: what) { (item) throws(ClusterError) in
            Parameter(try item.requireText("key", of: "Parameter"), try item.requireText("value", of: "Parameter"))
        }
        forcePullImage = try json.flag("force_pull_image", of: what) ?? false
        further = object.without(["image", "network", "port_mappings", "privileged", "parameters", "force_pull_image"])
    }

    /// The v1 JSON.
    public var json: JSON {
        let mappings: [JSON] = portMappings.map {
            ["host_port": .number($0.hostPort), "container_port": .number($0.containerPort), "protocol": .string($0.transport)]
        }
        let known: JSON = .members([
            "image": .string(image), "network": network.map(JSON.string), "port_mappings": .unlessEmpty(mappings),
            "privileged": .bool(privileged),
            "parameters": .unlessEmpty(parameters.map { ["key": .string($0.key), "value": .string($0.value)] }),
            "force_pull_image": .bool(forcePullImage),
        ])
        return .object((known.object ?? JSONObject()).adding(further))
    }
}
