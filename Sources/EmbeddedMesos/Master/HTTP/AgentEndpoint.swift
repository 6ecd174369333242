import ClusterCore
import EngineSupport
import HTTPClient
import JSON
import Mesos

/// `/embedded/v1/agents`: see `AgentProtocol`.
struct AgentEndpoint: Sendable {
    let master: Master

    func register(_ request: EngineRequest) async throws(ClusterError) -> EngineResponse {
        let registration: AgentProtocol.Registration
        do {
            registration = try AgentProtocol.Registration(json: try APIRequest.json(request))
        } catch {
            return .json(["error": .string(error.message)], status: error.code == .conflict ? 409 : 400)
        }
        return .json(["agent_id": .string(try await master.register(registration))])
    }

    func stream(_ request: EngineRequest) async throws(ClusterError) -> EngineResponse {
        guard let stream = try await master.openAgentStream(request.captures["id"] ?? "") else { return unknown }
        return .stream(stream, type: "application/recordio", headers: ["Message-Content-Type": "application/json"])
    }

    func update(_ request: EngineRequest) async throws(ClusterError) -> EngineResponse {
        let id = request.captures["id"] ?? ""
        let update: AgentProtocol.Update
        do {
            update = try AgentProtocol.Update(json: try APIRequest.json(request))
        } catch {
            return .json(["error": .string(error.message)], status: 400)
        }
        return try await master.change { state, now in state.update(update, from: id, now) } ? .empty(status: 202) : unknown
    }

    func pong(_ request: EngineRequest) async throws(ClusterError) -> EngineResponse {
        let id = request.captures["id"] ?? ""
        return try await master.change { state, now in state.pong(id, now) } ? .empty(status: 202) : unknown
    }

    func remove(_ request: EngineRequest) async throws(ClusterError) -> EngineResponse {
        let id = request.captures["id"] ?? ""
        return try await master.change { state, now in state.agentGone(id, now) } ? .empty(status: 202) : unknown
    }

    private var unknown: EngineResponse { .json(["error": "this master does not know the agent: register first"], status: 404) }
}
