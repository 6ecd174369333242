import Chronos
import ClusterCore
import EngineSupport
import JSON

/// The REST API of the leading Chronos: `/v1/scheduler` as 3.0.2 serves it, and `/scheduler` as 2.4.0 does, over the same jobs.
struct ChronosAPI: Sendable {
    let leader: ChronosLeader
    /// `host:port` that this Chronos is reached at.
    let address: String
    /// What 2.4.0 writes for jobs without an epsilon of their own.
    let defaultEpsilon: String
    /// True where the tasks go to the embedded Mesos, which runs processes and Docker containers, but no images by itself and no GPUs.
    var isOnEmbeddedMesos: @Sendable () async -> Bool = { false }

    var router: EngineRouter {
        var router = EngineRouter()
        for version in ChronosVersion.allCases {
            addJobs(to: &router, version)
            addCommands(to: &router, version)
            addLooks(to: &router, version)
        }
        router.on("GET", at: "/metrics") { [self] _ in
            await answer(.v3_0) { () async throws(ClusterError) in .json(MetricsView(core: try await leader.perform()).json) }
        }
        return router
    }

    private func addJobs(to router: inout EngineRouter, _ version: ChronosVersion) {
        let prefix = version.prefix
        router.on("GET", at: "\(prefix)/jobs") { [self] _ in
            await answer(version) { () async throws(ClusterError) in
                .json(list(try await leader.perform().jobs.values.sorted { $0.job.name < $1.job.name }, version))
            }
        }
        router.on("GET", at: "\(prefix)/jobs/search") { [self] request in
            await answer(version) { () async throws(ClusterError) in
                .json(list(try JobSearch(request).pick(from: try await leader.perform().jobs.values), version))
            }
        }
        router.on("GET", at: "\(prefix)/job/:name") { [self] request in
            await answer(version) { () async throws(ClusterError) in
                let record = try await leader.perform().record(request.captures["name"] ?? "")
                return .json(record.shown.json(version, defaultEpsilon: defaultEpsilon))
            }
        }
        // 3.0.2 takes POST only.
        let methods = version == .v2_4 ? ["POST", "PUT"] : ["POST"]
        for method in methods {
            router.on(method, at: "\(prefix)/iso8601") { [self] request in await store(request, .iso8601, version) }
            router.on(method, at: "\(prefix)/dependency") { [self] request in await store(request, .dependency, version) }
        }
    }

    private func list(_ records: some Sequence<JobRecord>, _ version: ChronosVersion) -> JSON {
        .array(records.map { $0.shown.json(version, defaultEpsilon: defaultEpsilon) })
    }

    private func store(_ request: EngineRequest, _ form: ChronosJob.Form, _ version: ChronosVersion) async -> EngineResponse {
        await answer(version) { () async throws(ClusterError) in
            let json: JSON
            do { json = try request.json() } catch { throw ClusterError(.invalid, "the body is not JSON: \(error)") }
            let job = leader.settings.builder.complete(try ChronosJob(json: json, form: form))
            if let problem = ChronosJob.problem(withName: job.name, in: version) { throw ClusterError(.invalid, problem) }
            if let wrong = job.constraints.first(where: { !$0.isReadable }) {
                throw ClusterError(.invalid, "'\(wrong.value)' in a constraint of job '\(job.name)' is not a regular expression")
            }
            if job.gpus > 0 || job.container?.kind == .mesos, await isOnEmbeddedMesos() {
                throw ClusterError(
                    .invalid,
                    job.container?.kind == .mesos
                        ? "the Mesos containerizer of the embedded Mesos runs no images (job '\(job.name)'); use the container type DOCKER, or Apache Mesos"
                        : "the embedded Mesos has no GPUs to give (job '\(job.name)'); leave 'gpus' out, or use Apache Mesos")
            }
            _ = try await leader.perform { core, now throws(ClusterError) in try core.put(job, now: now) }
            return .empty(status: 204)
        }
    }

    private func addCommands(to router: inout EngineRouter, _ version: ChronosVersion) {
        let prefix = version.prefix
        func command(
            _ method: String, _ path: String,
            _ run: @escaping @Sendable (String, EngineRequest) async throws(ClusterError) -> EngineResponse
        ) {
            router.on(method, at: prefix + path) { [self] request in
                await answer(version) { () async throws(ClusterError) in try await run(request.captures["name"] ?? "", request) }
            }
        }
        command("PUT", "/job/:name") { name, request throws(ClusterError) in
            let arguments = request.queryValues("arguments").filter { !$0.isEmpty }
            _ = try await leader.perform { core, now throws(ClusterError) in try core.runNow(name, arguments: arguments, now: now) }
            return .empty(status: 204)
        }
        command("DELETE", "/job/:name") { name, _ throws(ClusterError) in
            _ = try await leader.perform { core, _ throws(ClusterError) in try core.delete(name) }
            return .empty(status: 204)
        }
        command("PUT", "/job/success/:name") { name, _ throws(ClusterError) in
            _ = try await leader.perform { core, now throws(ClusterError) in try core.markSuccess(name, now: now) }
            return .text("marked job \(name) as successful: true")
        }
        command("DELETE", "/task/kill/:name") { name, _ throws(ClusterError) in
            _ = try await leader.perform { core, now throws(ClusterError) in try core.killTasks(of: name, now: now) }
            return .empty(status: 204)
        }
        guard version == .v2_4 else { return }
        command("DELETE", "/task/all") { _, _ throws(ClusterError) in
            _ = try await leader.perform { core, _ throws(ClusterError) in core.dropQueued() }
            return .empty(status: 204)
        }
    }

    private func addLooks(to router: inout EngineRouter, _ version: ChronosVersion) {
        let prefix = version.prefix
        func look(_ path: String, _ view: @escaping @Sendable (SchedulerCore, EngineRequest) throws(ClusterError) -> EngineResponse) {
            router.on("GET", at: prefix + path) { [self] request in
                await answer(version) { () async throws(ClusterError) in try view(try await leader.perform(), request) }
            }
        }
        let address = address
        look("/leader") { _, _ throws(ClusterError) in .json(["leader": .string(address)]) }
        look("/jobs/summary") { core, _ throws(ClusterError) in .json(GraphView(core: core).summary) }
        look("/graph/dot") { core, _ throws(ClusterError) in .text(GraphView(core: core).dot) }
        look("/graph/csv") { core, _ throws(ClusterError) in .text(GraphView(core: core).csv(version)) }
        look("/job/stat/:name") { core, request throws(ClusterError) in
            let record = try core.record(request.captures["name"] ?? "")
            return .json(MetricsView(core: core).statistics(of: record.job.name))
        }
        look("/stats/:which") { core, request throws(ClusterError) in
            .json(try MetricsView(core: core).times(request.captures["which"] ?? ""))
        }
    }

    /// Turns errors into each version's answers.
    private func answer(
        _ version: ChronosVersion, _ body: () async throws(ClusterError) -> EngineResponse
    ) async -> EngineResponse {
        do throws(ClusterError) {
            return try await body()
        } catch {
            let status =
                switch error.code {
                case .notFound, .invalid: 400
                case .unavailable: 503
                default: 500
                }
            if version == .v2_4 { return .text(error.message, status: status) }
            return .json(["status": .string("\(status)"), "message": .string(error.message)], status: status)
        }
    }
}
