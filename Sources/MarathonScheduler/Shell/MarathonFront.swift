import ClusterCore
import EngineSupport
import HTTPClient
import MesosFramework

/// What every Marathon, leader or standby, answers with: the leader its API, a standby the leader's answer.
struct MarathonFront: Sendable {
    let gate: RoleGate
    let proxy: LeaderProxy
    let own: HostPort
    let authentication: BasicAuthentication?
    let allowOrigin: String?

    var handler: EngineRouter.Handler {
        let handler: EngineRouter.Handler = { request in await answer(request) }
        return authentication?.protect(handler) ?? handler
    }

    private func answer(_ request: EngineRequest) async -> EngineResponse {
        // As long as upstream tries: ten times a quarter of a second.
        switch await gate.decided(within: .milliseconds(2500)) {
        case .undecided: return .text("Could not determine the current leader\n", status: 503)
        case .standby(let leader): return await proxy.forward(request, to: leader)
        case .leader(let router):
            var response = await router.respond(to: request)
            response.headers["X-Marathon-Leader"] = "http://\(own)"
            if let allowOrigin { response.headers["Access-Control-Allow-Origin"] = allowOrigin }
            response.headers["Cache-Control"] = "no-cache, no-store, must-revalidate"
            response.headers["Pragma"] = "no-cache"
            response.headers["Expires"] = "0"
            return response
        }
    }
}
