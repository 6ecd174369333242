import ClusterCore
public import HTTPClient
import JSON
public import Logging
public import Mesos

/// A Mesos framework's connection to the leading master, by the v1 scheduler API alone (Mesos documentation, "Scheduler HTTP API"), so it
/// works with any master that serves it, 1.1 to 1.11.
///
/// `run` keeps the framework subscribed until it is cancelled: it follows the leading master, subscribes to a new one at once, and always
/// with the id that `FrameworkIdentity` keeps. What happens is read from `events`; `call` says what the framework wants.
public actor MesosFrameworkClient {
    /// What happens, in order. One reader.
    public nonisolated let events: AsyncStream<FrameworkEvent>

    let configuration: FrameworkConfiguration
    let identity: any FrameworkIdentity
    let http: HTTPClient
    let logger: Logger
    private let masters: AsyncStream<MasterInfo?>
    private let emitter: AsyncStream<FrameworkEvent>.Continuation
    private var session: Task<Void, Never>?
    private var generation = 0
    private var failures: AsyncStream<ClusterError>.Continuation?
    private var link: Link?
    private var lane: Task<Void, Never>?

    /// The subscription that calls belong to.
    struct Link: Sendable {
        let url: String
        let streamID: String?
        let frameworkID: String
    }

    /// Makes a client that does nothing until `run`.
    /// - Parameter masters: who leads, now and from now on; nil while nobody does.
    public init(
        _ configuration: FrameworkConfiguration, identity: any FrameworkIdentity, masters: AsyncStream<MasterInfo?>, http: HTTPClient,
        logger: Logger
    ) {
        self.configuration = configuration
        self.identity = identity
        self.masters = masters
        self.http = http
        self.logger = logger
        (events, emitter) = AsyncStream.makeStream()
    }

    /// Keeps the framework subscribed until the task is cancelled; then `events` ends.
    /// - Throws: `ClusterError` `.conflict` where the master refuses the framework for good.
    public func run() async throws {
        let (failures, failure) = AsyncStream.makeStream(of: ClusterError.self)
        self.failures = failure
        let watcher = Task { for await master in masters { retarget(master) } }
        defer {
            watcher.cancel()
            session?.cancel()
            session = nil
            link = nil
            generation += 1
            emitter.finish()
        }
        for await error in failures { throw error }
    }

    /// Says something to the master. Calls reach it one after the other, in the order in which they were made, but acknowledgements at once.
    /// - Throws: `ClusterError` `.unavailable` while there is no subscription, or where the master did not answer (it may have acted);
    ///   `.invalid` where it refused the call.
    public func call(_ kind: SchedulerCall.Kind) async throws {
        guard let link else { throw ClusterError(.unavailable, "there is no subscription to a Mesos master") }
        // Acknowledgements have no order among themselves and to other calls; one after the other they would hold up a busy framework.
        if case .acknowledge = kind { return try await send(kind, over: link) }
        let previous = lane
        let work = Task { () -> Result<Void, any Error> in
            await previous?.value
            do { return .success(try await self.send(kind, over: link)) } catch { return .failure(error) }
        }
        lane = Task { _ = await work.value }
        try await work.value.get()
    }

    /// True while subscribed.
    public var isConnected: Bool { link != nil }

    private func retarget(_ master: MasterInfo?) {
        session?.cancel()
        session = nil
        generation += 1
        disconnect("the leading Mesos master \(master.map { "is now \($0.address)" } ?? "is gone")")
        guard let master else { return }
        let current = generation
        session = Task { await keepSubscribed(to: master, generation: current) }
    }

    private func keepSubscribed(to master: MasterInfo, generation: Int) async {
        var backoff = RetryDelay(first: configuration.backoff.lowerBound, limit: configuration.backoff.upperBound)
        while !Task.isCancelled, generation == self.generation {
            let reason: String
            do {
                try await subscribe(to: master.address, generation: generation) { backoff.succeeded() }
                reason = "the master \(master.address) closed the stream"
            } catch let refusal as Refusal {
                guard generation == self.generation else { return }
                emitter.yield(.refused(refusal.message))
                failures?.yield(ClusterError(.conflict, "the Mesos master \(master.address) refuses the framework: \(refusal.message)"))
                return
            } catch {
                reason = "\(error)"
            }
            guard generation == self.generation, !Task.isCancelled else { return }
            disconnect(reason)
            try? await Task.sleep(for: backoff.next(), clock: .continuous)
        }
    }

    private func disconnect(_ reason: String) {
        guard link != nil else {
            logger.debug("not subscribed to a Mesos master", metadata: ["reason": "\(reason)"])
            return
        }
        link = nil
        logger.warning("lost the subscription to the Mesos master", metadata: ["reason": "\(reason)"])
        emitter.yield(.disconnected(reason: reason))
    }

    func isCurrent(_ generation: Int) -> Bool { generation == self.generation }
    func emit(_ event: FrameworkEvent) { emitter.yield(event) }
    func establish(_ link: Link, master: MasterInfo) {
        self.link = link
        emitter.yield(.connected(frameworkID: link.frameworkID, master: master))
    }
}

/// The master will not have this framework, now or later.
struct Refusal: Error {
    let message: String
}
