import Checks
import ClusterCore
import Entrypoint
import HTTPClient
import JSON
import Logging
import Marathon
import Mesos
import Settings
import Synchronization
import ZooKeeper

/// Asks Marathon how it is, and Mesos whether it knows it.
struct MarathonProbes: Sendable {
    private let plan: MarathonPlan
    private let marathon: MarathonClient
    private let http: HTTPClient
    private let masterAuth: HTTPRequest.BasicAuth?
    private let master = MasterMemory()

    init(_ plan: MarathonPlan, settings: ResolvedSettings, http: HTTPClient) {
        self.plan = plan
        self.http = http
        let credentials = settings[MarathonSettings.httpCredentials]?.split(separator: ":", maxSplits: 1).map { String($0) }
        let auth = credentials.flatMap { $0.count == 2 ? HTTPRequest.BasicAuth(user: $0[0], password: $0[1]) : nil }
        marathon = MarathonClient("http://\(plan.reachable)", authentication: auth, http: http, timeout: .seconds(4))
        masterAuth = settings[MarathonSettings.mesosPassword].map {
            HTTPRequest.BasicAuth(user: settings[MarathonSettings.mesosUser], password: $0)
        }
    }

    var checks: [Check] {
        [
            Check("http", proves: "Marathon answers HTTP", timeout: .seconds(5), gates: [.live, .ready]) {
                do throws(ClusterError) {
                    _ = try await marathon.leader()
                    return .pass("answers at \(plan.reachable)")
                } catch {
                    // Without a leader it answers 503: that is no reason to start it anew.
                    return error.code == .unavailable ? .fail("\(error)") : .pass("answers at \(plan.reachable): \(error)")
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
            guard leader == plan.announced else {
                try await marathon.ping()
                return .pass("standby; the leader \(leader) answers")
            }
            return try await activity() ?? .pass("leads; its framework is active on the Mesos master")
        } catch {
            return .fail("\(error)")
        }
    }

    /// What is wrong with the leader's framework; nil where it is active.
    private func activity() async throws(ClusterError) -> Check.Outcome? {
        guard let id = try await marathon.info()["frameworkId"]?.string else {
            return .fail("it leads, but has not subscribed to a Mesos master")
        }
        guard let address = master.leader?.address else { return .fail("it leads, but no Mesos master is known to lead") }
        let request = HTTPRequest("GET", "http://\(address)/frameworks?framework_id=\(id)", timeout: .seconds(4), basicAuth: masterAuth)
        let json: JSON
        do {
            let answer = try await http.send(request)
            guard answer.isSuccess else {
                return .fail("the Mesos master \(address) answers \(answer.status) to /frameworks (MESOS_HTTP_USER, MESOS_HTTP_PASSWORD)")
            }
            json = try JSON(parsing: answer.body)
        } catch {
            return .fail("the Mesos master \(address) can't be asked for its frameworks: \(error)")
        }
        let own = json["frameworks"]?.array?.first { $0["id"]?.string == id }
        guard let own else { return .fail("the Mesos master \(address) does not know the framework \(id)") }
        return own["active"]?.bool == true ? nil : .fail("the framework \(id) is not active on the Mesos master \(address)")
    }

    /// Leader is who `/v2/leader` names.
    func role() async -> Role {
        do throws(ClusterError) {
            guard let leader = try await marathon.leader() else { return .unknown("no Marathon leads") }
            return leader == plan.announced ? .leader : .standby(leader: leader.description)
        } catch {
            return .unknown("\(error)")
        }
    }

    /// Knows who leads the Mesos masters.
    var masterWatch: Companion {
        Companion("mesos-leader-watch") { [master, url = plan.masters] context in
            let client = ZooKeeperClient(url: url, logger: context.logger)
            client.start()
            do {
                for try await state in MesosLeaderDetector(client: client).changes() { master.note(state) }
            } catch {
                master.note(.unknown)
                await client.close()
                throw error
            }
            await client.close()
        }
    }

    /// Starts a leader anew whose framework Mesos has lost.
    var ghostWatch: Companion {
        Companion("ghost-watch") { context in
            var watch = GhostWatch()
            // Neither Marathon nor Mesos tells of it: it has to be looked for.
            while true {
                try await Task.sleep(for: .seconds(10), clock: .continuous)
                guard await context.childPID() != nil else {
                    _ = watch.look(.fine, now: .now)
                    continue
                }
                let (sight, why) = await sight()
                guard watch.look(sight, now: .now) else { continue }
                context.logger.warning("starting Marathon anew: it leads, but Mesos does not have it", metadata: ["reason": "\(why)"])
                _ = await context.signalChild(15)
            }
        }
    }

    private func sight() async -> (GhostWatch.Sight, String) {
        guard master.leader != nil, case .leader = await role() else { return (.fine, "") }
        // Only what Mesos answered counts; that it can't be asked proves nothing.
        do throws(ClusterError) {
            guard case .fail(let why) = try await activity() else { return (.fine, "") }
            return why.contains("can't be asked") || why.contains("answers") ? (.fine, "") : (.ghost, why)
        } catch {
            return (.fine, "")
        }
    }
}

/// The leading Mesos master that ZooKeeper named last.
private final class MasterMemory: Sendable {
    private let last = Mutex(MesosLeaderDetector.State.unknown)
    var leader: MasterInfo? { last.withLock { $0.leader } }
    func note(_ state: MesosLeaderDetector.State) { last.withLock { $0 = state } }
}
