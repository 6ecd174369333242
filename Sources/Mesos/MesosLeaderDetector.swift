import ClusterCore
import JSON
import Synchronization
public import ZooKeeper

/// Finds the leading Mesos master in ZooKeeper: of the children of the path whose names start with `json.info_` the one with the
/// lowest number leads (Mesos source, `zookeeper/detector.cpp`).
public final class MesosLeaderDetector: Sendable {
    /// What is known of the leader.
    public enum State: Sendable, Hashable {
        /// Nothing yet: ZooKeeper has not answered.
        case unknown
        /// No master has announced itself.
        case none
        /// This one leads; `node` is the name of its election node.
        case leader(MasterInfo, node: String)

        /// The leader.
        public var leader: MasterInfo? { if case .leader(let info, _) = self { info } else { nil } }
    }

    private let client: ZooKeeperClient
    private let path: String
    private let last = Mutex(State.unknown)

    /// Makes a detector that uses a client, which must be started by its owner.
    /// - Parameter path: the path of Mesos' `zk://` URL; the client's own by default.
    public init(client: ZooKeeperClient, path: String? = nil) {
        self.client = client
        let path = path ?? client.url.path
        self.path = path.isEmpty ? "/" : path
    }

    /// What was known last by a running `changes()` stream.
    public var current: State { last.withLock { $0 } }

    /// The leader now and after every change. The last known leader is kept while ZooKeeper is away. Ending the iteration ends the
    /// watch.
    public func changes() -> AsyncThrowingStream<State, any Error> {
        AsyncThrowingStream { continuation in
            let task = Task {
                do {
                    var previous: State?
                    for try await children in client.watchChildren(path) {
                        guard let state = try await readInTime(children ?? []) else { continue }
                        last.withLock { $0 = state }
                        if state != previous { continuation.yield(state) }
                        previous = state
                    }
                    continuation.finish()
                } catch {
                    continuation.finish(throwing: error)
                }
            }
            continuation.onTermination = { _ in task.cancel() }
        }
    }

    /// Asks ZooKeeper once.
    /// - Throws: `ZooKeeperError`.
    public func look() async throws(ZooKeeperError) -> State {
        // A leader that goes away between the two reads is asked for again.
        for _ in 0..<3 {
            let children: [String]
            do throws(ZooKeeperError) {
                children = try await client.children(of: path)
            } catch {
                guard error.code == .noNode else { throw error }
                return .none
            }
            if let state = try await read(children) { return state }
        }
        return .none
    }

    /// The names that are candidates, the leader first.
    public static func candidates(_ children: [String]) -> [String] {
        children.filter { $0.hasPrefix("json.info_") }.sorted { number($0) < number($1) }
    }

    private static func number(_ name: String) -> Int { Int(name.dropFirst("json.info_".count)) ?? .max }

    private func join(_ name: String) -> String { path == "/" ? "/\(name)" : "\(path)/\(name)" }

    /// nil: the leader's node went away meanwhile, the watch will fire again.
    private func read(_ children: [String]) async throws(ZooKeeperError) -> State? {
        guard let first = Self.candidates(children).first else { return State.none }
        do throws(ZooKeeperError) {
            let data = try await client.get(join(first)).data
            guard let json = try? JSON(parsing: data), let info = try? MasterInfo(json: json) else { return State.none }
            return .leader(info, node: first)
        } catch {
            guard error.code == .noNode else { throw error }
            return nil
        }
    }

    private func readInTime(_ children: [String]) async throws(ZooKeeperError) -> State? {
        while true {
            do throws(ZooKeeperError) {
                return try await read(children)
            } catch {
                guard error.isTransient else { throw error }
                try await client.waitUntilConnected()
            }
        }
    }
}
