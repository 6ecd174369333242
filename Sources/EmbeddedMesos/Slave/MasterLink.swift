import ClusterCore
import EngineSupport
import HTTPClient
import JSON
import Mesos

/// Requests to the embedded master's `/embedded/v1/agents` (see `AgentProtocol`).
struct MasterLink: Sendable {
    let http: HTTPClient
    let master: HostPort
    let credential: HTTPRequest.BasicAuth?

    /// What the master says no to, or does not answer at all.
    enum Failure: Error, Sendable {
        /// It does not know the agent: register first.
        case unknownAgent
        /// It refuses this agent for good.
        case refused(String)
        /// Anything that may pass.
        case temporary(String)
    }

    private func request(_ path: String, _ body: JSON?, timeout: Duration?) -> HTTPRequest {
        HTTPRequest(
            "POST", "http://\(master)\(AgentProtocol.basePath)\(path)", headers: ["Content-Type": "application/json"],
            body: body?.bytes() ?? [], timeout: timeout, basicAuth: credential)
    }

    private func failure(_ status: Int, _ body: [UInt8]) -> Failure {
        let reason = (try? JSON(parsing: body))?["error"]?.string ?? "the master answered \(status)"
        return switch status {
        case 404: .unknownAgent
        case 409: .refused(reason)
        case 401, 403: .temporary("the master wants other credentials (--credential): \(reason)")
        default: .temporary(reason)
        }
    }

    /// Registers, and returns the agent's id.
    func register(_ registration: AgentProtocol.Registration) async throws(Failure) -> String {
        let response = try await send(request("", registration.json, timeout: .seconds(20)))
        guard response.status == 200 else {
            // An upstream master has no such path.
            throw response.status == 404
                ? .refused("the master at \(master) is no embedded master: an embedded slave can't join it; run Apache Mesos' slave")
                : failure(response.status, response.body)
        }
        guard let id = (try? JSON(parsing: response.body))?["agent_id"]?.string else { throw .temporary("the master gave no agent id") }
        return id
    }

    /// Opens the stream of commands.
    func stream(agentID: String) async throws(Failure) -> HTTPStream {
        var request = request("/\(agentID)/stream", nil, timeout: nil)
        request.idleTimeout = AgentProtocol.pingInterval * 5
        do {
            let stream = try await http.stream(request)
            guard stream.status == 200 else { throw failure(stream.status, []) }
            return stream
        } catch let error as Failure {
            throw error
        } catch {
            throw .temporary("\(error)")
        }
    }

    /// Sends an update; that it was taken says its acknowledgement only.
    func update(_ update: AgentProtocol.Update, agentID: String) async throws(Failure) {
        let response = try await send(request("/\(agentID)/updates", update.json, timeout: .seconds(20)))
        guard response.isSuccess else { throw failure(response.status, response.body) }
    }

    /// Answers a ping.
    func pong(agentID: String) async { _ = try? await send(request("/\(agentID)/pong", nil, timeout: .seconds(10))) }

    /// Says that the agent and its tasks have ended.
    func leave(agentID: String) async {
        var request = request("/\(agentID)", nil, timeout: .seconds(5))
        request.method = "DELETE"
        _ = try? await send(request)
    }

    private func send(_ request: HTTPRequest) async throws(Failure) -> HTTPResponse {
        do {
            return try await http.send(request)
        } catch {
            throw .temporary("\(error)")
        }
    }
}
