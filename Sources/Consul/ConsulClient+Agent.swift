public import ClusterCore
import HTTPClient
import JSON

extension ConsulClient {
    /// The services registered with this agent, by id.
    public func agentServices(timeout: Duration = .seconds(5)) async throws(ClusterError) -> [String: ServiceRegistration] {
        let json = try await require("GET", "/v1/agent/services", timeout: timeout).json()
        var out: [String: ServiceRegistration] = [:]
        for (id, service) in json.object ?? [:] {
            out[id] = ServiceRegistration(
                id: id, name: service["Service"]?.string ?? "", address: service["Address"]?.string ?? "", port: service["Port"]?.int ?? 0,
                tags: service["Tags"]?.textElements ?? [], meta: service["Meta"]?.textMembers ?? [:])
        }
        return out
    }

    /// Registers a service, or replaces the one of the same id and its checks.
    public func register(_ service: ServiceRegistration, timeout: Duration = .seconds(5)) async throws(ClusterError) {
        let query: [(String, String?)] = [("replace-existing-checks", "true")]
        _ = try await require("PUT", "/v1/agent/service/register", query: query, body: service.json.bytes(), timeout: timeout)
    }

    /// Takes a service and its checks out of the agent; one that isn't there is fine.
    public func deregister(serviceID: String, timeout: Duration = .seconds(5)) async throws(ClusterError) {
        let path = "/v1/agent/service/deregister/\(PercentEncoding.component(serviceID))"
        do throws(ClusterError) {
            _ = try await call("PUT", path, timeout: timeout)
        } catch  where error.message.contains("Unknown service") {
            // 1.8 answers 500 for a service that it does not know.
        }
    }

    /// Reports the state of a TTL check.
    public func report(
        checkID: String, _ health: ServiceHealth, output: String = "", timeout: Duration = .seconds(5)
    ) async throws(ClusterError) {
        let body = JSON.members(["Status": .string(health.rawValue), "Output": .string(output)]).bytes()
        _ = try await require("PUT", "/v1/agent/check/update/\(PercentEncoding.component(checkID))", body: body, timeout: timeout)
    }

    /// Health of all checks of this agent, by check id.
    public func agentChecks(timeout: Duration = .seconds(5)) async throws(ClusterError) -> [String: ServiceHealth] {
        let json = try await require("GET", "/v1/agent/checks", timeout: timeout).json()
        var out: [String: ServiceHealth] = [:]
        for (id, check) in json.object ?? [:] { out[id] = check["Status"]?.string.flatMap(ServiceHealth.init) ?? .critical }
        return out
    }

    /// Asks the agent to leave the datacenter. On a server this takes it out of the raft: not for a mere restart.
    public func leave() async throws(ClusterError) { _ = try await require("PUT", "/v1/agent/leave") }
}
