import ClusterCore
import EngineSupport
import HTTPClient
import JSON
import Logging
import Mesos

/// The master's HTTP endpoints, each at the root and under `/master` (Mesos documentation, "HTTP Endpoints").
struct MasterRoutes: Sendable {
    let node: MasterNode
    let logger: Logger

    /// All routes.
    func router() -> EngineRouter {
        var router = EngineRouter(notFound: unknown)
        classic(into: &router)
        own(into: &router)
        api(into: &router)
        agents(into: &router)
        return router
    }

    private typealias LeaderHandler = @Sendable (EngineRequest, Master) async throws(ClusterError) -> EngineResponse

    private func both(
        _ router: inout EngineRouter, _ methods: [String], _ path: String, _ realm: MasterAuthentication.Realm,
        _ handler: @escaping EngineRouter.Handler
    ) {
        let protected = node.configuration.authentication.protect(realm, handler)
        for method in methods {
            router.on(method, at: path, protected)
            router.on(method, at: "/master\(path)", protected)
        }
    }

    /// A follower names the leader: `307 //host:port/master/…`, as a real one does.
    private func onLeader(_ handler: @escaping LeaderHandler) -> EngineRouter.Handler {
        { request in
            switch node.place {
            case .leader(let master):
                do throws(ClusterError) {
                    return try await handler(request, master)
                } catch {
                    // It has lost the leadership meanwhile, or can't keep what it accepts: come again, to whoever leads then.
                    return .json(["error": .string(error.message)], status: 503)
                }
            case .noLeader: return .text("No leader elected", status: 503)
            case .follower(let leader):
                let path = request.target.hasPrefix("/master/") ? request.target : "/master\(request.target)"
                return .redirect(to: "//\(HostPort(host: leader.hostname, port: leader.port))\(path)")
            }
        }
    }

    private func classic(into router: inout EngineRouter) {
        let views = MasterViews(node: node)
        func view(_ path: String, _ body: @escaping @Sendable (EngineRequest, MasterState) -> JSON) {
            both(
                &router, ["GET"], path, .readOnly,
                onLeader { request, master in Self.wrapped(body(request, await master.state), request) })
        }
        view("/state") { _, state in views.state(state) }
        view("/state-summary") { _, state in state.summaryView(cluster: node.configuration.cluster) }
        view("/slaves") { request, state in state.slavesView(only: request.query("slave_id")) }
        view("/frameworks") { request, state in state.frameworksView(only: request.query("framework_id")) }
        view("/roles") { _, state in state.rolesView() }
        view("/quota") { _, _ in ["infos": []] }
        view("/weights") { _, state in
            .array(state.limits.weights.sorted { $0.key < $1.key }.map { ["role": .string($0.key), "weight": .double($0.value)] })
        }
        view("/maintenance/schedule") { _, _ in [:] }
        view("/maintenance/status") { _, _ in [:] }
        view("/tasks") { request, state in
            state.tasksView(
                limit: request.query("limit").flatMap(Int.init) ?? 100, offset: request.query("offset").flatMap(Int.init) ?? 0,
                ascending: request.query("order") == "asc", frameworkID: request.query("framework_id"),
                taskID: request.query("task_id"))
        }
        both(&router, ["POST"], "/teardown", .readWrite, onLeader(teardown))
    }

    /// What every master answers by itself.
    private func own(into router: inout EngineRouter) {
        let views = MasterViews(node: node)
        both(&router, ["GET"], "/health", .open) { _ in .empty(status: 200) }
        both(&router, ["GET"], "/version", .open) { request in Self.wrapped(EmbeddedMesosVersion.json, request) }
        both(&router, ["GET"], "/flags", .readOnly) { request in Self.wrapped(["flags": views.flags], request) }
        both(&router, ["GET", "HEAD"], "/redirect", .open) { _ in
            guard let leader = node.leader else { return .text("No leader elected", status: 503) }
            return .redirect(to: "//\(HostPort(host: leader.hostname, port: leader.port))")
        }
        let metrics = node.configuration.authentication.protect(.readOnly) { request in
            var subscribers = 0
            var state: MasterState?
            if case .leader(let master) = node.place {
                state = await master.state
                subscribers = await master.subscriberCount
            }
            return Self.wrapped(.object(MasterMetrics.snapshot(node: node, state: state, subscribers: subscribers)), request)
        }
        router.on("GET", at: "/metrics/snapshot", metrics)
        router.on("GET", at: "/system/stats.json") { request in Self.wrapped(.object(SystemFigures.read().statsJSON), request) }
        router.on("GET", at: "/") { _ in .text(Self.page, type: "text/plain; charset=utf-8") }
    }

