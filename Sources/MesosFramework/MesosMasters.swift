public import ClusterCore
public import Logging
public import Mesos
public import ZooKeeper

/// The masters that a framework follows, as its `--master` names them.
public struct MesosMasters: Sendable {
    /// Who leads, now and after every change; nil while nobody does. One reader.
    public let leaders: AsyncStream<MasterInfo?>
    private let election: (client: ZooKeeperClient, path: String)?

    /// - Parameters:
    ///   - text: `zk://…`, or a master's `host:port`.
    ///   - client: the framework's own session, used where the masters are in the same ensemble.
    /// - Throws: `ClusterError` `.usage`: neither of the two.
    public init(_ text: String, client: ZooKeeperClient, sessionTimeout: Duration, logger: Logger) throws(ClusterError) {
        if text.hasPrefix("zk://") {
            let url = try ZooKeeperURL(text)
            let isSame = url.servers == client.url.servers && url.credentials == client.url.credentials
            let own = isSame ? client : ZooKeeperClient(url: url, sessionTimeout: sessionTimeout, logger: logger)
            own.start()
            election = (own, url.path)
            leaders = MesosLeaderDetector(client: own, path: url.path).leaders()
        } else {
            guard let address = HostPort(text, defaultPort: 5050) else {
                throw ClusterError(.usage, "--master '\(text)' is neither zk://… nor host:port")
            }
            election = nil
            leaders = AsyncStream { $0.yield(MasterInfo(id: "", ip: address.host, port: address.port, hostname: address.host)) }
        }
    }

    /// True where they are this project's own, by the marker that those leave in ZooKeeper. A master that is named by its address, and one
    /// without a marker, is taken for Apache Mesos.
    public func areEmbedded() async -> Bool {
        guard let election else { return false }
        return await EngineMarker.embedded.isThere(election.path, in: election.client)
    }
}
