import Checks
import ClusterCore
import Entrypoint
import HTTPClient
import Logging
import Mesos
import Synchronization
import ZooKeeper

/// Asks the master how it is, and ZooKeeper who leads.
struct MasterProbes: Sendable {
    private let master: MasterPlan
    private let http: HTTPClient
    private let leader = LeaderMemory()

    init(_ master: MasterPlan, http: HTTPClient) {
        self.master = master
        self.http = http
    }

    var checks: [Check] {
        [
            Check("health", proves: "the master answers /health", timeout: .seconds(5), gates: [.live, .ready]) {
                switch await health(of: master.reachable) {
                case nil: .pass("answers at \(master.reachable)")
                case .some(let problem): .fail(problem)
                }
            },
            Check("leader-known", proves: "a master leads and answers", timeout: .seconds(5)) { await lookForLeader() },
        ]
    }

    /// nil where it is fine, else what is wrong.
    private func health(of address: HostPort) async -> String? {
        do throws(HTTPClientError) {
            let answer = try await http.send(HTTPRequest("GET", "http://\(address)/health", timeout: .seconds(4)))
            return answer.status == 200 ? nil : "\(address) answers \(answer.status) to /health"
        } catch {
            return "\(address) does not answer: \(error.detail)"
        }
    }

    private func lookForLeader() async -> Check.Outcome {
        switch leader.state {
        case .unknown: return .fail("ZooKeeper (\(master.zooKeeper)) has not yet said which master leads")
        case .none: return .fail("no Mesos master has announced itself at \(master.zooKeeper.path) in ZooKeeper")
        case .leader(let info, _):
            if let problem = await health(of: info.address) { return .fail("the leader \(problem)") }
            return .pass("\(info.address) leads")
        }
    }

    /// Leader is who is first in ZooKeeper.
    func role() async -> Role {
        switch leader.state {
        case .unknown: .unknown("ZooKeeper has not yet said which master leads")
        case .none: .unknown("no master has announced itself in ZooKeeper")
        case .leader(let info, _):
            info.address == master.announced ? .leader : .standby(leader: HostPort(host: info.hostname, port: info.port).description)
        }
    }

    /// Watches the election in ZooKeeper.
    var leaderWatch: Companion {
        Companion("leader-watch") { [leader, url = master.zooKeeper] context in
            let client = ZooKeeperClient(url: url, logger: context.logger)
            client.start()
            do {
                let detector = MesosLeaderDetector(client: client)
                for try await state in detector.changes() { leader.note(state) }
            } catch {
                leader.note(.unknown)
                await client.close()
                throw error
            }
            await client.close()
        }
    }
}

/// The leader that ZooKeeper named last.
private final class LeaderMemory: Sendable {
    private let last = Mutex(MesosLeaderDetector.State.unknown)
    var state: MesosLeaderDetector.State { last.withLock { $0 } }
    func note(_ state: MesosLeaderDetector.State) { last.withLock { $0 = state } }
}
