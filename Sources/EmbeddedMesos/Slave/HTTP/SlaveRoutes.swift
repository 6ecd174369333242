import EngineSupport
import HTTPClient
import JSON

/// The slave's HTTP endpoints, each at the root and below `/slave(1)`, as upstream has them.
struct SlaveRoutes: Sendable {
    let slave: Slave
    let configuration: SlaveConfiguration

    /// All routes.
    var router: EngineRouter {
        var router = EngineRouter()
        let files = SandboxFiles(workDirectory: configuration.workDirectory)
        func open(_ path: String, _ handler: @escaping EngineRouter.Handler) {
            for prefix in ["", "/slave(1)"] { router.on("GET", at: prefix + path, Self.withCallback(handler)) }
        }
        func reading(_ path: String, _ handler: @escaping EngineRouter.Handler) {
            open(path, configuration.authentication.protectReading(handler))
        }
        let (slave, flags) = (slave, configuration.flags)
        open("/health") { _ in .empty(status: 200) }
        open("/version") { _ in .json(EmbeddedMesosVersion.json) }
        reading("/state") { _ in .json(await slave.stateView()) }
        reading("/flags") { _ in .json(["flags": SlaveViews.flags(flags)]) }
        reading("/metrics/snapshot") { _ in .json(await slave.metricsView()) }
        reading("/monitor/statistics") { _ in .json(await slave.statisticsView()) }
        reading("/containers") { _ in .json(await slave.containersView()) }
        reading("/system/stats.json") { _ in .json(SlaveViews.system()) }
        for (path, handler) in [
            ("/files/browse", files.browse), ("/files/read", files.read), ("/files/download", files.download),
            ("/files/debug", files.debug),
        ] as [(String, EngineRouter.Handler)] {
            router.on("GET", at: path, Self.withCallback(configuration.authentication.protectReading(handler)))
        }
        return router
    }

    /// `?jsonp=name` wraps a JSON answer in a call of that function, as Mesos' web interface wants it.
    private static func withCallback(_ handler: @escaping EngineRouter.Handler) -> EngineRouter.Handler {
        { request in
            let response = await handler(request)
            guard let name = request.query("jsonp"), !name.isEmpty, let bytes = response.bytes, response.status == 200,
                response.headers["Content-Type"]?.hasPrefix("application/json") ?? false,
                name.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || "_$.".contains($0)) })
            else { return response }
            return EngineResponse(
                status: 200, headers: ["Content-Type": "text/javascript"], body: .bytes(Array("\(name)(".utf8) + bytes + Array(");".utf8)))
        }
    }
}
