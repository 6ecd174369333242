import Checks
import Chronos
import ClusterCore
import Entrypoint
import HTTPClient
import Logging
import Prerequisites
import Settings
import Synchronization
import ZooKeeper

/// Asks Chronos how it is, and Mesos whether it knows it.
struct ChronosProbes: Sendable {
    private let plan: ChronosPlan
    private let chronos: ChronosClient
    private let framework: FrameworkWatch
    private let candidates = CandidateMemory()
    private let http: HTTPClient
    private let authentication: HTTPRequest.BasicAuth?

    init(_ plan: ChronosPlan, settings: ResolvedSettings, http: HTTPClient) {
        self.plan = plan
        self.http = http
        let credentials = settings[ChronosSettings.common.httpCredentials]?.split(separator: ":", maxSplits: 1).map { String($0) }
        authentication = credentials.flatMap { $0.count == 2 ? HTTPRequest.BasicAuth(user: $0[0], password: $0[1]) : nil }
        chronos = ChronosClient(
            "http://\(plan.common.reachable)", version: plan.api, authentication: authentication, http: http, timeout: .seconds(4))
        framework = FrameworkWatch(
            frameworkName: settings[ChronosSettings.frameworkName], masters: plan.masters,
            authentication: settings[ChronosSettings.common.mesosPassword].map {
                HTTPRequest.BasicAuth(user: settings[ChronosSettings.common.mesosUser], password: $0)
            }, http: http)
    }

    var checks: [Check] {
        [
            Check("http", proves: "Chronos answers HTTP", timeout: .seconds(5), gates: [.live, .ready]) {
                do throws(ClusterError) {
                    try await chronos.ping()
                    return .pass("answers at \(plan.common.reachable)")
                } catch {
                    return .fail("\(error)")
                }
            },
            Check(
                "serving", proves: "the leader's framework is active on the leading Mesos master, or the leader answers",
                timeout: .seconds(9)
            ) {
                await serving()
            },
        ]
    }

    private func serving() async -> Check.Outcome {
        do throws(ClusterError) {
            guard let leader = try await leader() else { return .fail("no Chronos leads") }
            guard leader == plan.common.announced else {
                let other = ChronosClient(
                    "http://\(leader)", version: plan.api, authentication: authentication, http: http, timeout: .seconds(4))
                try await other.ping()
                return .pass("standby; the leader \(leader) answers")
            }
            switch await framework.presence() {
            case .active: return .pass("leads; its framework is active on the Mesos master")
            case .absent(let why), .unknown(let why): return .fail("it leads, but \(why)")
            }
        } catch {
            return .fail("\(error)")
        }
    }

    /// 3.x says who leads; 2.x must be looked up in ZooKeeper.
    private func leader() async throws(ClusterError) -> HostPort? {
        plan.api == .v3_0 ? try await chronos.leader() : candidates.leader
    }

    func role() async -> Role {
        do throws(ClusterError) {
            guard let leader = try await leader() else { return .unknown("no Chronos leads") }
            return leader == plan.common.announced ? .leader : .standby(leader: leader.description)
        } catch {
            return .unknown("\(error)")
        }
    }

    /// What runs beside Chronos.
    var companions: [Companion] {
        let companions = [
            framework.masterWatch,
            framework.cure {
                if case .leader = await role() { true } else { false }
            },
        ]
        return plan.api == .v3_0 ? companions : companions + [candidateWatch]
    }

    private var candidateWatch: Companion {
        Companion("leader-watch") { [candidates, url = plan.zooKeeper] context in
            let client = ZooKeeperClient(url: url, logger: context.logger)
            let election = LeaderElection(client: client, layout: .latch(parent: "\(url.path)/candidate"), data: [], logger: context.logger)
            let events = await election.events()
            await election.start(entering: false)
            for await event in events {
                if case .leaderChanged(let leader) = event { candidates.note(leader.flatMap { HostPort($0.text) }) }
            }
            await election.stop()
            await client.close()
        }
    }
}

/// The leading Chronos that ZooKeeper named last.
private final class CandidateMemory: Sendable {
    private let last = Mutex<HostPort?>(nil)
    var leader: HostPort? { last.withLock { $0 } }
    func note(_ leader: HostPort?) { last.withLock { $0 = leader } }
}