    private static let page = """
        This is the embedded Mesos master of a development or test cluster. It has no web pages; see /state, /tasks, /frameworks,
        /slaves and /metrics/snapshot. In production Apache Mesos runs here.

        """

    private func api(into router: inout EngineRouter) {
        let methods = ["GET", "POST", "PUT", "DELETE"]
        both(&router, methods, "/api/v1/scheduler", .frameworks) { request in
            if let refusal = APIRequest.refusal(of: request) { return refusal }
            return await onLeader { (request, master) throws(ClusterError) in
                try await SchedulerEndpoint(master: master).respond(to: request)
            }(request)
        }
        both(&router, methods, "/api/v1", .readOnly) { request in
            if let refusal = APIRequest.refusal(of: request) { return refusal }
            return await onLeader { (request, master) throws(ClusterError) in
                try await OperatorEndpoint(node: node, master: master).respond(to: request)
            }(request)
        }
    }

    private func agents(into router: inout EngineRouter) {
        typealias Body = @Sendable (AgentEndpoint, EngineRequest) async throws(ClusterError) -> EngineResponse
        func on(_ method: String, _ path: String, _ body: @escaping Body) {
            let handler = onLeader { (request, master) throws(ClusterError) in try await body(AgentEndpoint(master: master), request) }
            router.on(method, at: AgentProtocol.basePath + path, node.configuration.authentication.protect(.agents, handler))
        }
        on("POST", "") { (agent, request) throws(ClusterError) in try await agent.register(request) }
        on("POST", "/:id/stream") { (agent, request) throws(ClusterError) in try await agent.stream(request) }
        on("POST", "/:id/updates") { (agent, request) throws(ClusterError) in try await agent.update(request) }
        on("POST", "/:id/pong") { (agent, request) throws(ClusterError) in try await agent.pong(request) }
        on("DELETE", "/:id") { (agent, request) throws(ClusterError) in try await agent.remove(request) }
    }

    private func teardown(_ request: EngineRequest, _ master: Master) async throws(ClusterError) -> EngineResponse {
        guard let id = request.form().first(where: { $0.name == "frameworkId" })?.value else {
            return .text("Missing 'frameworkId' query parameter in the request body", status: 400)
        }
        let isKnown = try await master.change { state, now in
            guard state.frameworks[id] != nil else { return false }
            state.removeFramework(id, now)
            return true
        }
        return isKnown ? .empty(status: 200) : .text("No framework found with specified ID", status: 400)
    }

    /// Anything else: an upstream agent or framework driver knocks with libprocess messages.
    private func unknown(_ request: EngineRequest) async -> EngineResponse {
        guard request.path.contains("/mesos.internal.") || request.headers["Libprocess-From"] != nil else { return .empty(status: 404) }
        let who = request.headers["Libprocess-From"] ?? request.peer ?? "somebody"
        logger.warning(
            "\(who) speaks libprocess (\(request.path)): this is the embedded Mesos master, which takes embedded slaves and HTTP schedulers only"
        )
        return .text(
            "This is an embedded Mesos master: it takes embedded slaves and v1 HTTP schedulers only. Use ENGINE=upstream on every node "
                + "to run Apache Mesos.\n", status: 400)
    }

    /// JSON, or JSONP where the query asks for it.
    private static func wrapped(_ json: JSON, _ request: EngineRequest) -> EngineResponse {
        guard let callback = request.query("jsonp") else { return .json(json) }
        guard callback.allSatisfy({ $0.isLetter || $0.isNumber || $0 == "_" || $0 == "." || $0 == "$" }) else { return .empty(status: 400) }
        return .text("\(callback)(\(json.text()));", type: "text/javascript")
    }
}
