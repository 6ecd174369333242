import ClusterCore
import EngineSupport
import HTTPClient
import JSON
import Mesos

/// `/embedded/v1/agents`: see `AgentProtocol`.
struct AgentEndpoint: Sendable {
    let master: Master

    func register(_ request: EngineRequest) async -> EngineResponse {
        do {
            let registration = try AgentProtocol.Registration(json: try APIRequest.json(request))
            let id = await master.change { state, now in state.register(registration, now) }
            return .json(["agent_id": .string(id)])
        } catch {
            return .json(["error": .string(error.message)], status: error.code == .conflict ? 409 : 400)
        }
    }

    func stream(_ request: EngineRequest) async -> EngineResponse {
        guard let stream = await master.openAgentStream(request.captures["id"] ?? "") else { return unknown }
        return .stream(stream, type: "application/recordio", headers: ["Message-Content-Type": "application/json"])
    }

    func update(_ request: EngineRequest) async -> EngineResponse {
        let id = request.captures["id"] ?? ""
        do {
            let update = try AgentProtocol.Update(json: try APIRequest.json(request))
            return await master.change { state, now in state.update(update, from: id, now) } ? .empty(status: 202) : unknown
        } catch {
            return .json(["error": .string(error.message)], status: 400)
        }
    }

    func pong(_ request: EngineRequest) async -> EngineResponse {
        let id = request.captures["id"] ?? ""
        return await master.change { state, now in state.pong(id, now) } ? .empty(status: 202) : unknown
    }

    func remove(_ request: EngineRequest) async -> EngineResponse {
        let id = request.captures["id"] ?? ""
        return await master.change { state, now in state.agentGone(id, now) } ? .empty(status: 202) : unknown
    }

    private var unknown: EngineResponse { .json(["error": "this master does not know the agent: register first"], status: 404) }
}
