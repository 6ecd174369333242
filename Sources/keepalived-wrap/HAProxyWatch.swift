import Checks
import ClusterCore
import Entrypoint
import Glibc
import HTTPClient
import Logging

/// Asks haproxy-consul's probe whether it is ready, and writes the answer into the file that keepalived tracks.
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
    }

    nonisolated let probe: Probe
    nonisolated let interval: Duration
    nonisolated let trackFile: String
    private(set) var tracker = HAProxyTracker()
    private var lastLook: ContinuousClock.Instant?

    init(probe: Probe, interval: Duration, trackFile: String) {
        self.probe = probe
        self.interval = interval
        self.trackFile = trackFile
    }

    /// What is known, and how old it is.
    var verdict: (isReady: Bool, reason: String?, age: Duration?) {
        (tracker.isReady, tracker.reason, lastLook.map { ContinuousClock.now - $0 })
    }

    /// Asks again and again until the task is cancelled, and counts the virtual addresses that are here.
    func run(_ context: CompanionContext, held: @Sendable () -> Int) async throws {
        let client = HTTPClient(idleConnections: 1)
        while !Task.isCancelled {
            let observation = await look(client)
            lastLook = .now
            if tracker.observe(observation) {
                try Self.write(isReady: tracker.isReady, to: trackFile)
                if tracker.isReady {
                    context.logger.info("HAProxy is ready: this node may hold the virtual addresses")
                } else {
                    context.logger.warning(
                        "HAProxy is not ready: this node gives up the virtual addresses", metadata: ["reason": "\(tracker.reason ?? "")"])
                }
            }
            await context.metrics.set(
                "keepalived_haproxy_ready", help: "1 where the node's HAProxy is ready and may get the virtual addresses.",
                to: tracker.isReady ? 1 : 0)
            await context.metrics.set(
                "keepalived_virtual_addresses_held", help: "How many of the virtual addresses this node has.", to: Double(held()))
            try await Task.sleep(for: interval)
        }
    }

    private nonisolated func look(_ client: HTTPClient) async -> HAProxyTracker.Observation {
        var request: HTTPRequest
        switch probe {
        case .url(let url): request = HTTPRequest("GET", url)
        case .socket(let path):
            request = HTTPRequest("GET", "http://localhost/ready")
            request.unixSocket = path
        }
        request.timeout = max(interval, .milliseconds(500))
        request.connectTimeout = max(interval, .milliseconds(500))
        do throws(HTTPClientError) {
            let response = try await client.send(request)
            if response.isSuccess { return .ready }
            let line = response.text.split(separator: "\n").first.map { ": \($0.prefix(200))" } ?? ""
            return .notReady("\(probe) answers \(response.status)\(line)")
        } catch {
            return error.kind == .timeout ? .silent("\(error)") : .notReady("\(error)")
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
