import ClusterCore
import JSON
import Mesos

/// A task's Docker container: what of its `ContainerInfo` this engine can do, resolved.
struct DockerSpec: Sendable, Hashable {
    /// A directory of the host, or a named volume, in the container.
    struct Volume: Sendable, Hashable {
        /// Absolute host path, path relative to the sandbox, or a volume's name.
        let source: String
        /// True where `source` is a volume's name.
        let isNamed: Bool
        /// Absolute path, or relative to the sandbox's mount.
        let containerPath: String
        let isReadOnly: Bool
        /// Docker volume driver.
        let driver: String?
    }

    /// Docker's network for it.
    enum Network: Sendable, Hashable {
        case host, bridge, none
        /// A network that the operator has made.
        case named(String)
    }

    let info: DockerInfo
    let network: Network
    let volumes: [Volume]
    let hostname: String?

    /// Reads a container; nil where the task is a plain process.
    init?(container: ContainerInfo?) throws(ClusterError) {
        guard let container else { return nil }
        guard container.kind == .docker else {
            if container.mesos?["image"] != nil { throw TaskSpec.unsupported("images in containers of type MESOS; use DOCKER") }
            if !container.volumes.isEmpty { throw TaskSpec.unsupported("volumes in containers of type MESOS; use DOCKER") }
            return nil
        }
        guard let info = container.docker, !info.image.isEmpty, !info.image.hasPrefix("-") else {
            throw ClusterError(.invalid, "a container of type DOCKER needs docker.image")
        }
        self.info = info
        hostname = container.hostname
        network = try Self.network(info, container: container)
        var volumes: [Volume] = []
        for volume in container.volumes { volumes.append(try Self.volume(volume, driver: info.further["volume_driver"]?.string)) }
        self.volumes = volumes
        try Self.check(info)
        if !info.portMappings.isEmpty && (network == .host || network == .none) {
            throw ClusterError(.invalid, "port mappings need a BRIDGE or USER network")
        }
    }

    private static func check(_ info: DockerInfo) throws(ClusterError) {
        for parameter in info.parameters {
            guard let first = parameter.key.first, first != "-", !parameter.key.contains("=") else {
                throw ClusterError(.invalid, "a Docker parameter needs a key, without dashes in front")
            }
        }
        for mapping in info.portMappings {
            guard (1...65535).contains(mapping.hostPort), (1...65535).contains(mapping.containerPort) else {
                throw ClusterError(.invalid, "a port mapping needs host_port and container_port, 1–65535")
            }
            for name in mapping.transport.split(separator: ",") where name != "tcp" && name != "udp" {
                throw TaskSpec.unsupported("the protocol '\(name)' of a port mapping; use tcp or udp")
            }
        }
    }

    private static func network(_ docker: DockerInfo, container: ContainerInfo) throws(ClusterError) -> Network {
        switch docker.network ?? "HOST" {
        case "HOST": return .host
        case "BRIDGE": return .bridge
        case "NONE": return .none
        case "USER":
            guard let name = container.networkInfos.first?["name"]?.string, !name.isEmpty else {
                throw ClusterError(.invalid, "the network USER needs network_infos with a name")
            }
            return .named(name)
        case let other: throw TaskSpec.unsupported("the Docker network mode \(other)")
        }
    }

    private static func volume(_ volume: ContainerInfo.Volume, driver: String?) throws(ClusterError) -> Volume {
        let path = volume.containerPath
        guard !path.isEmpty, !path.contains(":") else {
            throw ClusterError(.invalid, "a volume needs a container_path without ':'")
        }
        let isReadOnly = !volume.isReadWrite
        if let source = volume.source {
            guard source["type"]?.string == "DOCKER_VOLUME", let name = source["docker_volume"]?["name"]?.string, !name.contains(":") else {
                throw TaskSpec.unsupported("volumes of source \(source["type"]?.string ?? "(none)")")
            }
            return Volume(
                source: name, isNamed: true, containerPath: path, isReadOnly: isReadOnly,
                driver: source["docker_volume"]?["driver"]?.string ?? driver)
        }
        guard let source = volume.hostPath, !source.isEmpty, !source.contains(":") else {
            throw ClusterError(.invalid, "a volume needs a host_path without ':'")
        }
        // With a driver, upstream lets host_path name a volume of that driver.
        let isNamed = driver != nil && !source.hasPrefix("/")
        return Volume(source: source, isNamed: isNamed, containerPath: path, isReadOnly: isReadOnly, driver: isNamed ? driver : nil)
    }
}
