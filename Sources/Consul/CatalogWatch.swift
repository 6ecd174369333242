public import ClusterCore
import HTTPClient

/// What a watch of the catalog found.
public enum CatalogEvent: Sendable {
    /// Consul answered with a leader's view, at this raft index; it need not differ from the last one. An index below that of the view
    /// before means that the servers were restored or replaced.
    case view(CatalogSnapshot, index: UInt64)
    /// Consul did not answer; asked again after the delay. Says nothing of the services.
    case failed(ClusterError, retryIn: Duration)
}

/// All service instances of the datacenter, again with each change, over one connection.
///
/// One blocking query on `/v1/internal/ui/nodes` tells services, Meta and checks at one raft index. A query for each service would
/// need a connection each, and an agent takes 200 from one client.
public struct CatalogWatch: AsyncSequence, Sendable {
    /// How the watch asks.
    public struct Options: Sendable {
        /// The longest wait of one query, 1 s – 5 min. Each answer, with or without a change, proves that the view is fresh.
        public var wait: Duration = .seconds(60)
        /// The first delay after a failure.
        public var firstRetry: Duration = .milliseconds(50)
        /// The longest delay after failures.
        public var longestRetry: Duration = .seconds(1)
        /// Answers come no faster than this, on average, when the catalog changes without end.
        public var leastInterval: Duration = .milliseconds(20)

        /// The defaults.
        public init() {}
    }

    let client: ConsulClient
    let options: Options

    /// A watch that begins with a view at once.
    public init(_ client: ConsulClient, options: Options = Options()) {
        self.client = client
        self.options = options
    }

    /// Begins to watch.
    public func makeAsyncIterator() -> Iterator { Iterator(client: client, options: options) }

    /// Asks whenever the next event is wanted; nothing runs in between.
    public struct Iterator: AsyncIteratorProtocol {
        private let client: ConsulClient
        private let options: Options
        private var index = BlockingIndex()
        private var reader = NodeDumpReader()
        private var retry: RetryDelay
        private var pendingDelay: Duration?
        private var lastAnswer: ContinuousClock.Instant?

        init(client: ConsulClient, options: Options) {
            self.client = client
            self.options = options
            retry = RetryDelay(first: options.firstRetry, limit: options.longestRetry)
        }

        /// The next event; nil once the task is cancelled.
        public mutating func next() async -> CatalogEvent? {
            do {
                try await pause()
            } catch {
                return nil
            }
            do throws(ClusterError) {
                let (snapshot, newIndex) = try await client.catalog(after: index.next, wait: options.wait, reader: &reader)
                index.receive(newIndex)
                retry.succeeded()
                lastAnswer = .now
                return .view(snapshot, index: newIndex)
            } catch {
                if Task.isCancelled { return nil }
                index.reset()
                let delay = retry.next(jitter: Double.random(in: 0...1))
                pendingDelay = delay
                return .failed(error, retryIn: delay)
            }
        }

        private mutating func pause() async throws {
            if let delay = pendingDelay {
                pendingDelay = nil
                try await Task.sleep(for: delay)
            } else if let lastAnswer {
                let early = lastAnswer + options.leastInterval - .now
                if early > .zero { try await Task.sleep(for: early) }
            }
            try Task.checkCancellation()
        }
    }
}

extension ConsulClient {
    /// All instances, once they differ from those at `index`, or after `wait`.
    public func catalog(after index: UInt64? = nil, wait: Duration = .seconds(60)) async throws(ClusterError) -> (CatalogSnapshot, UInt64) {
        var reader = NodeDumpReader()
        return try await catalog(after: index, wait: wait, reader: &reader)
    }

    fileprivate func catalog(
        after index: UInt64?, wait: Duration, reader: inout NodeDumpReader
    ) async throws(ClusterError) -> (CatalogSnapshot, UInt64) {
        var query: [(String, String?)] = []
        if let index { query = [("index", String(index)), ("wait", "\(max(wait.milliseconds, 1))ms")] }
        // Consul adds up to a sixteenth of the wait, so that not all clients ask at the same time.
        let timeout = index == nil ? .seconds(15) : wait + wait / 16 + .seconds(10)
        let answer = try await require("GET", "/v1/internal/ui/nodes", query: query, timeout: timeout)
        guard answer.knowsLeader else { throw ClusterError(.unavailable, "Consul at \(address) has no leader") }
        let snapshot = try reader.read(answer.body)
        // A server that leads is registered itself.
        guard !snapshot.instances.isEmpty else {
            throw ClusterError(.unavailable, "Consul at \(address) has an empty catalog: it has just begun")
        }
        return (snapshot, answer.index ?? 0)
    }
}
