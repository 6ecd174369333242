import Checks
import ClusterCore
import Entrypoint
import HTTPClient
import Marathon
import Prerequisites
import Settings

/// Asks Marathon how it is, and Mesos whether it knows it.
struct MarathonProbes: Sendable {
    private let plan: MarathonPlan
    private let marathon: MarathonClient
    private let framework: FrameworkWatch

    init(_ plan: MarathonPlan, settings: ResolvedSettings, http: HTTPClient) {
        self.plan = plan
        let credentials = settings[MarathonSettings.common.httpCredentials]?.split(separator: ":", maxSplits: 1).map { String($0) }
        let auth = credentials.flatMap { $0.count == 2 ? HTTPRequest.BasicAuth(user: $0[0], password: $0[1]) : nil }
        marathon = MarathonClient("http://\(plan.common.reachable)", authentication: auth, http: http, timeout: .seconds(4))
        framework = FrameworkWatch(
            frameworkName: settings[MarathonSettings.frameworkName], masters: plan.masters,
            authentication: settings[MarathonSettings.common.mesosPassword].map {
                HTTPRequest.BasicAuth(user: settings[MarathonSettings.common.mesosUser], password: $0)
            }, http: http)
    }

    var checks: [Check] {
        [
            Check("http", proves: "Marathon answers HTTP", timeout: .seconds(5), gates: [.live, .ready]) {
                do throws(ClusterError) {
                    _ = try await marathon.leader()
                    return .pass("answers at \(plan.common.reachable)")
                } catch {
                    // Without a leader it answers 503: that is no reason to start it anew.
                    return error.code == .unavailable ? .fail("\(error)") : .pass("answers at \(plan.common.reachable): \(error)")
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
            guard let leader = try await marathon.leader() else { return .fail("no Marathon leads") }
            guard leader == plan.common.announced else {
                try await marathon.ping()
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

    /// Leader is who `/v2/leader` names.
    func role() async -> Role {
        do throws(ClusterError) {
            guard let leader = try await marathon.leader() else { return .unknown("no Marathon leads") }
            return leader == plan.common.announced ? .leader : .standby(leader: leader.description)
        } catch {
            return .unknown("\(error)")
        }
    }

    /// What runs beside Marathon.
    var companions: [Companion] {
        [
            framework.masterWatch,
            framework.cure {
                if case .leader = await role() { true } else { false }
            },
        ]
    }
}
