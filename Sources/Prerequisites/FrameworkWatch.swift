public import ClusterCore
public import Entrypoint
public import HTTPClient
import JSON
import Logging
import Mesos
import Synchronization
import ZooKeeper

/// Knows whether a framework is active on the leading Mesos master, and starts a scheduler anew that Mesos has lost.
///
/// A scheduler can lead and answer while Mesos does not have it (a "ghost": Chronos issues 417, 511, 522; Marathon 2224). Neither side
/// tells of it, so it is looked for.
public struct FrameworkWatch: Sendable {
    /// What the leading master says.
    public enum Presence: Sendable, Hashable {
        /// The framework is active.
        case active
        /// It is not; in words.
        case absent(String)
        /// The master can't be asked, or there is none; in words.
        case unknown(String)
    }

    private let masters: ZooKeeperURL
    private let http: HTTPClient
    private let authentication: HTTPRequest.BasicAuth?
    private let frameworkName: String
    private let last = LeadingMaster()

    /// Watches a framework by its name: only the leader of several schedulers of the same name is ever registered.
    /// - Parameters:
    ///   - masters: the ensemble and path of the masters' election.
    ///   - authentication: where the masters ask for it.
    public init(frameworkName: String, masters: ZooKeeperURL, authentication: HTTPRequest.BasicAuth?, http: HTTPClient) {
        self.frameworkName = frameworkName
        self.masters = masters
        self.authentication = authentication
        self.http = http
    }

    /// Asks the leading master.
    public func presence() async -> Presence {
        guard let address = last.address else { return .unknown("no Mesos master is known to lead") }
        let request = HTTPRequest("GET", "http://\(address)/frameworks", timeout: .seconds(4), basicAuth: authentication)
        let json: JSON
        do {
            let answer = try await http.send(request)
            guard answer.isSuccess else {
                return .unknown(
                    "the Mesos master \(address) answers \(answer.status) to /frameworks (MESOS_HTTP_USER, MESOS_HTTP_PASSWORD)")
            }
            json = try JSON(parsing: answer.body)
        } catch {
            return .unknown("the Mesos master \(address) can't be asked for its frameworks: \(error)")
        }
        let own = json["frameworks"]?.array?.filter { $0["name"]?.string == frameworkName } ?? []
        if own.isEmpty { return .absent("the Mesos master \(address) has no framework '\(frameworkName)'") }
        guard own.contains(where: { $0["active"]?.bool == true }) else {
            return .absent("the framework '\(frameworkName)' is not active on the Mesos master \(address)")
        }
        return .active
    }

    /// Follows the masters' election.
    public var masterWatch: Companion {
        Companion("mesos-leader-watch") { [last, masters] context in
            let client = ZooKeeperClient(url: masters, logger: context.logger)
            client.start()
            do {
                for try await state in MesosLeaderDetector(client: client).changes() { last.note(state.leader?.address) }
            } catch {
                last.note(nil)
                await client.close()
                throw error
            }
            await client.close()
        }
    }

    /// Ends the child, to be started anew, where it has led for that long without an active framework while Mesos has a leader.
    /// - Parameters:
    ///   - isLeading: whether the child leads its own election now.
    ///   - patience: 90 s, unless in a test.
    public func cure(
        patience: Duration = .seconds(90), isLeading: @escaping @Sendable () async -> Bool
    ) -> Companion {
        Companion("ghost-watch") { context in
            var watch = GhostTimer(patience: patience)
            while true {
                try await Task.sleep(for: min(patience / 9, Duration.seconds(10)), clock: .continuous)
                var reason: String?
                if await context.childPID() != nil, await isLeading(), case .absent(let why) = await presence() { reason = why }
                guard watch.look(isGhost: reason != nil, now: .now), let reason else { continue }
                context.logger.warning(
                    "starting the scheduler anew: it leads, but Mesos does not have it", metadata: ["reason": "\(reason)"])
                _ = await context.signalChild(15)
            }
        }
    }
}

/// How long something has been a ghost.
struct GhostTimer: Sendable {
    let patience: Duration
    private var since: ContinuousClock.Instant?

    init(patience: Duration) { self.patience = patience }

    /// True where the time is over; it then begins afresh.
    mutating func look(isGhost: Bool, now: ContinuousClock.Instant) -> Bool {
        guard isGhost else {
            since = nil
            return false
        }
        guard let since else {
            since = now
            return false
        }
        guard now - since >= patience else { return false }
        self.since = nil
        return true
    }
}

/// The address of the leading Mesos master that ZooKeeper named last.
private final class LeadingMaster: Sendable {
    private let last = Mutex<HostPort?>(nil)
    var address: HostPort? { last.withLock { $0 } }
    func note(_ address: HostPort?) { last.withLock { $0 = address } }
}
