import EngineSupport
import JSON
import MesosFramework

/// What every Chronos, leader or standby, answers with: the leader its API, a standby the leader's answer. `/ping` is each one's own.
struct ChronosFront: Sendable {
    let gate: RoleGate
    let proxy: LeaderProxy
    let authentication: BasicAuthentication?

    var handler: EngineRouter.Handler {
        let handler: EngineRouter.Handler = { request in await answer(request) }
        return authentication?.protect(handler) ?? handler
    }

    /// Answers a request; during an election as soon as it is decided, for at most 3 s.
    private func answer(_ request: EngineRequest) async -> EngineResponse {
        if request.path == "/ping" { return .text("pong") }
        switch await gate.decided(within: .seconds(3)) {
        case .undecided: return .json(["status": "503", "message": "no Chronos leads at the moment; ask again"], status: 503)
        case .standby(let leader): return await proxy.forward(request, to: leader)
        case .leader(let router): return await router.respond(to: request)
        }
    }
}
