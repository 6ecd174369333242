import Checks
import ClusterCore
import Consul
import Entrypoint
import HTTPClient
import Logging
import Marathon

/// The shell: asks who leads and, where it is this node's Marathon, follows it in a `Session`.
struct Bridge: Sendable {
    private let plan: BridgePlan
    private let state: BridgeState
    private let context: CompanionContext
    private let marathon: MarathonClient
    private let consul: ConsulClient

    /// How often the leader is asked for, the event that Marathon doesn't send.
    static let leaderInterval = Duration.seconds(1)

    init(_ plan: BridgePlan, state: BridgeState, context: CompanionContext) {
        self.plan = plan
        self.state = state
        self.context = context
        let http = HTTPClient()
        marathon = MarathonClient(
            plan.marathon, authentication: plan.basicAuth, http: http, timeout: .seconds(5),
            tls: HTTPRequest.TLS(caFile: plan.marathonCAFile))
        consul = ConsulClient(plan.consul, http: http, token: plan.token, tls: HTTPRequest.TLS(caFile: plan.caFile))
    }

    func run() async throws {
        var retry = RetryDelay(first: .milliseconds(100), limit: .seconds(2))
        while !Task.isCancelled {
            await lookForLeader()
            guard state.isLeading else {
                try await Task.sleep(for: Self.leaderInterval)
                continue
            }
            context.logger.info("this node's Marathon leads: its apps are written to Consul below \(plan.prefix)/")
            let session = Session(plan, state: state, context: context, marathon: marathon, consul: consul)
            do {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { try await session.run() }
                    group.addTask { try await watchLeadership() }
                    defer { group.cancelAll() }
                    try await group.next()
                }
            } catch {
                try Task.checkCancellation()
                context.logger.info("no longer active, the keys stay: \(error)")
            }
            if await session.hasRead { retry.succeeded() }
            state.update {
                $0.isStreaming = false
                $0.lastSnapshot = nil
                $0.lastAgreement = nil
            }
            try await Task.sleep(for: retry.next())
        }
    }

    private func lookForLeader() async {
        do throws(ClusterError) {
            let leader = try await marathon.leader()
            state.update { $0.leader = leader.map { .known($0) } ?? .nobody }
        } catch {
            state.update { $0.leader = .unknown(error.description) }
        }
    }

    /// Returns never; throws once this node's Marathon does not lead, or has not said so for 5 s.
    private func watchLeadership() async throws {
        var confirmed = ContinuousClock.now
        while true {
            try await Task.sleep(for: Self.leaderInterval)
            await lookForLeader()
            let now = state.current.leader
            switch now {
            case .known(plan.identity): confirmed = .now
            case .known(let other): throw ClusterError(.unavailable, "\(other) leads")
            case .nobody, .unknown:
                guard ContinuousClock.now - confirmed < .seconds(5) else {
                    throw ClusterError(.unavailable, "this node's Marathon has not said for 5 s that it leads")
                }
                // Keep the role until then: a busy Marathon is still the leader.
                state.update { $0.leader = .known(plan.identity) }
            }
        }
    }
}
