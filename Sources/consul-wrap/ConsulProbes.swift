import Checks
import ClusterCore
import Consul
import HTTPClient

/// Asks the agent how it is.
struct ConsulProbes: Sendable {
    private let client: ConsulClient
    private let agent: ConsulAgentPlan

    init(_ agent: ConsulAgentPlan, http: HTTPClient) {
        self.agent = agent
        let address = agent.clientAddresses.first ?? agent.bindAddress
        let reachable = address == "0.0.0.0" ? "127.0.0.1" : address == "::" ? "::1" : address
        client = ConsulClient(ConsulAddress(host: reachable, port: agent.httpPort), http: http)
    }

    // The status endpoints need no token, whatever the ACLs are.
    var checks: [Check] {
        [
            Check("agent", proves: "the agent answers its HTTP API", timeout: .seconds(5), gates: [.live]) { await lookAtAgent() },
            Check("leader-known", proves: "the datacenter has a leader that this agent reaches", timeout: .seconds(5)) {
                await lookForLeader()
            },
        ]
    }

    /// Any answer will do: without a leader the agent answers 500, and a restart would not bring one.
    private func lookAtAgent() async -> Check.Outcome {
        do throws(ClusterError) {
            _ = try await client.leader(timeout: .seconds(4))
            return .pass("answers at \(client.address)")
        } catch {
            if error.cause is HTTPClientError { return .fail(error.description) }
            return .pass("answers at \(client.address): \(error.message)")
        }
    }

    private func lookForLeader() async -> Check.Outcome {
        do throws(ClusterError) {
            guard let leader = try await client.leader(timeout: .seconds(4)) else { return .fail(noLeader) }
            return .pass("leader is \(leader)")
        } catch {
            return .fail(error.description)
        }
    }

    private var noLeader: String {
        let count = agent.servers.count
        return
            "no leader: \(Majority.of(count)) of \(count) servers (\(agent.servers.joined(separator: ", "))) must be up and reach one another"
    }

    func role() async -> Role {
        guard agent.mode == .server else { return .member("agent") }
        do throws(ClusterError) {
            guard let leader = try await client.leader(timeout: .seconds(2)) else { return .unknown(noLeader) }
            let own = HostPort(host: agent.advertisedAddress, port: agent.serverPort).description
            return leader == own ? .leader : .standby(leader: leader)
        } catch {
            return .unknown(error.description)
        }
    }
}
