import Checks
import ClusterCore
import JSON
import ZooKeeper

/// What is asked of the running server.
struct ZooKeeperChecks: Sendable {
    /// This server.
    let server: HostPort
    /// All members' client addresses.
    let ensemble: [HostPort]

    var checks: [Check] {
        [
            Check("answers", proves: "the server process answers ruok", gates: [.live]) {
                do throws(ClusterError) {
                    let answer = try await FourLetterWord.ruok.ask(server, timeout: .milliseconds(1800))
                    return answer == "imok" ? .pass("imok") : .fail("\(server) answers ruok with something else than imok")
                } catch {
                    return .fail("\(server) \(error)")
                }
            },
            Check("serving", proves: "the server leads or follows, so it can take sessions", gates: [.ready]) {
                let own = await ownStatus()
                if let mode = own.mode, mode != .readOnly { return .pass("mode \(mode.rawValue)") }
                return .fail("\(server) \(own.reason ?? "does not serve")")
            },
            Check("majority", proves: "more than half of the ensemble serves", timeout: .seconds(3), gates: []) {
                let status = await EnsembleStatus.ask(ensemble, timeout: .seconds(2))
                return status.hasMajority ? .pass("\(status)") : .fail("\(status)")
            },
        ]
    }

    func role() async -> Role {
        let own = await ownStatus()
        switch own.mode {
        case .leader, .standalone: return .leader
        case .follower:
            let leader = await EnsembleStatus.ask(ensemble, timeout: .seconds(1)).leader
            return .standby(leader: leader?.description)
        case .observer: return .member("observer")
        case .readOnly, nil: return .unknown("\(server) \(own.reason ?? "does not serve")")
        }
    }

    func status() async -> JSON {
        let status = await EnsembleStatus.ask(ensemble, timeout: .seconds(2))
        let servers = status.servers.map { server -> JSON in
            .members([
                "address": .string(server.address.description), "mode": server.mode.map { .string($0.rawValue) } ?? .null,
                "reason": server.reason.map { .string($0) } ?? .null,
            ])
        }
        return .members([
            "summary": .string(status.description), "majority": .bool(status.hasMajority), "servers": .array(servers),
        ])
    }

    private func ownStatus() async -> EnsembleStatus.Server {
        let status = await EnsembleStatus.ask([server], timeout: .milliseconds(1800))
        return status.servers.first ?? .init(address: server, mode: nil, reason: "was not asked")
    }
}
