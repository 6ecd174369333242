import Checks
import ClusterCore
import Entrypoint
import HTTPClient
import JSON
import Mesos
import Synchronization
import ZooKeeper

/// Asks the slave how it is, and ZooKeeper who leads.
struct SlaveProbes: Sendable {
    private let slave: SlavePlan
    private let http: HTTPClient
    private let credentials: HTTPRequest.BasicAuth?
    private let memory = Memory()

    /// What was found out before.
    private final class Memory: Sendable {
        let leader = Mutex(MesosLeaderDetector.State.unknown)
        /// The leader that the slave itself named as its master, last.
        let confirmed = Mutex<MasterInfo?>(nil)
    }

    init(_ slave: SlavePlan, http: HTTPClient, credentials: HTTPRequest.BasicAuth?) {
        self.slave = slave
        self.http = http
        self.credentials = credentials
    }

    var checks: [Check] {
        [
            Check("health", proves: "the slave answers /health", timeout: .seconds(5), gates: [.live, .ready]) { await health() },
            Check("registered", proves: "the slave is registered with the leading master", timeout: .seconds(8)) { await registered() },
        ]
    }

    private func health() async -> Check.Outcome {
        do throws(HTTPClientError) {
            let status = try await http.send(HTTPRequest("GET", "http://\(slave.reachable)/health", timeout: .seconds(4))).status
            return status == 200 ? .pass("answers at \(slave.reachable)") : .fail("\(slave.reachable) answers \(status) to /health")
        } catch {
            return .fail("\(slave.reachable) does not answer: \(error.detail)")
        }
    }

    private func registered() async -> Check.Outcome {
        let leader: MasterInfo
        switch memory.leader.withLock({ $0 }) {
        case .unknown: return .fail("ZooKeeper (\(slave.zooKeeper)) has not yet said which master leads")
        case .none: return .fail("no Mesos master has announced itself at \(slave.zooKeeper.path) in ZooKeeper")
        case .leader(let info, _): leader = info
        }
        guard let metrics = await get("/metrics/snapshot") else { return .fail("the slave does not answer /metrics/snapshot") }
        guard metrics["slave/registered"]?.double == 1 else {
            return .fail("the slave is not registered with the leading master \(leader.address)")
        }
        // /state grows with the tasks: it is asked only once for each leader.
        if memory.confirmed.withLock({ $0 }) != leader {
            guard let master = await get("/state")?["master_hostname"]?.string else { return .fail("the slave names no master in /state") }
            guard master == leader.hostname || master == leader.ip else {
                return .fail("the slave is registered with \(master), but \(leader.address) leads")
            }
            memory.confirmed.withLock { $0 = leader }
        }
        return .pass("registered with \(leader.address)")
    }

    private func get(_ path: String) async -> JSON? {
        let request = HTTPRequest("GET", "http://\(slave.reachable)\(path)", timeout: .seconds(6), basicAuth: credentials)
        guard let answer = try? await http.send(request), answer.status == 200 else { return nil }
        return try? JSON(parsing: answer.body)
    }

    /// Watches the election in ZooKeeper.
    var leaderWatch: Companion {
        Companion("leader-watch") { [memory, url = slave.zooKeeper] context in
            let client = ZooKeeperClient(url: url, logger: context.logger)
            client.start()
            do {
                for try await state in MesosLeaderDetector(client: client).changes() { memory.leader.withLock { $0 = state } }
            } catch {
                memory.leader.withLock { $0 = .unknown }
                await client.close()
                throw error
            }
            await client.close()
        }
    }
}
