import EngineSupport
import HTTPClient
import JSON
import Marathon

/// `/v2/apps`
extension MarathonAPI {
    func addApps(_ router: inout EngineRouter) {
        router.on("GET", at: "/v2/apps", answering(listApps))
        router.on("POST", at: "/v2/apps", answering(createApp))
        router.on("PUT", "PATCH", at: "/v2/apps", answering(updateApps))
        router.on("GET", at: "/v2/apps/*rest", answering(getApp))
        router.on("PUT", "PATCH", at: "/v2/apps/*rest", answering(updateApp))
        router.on("POST", at: "/v2/apps/*rest", answering(restartApp))
        router.on("DELETE", at: "/v2/apps/*rest", answering(deleteApp))
    }

    private func listApps(_ request: EngineRequest) async throws -> EngineResponse {
        let embedding = Embedding(request.queryValues("embed"), prefix: "apps.")
        let selector = try request.query("label").flatMap { text -> LabelSelector? in
            guard !text.isEmpty else { return nil }
            guard let parsed = LabelSelector(text) else { throw APIFailure(400, "The label selector '\(text)' can't be read") }
            return parsed
        }
        let wantedID = request.query("id")?.lowercased()
        let wantedCommand = request.query("cmd")?.lowercased()
        let filter = { @Sendable (app: App) in
            (wantedID.map { app.id.description.lowercased().contains($0) } ?? true)
                && (wantedCommand.map { (app.cmd ?? "").lowercased().contains($0) } ?? true)
                && (selector?.matches(app.labels) ?? true)
        }
        let apps = await scheduler.read { core, now in
            core.root.apps.values.filter(filter).sorted { $0.id < $1.id }.map { core.json($0, embedding, now: now) }
        }
        return .json(["apps": .array(apps)])
    }

    private func createApp(_ request: EngineRequest) async throws -> EngineResponse {
        let json = try request.json()
        let force = request.flag("force")
        let (change, body) = try await scheduler.perform { core, now throws(APIFailure) in
            let (change, app) = try core.createApp(json, force: force, now: now)
            return (change, (app, core.json(app, Embedding([], prefix: ""), now: now)))
        }
        await publishPost(request, body.0.json)
        var object = body.1.object ?? JSONObject()
        object["deployments"] = [["id": .string(change.deploymentID)]]
        object["tasks"] = []
        var response = EngineResponse.json(.object(object), status: 201)
        response.headers["Location"] = body.0.id.description
        response.headers["Marathon-Deployment-Id"] = change.deploymentID
        return response
    }

    private func updateApps(_ request: EngineRequest) async throws -> EngineResponse {
        guard let documents = try request.json().array else {
            throw APIFailure.invalid([FieldProblem("/", "error.expected.jsarray")])
        }
        var updates: [SchedulerCore.AppUpdate] = []
        for (index, json) in documents.enumerated() {
            guard let text = json["id"]?.string, let id = PathID(text), !id.isRoot else {
                throw APIFailure.invalid([FieldProblem("/(\(index))/id", "error.path.missing")])
            }
            updates.append(SchedulerCore.AppUpdate(id: id, json: json, path: "/(\(index))"))
        }
        let (all, force, isPartial) = (updates, request.flag("force"), isPartial(request))
        let change = try await scheduler.perform { core, now throws(APIFailure) in
            try core.updateApps(all, force: force, isPartial: isPartial, now: now)
        }
        return changed(change)
    }

    private func isPartial(_ request: EngineRequest) -> Bool {
        request.method == "PATCH" || request.flag("partialUpdate", default: true)
    }

    private func updateApp(_ request: EngineRequest) async throws -> EngineResponse {
        let json = try request.json()
        let id = try pathID(request.rest)
        guard !id.isRoot else { throw APIFailure.invalid([FieldProblem("/id", "error.path.missing")]) }
        if let text = json["id"]?.string, PathID(text, below: id.parent ?? .root) != id {
            throw APIFailure.invalid([FieldProblem("/id", "The id of the path and that of the body differ")])
        }
        let (force, isPartial) = (request.flag("force"), isPartial(request))
        let update = SchedulerCore.AppUpdate(id: id, json: json, path: "/")
        let (change, existed, app) = try await scheduler.perform { core, now throws(APIFailure) in
            let existed = core.root.apps[id] != nil
            if !existed, request.method == "PATCH" { throw APIFailure.appNotFound(id) }
            let change = try core.updateApps([update], force: force, isPartial: isPartial, now: now)
            return (change, existed, core.root.apps[id])
        }
        await publishPost(request, app?.json ?? json)
        return changed(change, status: existed ? 200 : 201, location: existed ? nil : id.description)
    }

    private func restartApp(_ request: EngineRequest) async throws -> EngineResponse {
        let rest = request.rest
        guard rest.last == "restart" else { return .json(["message": .string("URI not found: \(request.path)")], status: 404) }
        let id = try pathID(rest.dropLast())
        let force = request.flag("force")
        return changed(try await scheduler.perform { core, now throws(APIFailure) in try core.restartApp(id, force: force, now: now) })
    }

    private func getApp(_ request: EngineRequest) async throws -> EngineResponse {
        let rest = request.rest
        if rest.last == "tasks" { return try await listTasks(of: Array(rest.dropLast()), request) }
        if rest.last == "versions" { return try await listVersions(try pathID(rest.dropLast())) }
        if rest.count > 2, rest[rest.count - 2] == "versions" {
            return try await getVersion(try pathID(rest.dropLast(2)), rest[rest.count - 1])
        }
        if rest.last == "*" {
            let group = try pathID(rest.dropLast())
            let apps = await scheduler.read { core, now in core.root.apps(within: group).map { core.json($0, .full, now: now) } }
            return .json(["*": .array(apps)])
        }
        let id = try pathID(rest)
        var embedding = Embedding(request.queryValues("embed"), prefix: "app.")
        if embedding == Embedding([], prefix: "") { embedding = .full }
        let chosen = embedding
        let json = try await scheduler.read { core, now in
            guard let app = core.root.apps[id] else { throw APIFailure.appNotFound(id) }
            return core.json(app, chosen, now: now)
        }
        return .json(["app": json])
    }

    private func listVersions(_ id: PathID) async throws -> EngineResponse {
        let versions = try await scheduler.read { core, _ in
            guard core.root.apps[id] != nil, let all = core.versions[id] else { throw APIFailure.appNotFound(id) }
            return all.keys.sorted(by: >).map { JSON.string($0.description) }
        }
        return .json(["versions": .array(versions)])
    }

    private func getVersion(_ id: PathID, _ text: String) async throws -> EngineResponse {
        let json = try await scheduler.read { core, _ in
            guard let version = Timestamp(text), let app = core.versions[id]?[version] else {
                throw APIFailure.appNotFound(id, version: text)
            }
            return app.json
        }
        return .json(json)
    }

    private func deleteApp(_ request: EngineRequest) async throws -> EngineResponse {
        let rest = request.rest
        if rest.last == "tasks" { return try await killTasks(of: Array(rest.dropLast()), request) }
        if rest.count > 2, rest[rest.count - 2] == "tasks" {
            return try await killTask(rest[rest.count - 1], of: try pathID(rest.dropLast(2)), request)
        }
        let id = try pathID(rest)
        let force = request.flag("force", default: true)
        return changed(try await scheduler.perform { core, now throws(APIFailure) in try core.deleteApp(id, force: force, now: now) })
    }
}
