import ClusterCore
import HTTPClient
import Logging
import NIOCore
import NIOPosix

/// Runs the leader's checks: each at its interval, jittered at the start, never more at once than allowed.
final class HealthProber: Sendable {
    /// What was found.
    let results: AsyncStream<(Probe, ProbeResult)>
    private let found: AsyncStream<(Probe, ProbeResult)>.Continuation
    private let http: HTTPClient
    private let slots: Slots
    private let commands: AsyncStream<Command>
    private let order: AsyncStream<Command>.Continuation

    private enum Command: Sendable {
        case start([Probe])
        case stop(String)
    }

    /// - Parameter concurrency: checks under way at the same time.
    init(http: HTTPClient, concurrency: Int) {
        self.http = http
        slots = Slots(concurrency)
        (results, found) = AsyncStream.makeStream()
        (commands, order) = AsyncStream.makeStream()
    }

    func start(_ probes: [Probe]) { order.yield(.start(probes)) }
    func stop(taskID: String) { order.yield(.stop(taskID)) }

    /// Works until cancelled.
    func run() async {
        var running: [String: [Probe: Task<Void, Never>]] = [:]
        for await command in commands {
            switch command {
            case .start(let probes):
                for probe in probes where running[probe.taskID]?[probe] == nil {
                    running[probe.taskID, default: [:]][probe] = Task { await self.repeatedly(probe) }
                }
            case .stop(let task):
                for work in (running.removeValue(forKey: task) ?? [:]).values { work.cancel() }
            }
        }
        for work in running.values.flatMap(\.values) { work.cancel() }
    }

    private func repeatedly(_ probe: Probe) async {
        let patience = ContinuousClock.now + probe.patience
        var hasAnswered = false
        while !Task.isCancelled {
            let started = ContinuousClock.now
            let result = await slots.run { await self.ask(probe) }
            guard !Task.isCancelled else { return }
            found.yield((probe, result))
            if case .answer = result { hasAnswered = true }
            // A task that is coming up is asked each second, so that a deployment need not wait for a whole interval.
            let isComingUp = !hasAnswered && ContinuousClock.now < patience
            try? await Task.sleep(until: started + (isComingUp ? min(probe.interval, .seconds(1)) : probe.interval), clock: .continuous)
        }
    }

    private func ask(_ probe: Probe) async -> ProbeResult {
        switch probe.method {
        case .http(let url):
            var request = HTTPRequest("GET", url, timeout: probe.timeout, connectTimeout: probe.timeout, maxBody: 1 << 20)
            request.tls = HTTPRequest.TLS(verifiesPeer: false)
            do throws(HTTPClientError) {
                let stream = try await http.stream(request)
                let isReadiness = if case .readiness = probe.purpose { true } else { false }
                let body = isReadiness ? String(decoding: try await stream.collect(upTo: 1 << 20), as: UTF8.self) : ""
                return .answer(status: stream.status, type: stream.headers["Content-Type"], body: body)
            } catch {
                return .failure(error.detail)
            }
        case .tcp(let host, let port):
            do {
                let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                    .connectTimeout(.milliseconds(probe.timeout.milliseconds)).connect(host: host, port: port).get()
                channel.close(promise: nil)
                return .answer(status: 0, type: nil, body: "")
            } catch {
                return .failure("no connection to \(HostPort(host: host, port: port)): \(error)")
            }
        }
    }
}

/// Lets so many pieces of work run at once; the others wait in line.
actor Slots {
    private var free: Int
    private var line: [CheckedContinuation<Void, Never>] = []

    init(_ count: Int) { free = max(1, count) }

    nonisolated func run<Result: Sendable>(_ work: @Sendable () async -> Result) async -> Result {
        await acquire()
        let result = await work()
        await release()
        return result
    }

    private func acquire() async {
        guard free == 0 else {
            free -= 1
            return
        }
        await withCheckedContinuation { line.append($0) }
    }

    private func release() {
        if line.isEmpty { free += 1 } else { line.removeFirst().resume() }
    }
}
