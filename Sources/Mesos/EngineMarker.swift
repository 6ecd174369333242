public import ClusterCore
import JSON
public import ZooKeeper

/// Says in ZooKeeper which engine a cluster runs, so that the two never share a path: `<zk path>/engine` = `{"engine":…,"format":…}`.
public struct EngineMarker: Sendable, Hashable {
    /// `upstream` or `embedded`.
    public var engine: String
    /// The form of what the engine keeps there.
    public var format: Int

    /// The engine of this release.
    public static let embedded = EngineMarker(engine: "embedded", format: 1)
    /// Apache Mesos, Marathon, Chronos.
    public static let upstream = EngineMarker(engine: "upstream", format: 1)

    /// Describes an engine.
    public init(engine: String, format: Int) {
        self.engine = engine
        self.format = format
    }

    /// Reads the marker below a path; writes it where there is none; refuses another one.
    /// - Throws: `ClusterError` `.conflict` where another engine's data is there, `.unavailable` where ZooKeeper fails.
    public func claim(_ path: String, in client: ZooKeeperClient) async throws(ClusterError) {
        let node = path.isEmpty || path == "/" ? "/engine" : "\(path)/engine"
        let found: [UInt8]
        do throws(ZooKeeperError) {
            let own: JSON = ["engine": .string(engine), "format": .number(format)]
            // Whoever else looks (a Marathon, a slave) may have other credentials, or none.
            let isOwned = client.url.credentials != nil
            _ = try await client.createRecursively(
                node, data: own.bytes(), acl: isOwned ? .creatorAllWorldRead : .open,
                parentACL: isOwned ? .creatorAllWorldReadCreate : .open)
            found = try await client.get(node).data
        } catch {
            throw ClusterError(.unavailable, "ZooKeeper does not let the engine's marker \(node) be read or written", cause: error)
        }
        guard let json = try? JSON(parsing: found), let name = json["engine"]?.string, let number = json["format"]?.int else {
            throw conflict(node, "a marker that can't be read")
        }
        guard EngineMarker(engine: name, format: number) == self else { throw conflict(node, "engine \(name), format \(number)") }
    }

    /// True where the marker below a path is this one; false where it is another, or can't be read.
    public func isThere(_ path: String, in client: ZooKeeperClient) async -> Bool {
        guard let data = try? await client.get(path.isEmpty || path == "/" ? "/engine" : "\(path)/engine").data,
            let json = try? JSON(parsing: data)
        else { return false }
        return json["engine"]?.string == engine
    }

    private func conflict(_ node: String, _ found: String) -> ClusterError {
        ClusterError(
            .conflict,
            "ZooKeeper's \(node) says \(found), but this is engine \(engine), format \(format): choose another ZooKeeper path, or the "
                + "engine that it belongs to")
    }
}
