import Checks
import ClusterCore
import Entrypoint
import Glibc
import HTTPClient
import JSON
import Logging

/// Watches whether haproxy-consul is ready, and writes that into the file that keepalived tracks.
///
/// haproxy-consul's probe answers a long poll as soon as its process or a companion changes, and within a second or so of a check that
/// turns (`ReadinessWatch`); others, such as HAProxy's `monitor-uri`, are asked again and again.
actor HAProxyWatch {
    /// Where the probe is.
    enum Probe: Sendable, Hashable, CustomStringConvertible {
        case url(String)
        case socket(String)

        var description: String {
            switch self {
            case .url(let url): url
            case .socket(let path): "\(path) (/ready)"
            }
        }

        /// A request of this probe.
        /// - Parameter watch: what follows `?`; where the address has a query of its own it can't be watched.
        func request(_ watch: String?) -> HTTPRequest {
            let query = watch.map { "?\($0)" } ?? ""
            switch self {
            case .url(let url): return HTTPRequest("GET", url + query)
            case .socket(let path):
                var request = HTTPRequest("GET", "http://localhost/ready\(query)")
                request.unixSocket = path
                return request
            }
        }

        var takesQuery: Bool { if case .url(let url) = self { !url.contains("?") } else { true } }
    }

    nonisolated let probe: Probe
    nonisolated let interval: Duration
    nonisolated let trackFile: String
    private(set) var tracker = HAProxyTracker()
    private var lastLook: ContinuousClock.Instant?

    /// How long an answer of a watchable probe may take: while all is well, and while the verdict is not sure. A change is
    /// answered before that: the probe looks each second while it is watched.
    static let calmWait = Duration.seconds(15)
    static let anxiousWait = Duration.seconds(1)

    init(probe: Probe, interval: Duration, trackFile: String) {
        self.probe = probe
        self.interval = interval
        self.trackFile = trackFile
    }

    /// What is known, and how old it is.
    var verdict: (isReady: Bool, reason: String?, age: Duration?) {
        (tracker.isReady, tracker.reason, lastLook.map { ContinuousClock.now - $0 })
    }

    /// The age at which a verdict is no longer believed.
    nonisolated var oldest: Duration { max(interval * 4, Self.calmWait) + .seconds(2) }

    /// Asks until the task is cancelled.
    /// - Parameter released: returns when this node has none of the virtual addresses any more, or after a moment. The next question
    ///   comes after it: it tells a HAProxy that is about to stop that it may.
    func run(_ context: CompanionContext, released: @Sendable () async -> Void) async throws {
        let client = HTTPClient(idleConnections: 1)
        var last: Answer?
        while !Task.isCancelled {
            let began = ContinuousClock.now
            let answer = await ask(client, after: last)
            if Task.isCancelled { return }
            lastLook = .now
            let hasChanged = tracker.observe(answer.observation)
            if hasChanged {
                try Self.write(isReady: tracker.isReady, to: trackFile)
                report(context)
            }
            if hasChanged || last == nil {
                await context.metrics.set(
                    "keepalived_haproxy_ready", help: "1 where the node's HAProxy is ready and may get the virtual addresses.",
                    to: tracker.isReady ? 1 : 0)
            }
            if hasChanged, !tracker.isReady { await released() }
            let isNews = answer.isWatchable && answer.observation.isReady != last?.observation.isReady
            // Whatever the other side does, it is not asked without a pause.
            let took = ContinuousClock.now - began
            if !answer.isWatchable || (!isNews && took < interval) { try await Task.sleep(for: interval) }
            last = answer
        }
    }

    private func report(_ context: CompanionContext) {
        if tracker.isReady {
            context.logger.info("HAProxy is ready: this node may hold the virtual addresses")
        } else {
            context.logger.warning(
                "HAProxy is not ready: this node gives up the virtual addresses", metadata: ["reason": "\(tracker.reason ?? "")"])
        }
    }

    private struct Answer {
        let observation: HAProxyTracker.Observation
        let isWatchable: Bool
    }

    private func ask(_ client: HTTPClient, after last: Answer?) async -> Answer {
        let wait: Duration? = last.flatMap { $0.isWatchable ? (tracker.isReady ? Self.calmWait : Self.anxiousWait) : nil }
        let known = last?.observation.isReady == true ? "ready" : "not-ready"
        var request = probe.request(wait.map { "wait=\($0.milliseconds)ms&known=\(known)" })
        request.connectTimeout = max(interval, .milliseconds(500))
        request.timeout = request.connectTimeout + (wait ?? .zero)
        do throws(HTTPClientError) {
            let response = try await client.send(request)
            let json = try? JSON(parsing: response.body)
            let isWatchable = probe.takesQuery && json?["watchable"]?.bool == true
            if response.isSuccess { return Answer(observation: .ready, isWatchable: isWatchable) }
            let why = json?["reason"]?.string ?? response.text.split(separator: "\n").first.map(String.init) ?? ""
            return Answer(
                observation: .notReady("\(probe) answers \(response.status)\(why.isEmpty ? "" : ": \(why.prefix(200))")"),
                isWatchable: isWatchable)
        } catch {
            return Answer(observation: error.kind == .timeout ? .silent("\(error)") : .notReady("\(error)"), isWatchable: false)
        }
    }

    /// keepalived reads the file whenever it was written: 0 is well, anything else a fault. One byte is written in place, so that it
    /// never reads half of it.
    static func write(isReady: Bool, to path: String) throws(ClusterError) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw ClusterError(.io, "can't write \(path): \(String(cString: strerror(errno)))") }
        defer { close(descriptor) }
        guard Glibc.write(descriptor, isReady ? "0\n" : "1\n", 2) == 2 else {
            throw ClusterError(.io, "can't write \(path): \(String(cString: strerror(errno)))")
        }
    }
}
