import EngineSupport
import JSON
import Marathon

/// `/v2/groups`
extension MarathonAPI {
    func addGroups(_ router: inout EngineRouter) {
        for path in ["/v2/groups", "/v2/groups/*rest"] {
            router.on("GET", at: path, answering(getGroup))
            router.on("POST", at: path, answering(createGroup))
            router.on("PUT", at: path, answering(updateGroup))
            router.on("DELETE", at: path, answering(deleteGroup))
        }
    }

    private func getGroup(_ request: EngineRequest) async throws -> EngineResponse {
        let rest = request.rest
        if rest.last == "versions" {
            let id = try pathID(rest.dropLast())
            let versions = try await scheduler.read { core, _ in
                guard core.root.groups[id] != nil else { throw APIFailure.groupNotFound(id) }
                return core.groupVersions(id).map { JSON.string($0.description) }
            }
            return .json(.array(versions))
        }
        if rest.count >= 2, rest[rest.count - 2] == "versions" {
            let id = try pathID(rest.dropLast(2))
            let text = rest[rest.count - 1]
            let apps = try await scheduler.read { core, _ in try core.group(id, at: text).map(\.json) }
            return .json([
                "id": .string(id.description), "apps": .array(apps), "groups": [], "dependencies": [], "version": .string(text),
                "pods": [],
            ])
        }
        if rest.last == "apps" {
            let id = try pathID(rest.dropLast())
            let embedding = Embedding(request.queryValues("embed"), prefix: "apps.")
            let apps = await scheduler.read { core, now in core.root.apps(within: id).map { core.json($0, embedding, now: now) } }
            return .json(["apps": .array(apps)])
        }
        let id = try pathID(rest)
        let embed = request.queryValues("embed")
        let json = try await scheduler.read { core, now in
            guard core.root.groups[id] != nil else { throw APIFailure.groupNotFound(id) }
            return core.json(id, embed: embed, now: now)
        }
        return .json(json)
    }

    /// The group that a body is about: its own id, taken below the path's.
    private func target(_ request: EngineRequest, _ json: JSON) throws(APIFailure) -> PathID {
        let base = try pathID(request.rest)
        guard let text = json["id"]?.string else { return base }
        guard let id = PathID(text, below: request.method == "PUT" ? base.parent ?? .root : base) else {
            throw APIFailure.invalid([FieldProblem("/id", "error.pattern")])
        }
        guard request.method == "POST" || base.isRoot || id == base else {
            throw APIFailure.invalid([FieldProblem("/id", "The id of the path and that of the body differ")])
        }
        return id
    }

    private func createGroup(_ request: EngineRequest) async throws -> EngineResponse {
        let json = try request.json()
        let id = try target(request, json)
        let force = request.flag("force")
        let change = try await scheduler.perform { core, now throws(APIFailure) in
            try core.createGroup(id, json, force: force, now: now)
        }
        return changed(change, status: 201, location: id.description)
    }

    private func updateGroup(_ request: EngineRequest) async throws -> EngineResponse {
        let json = try request.json()
        let id = try target(request, json)
        let force = request.flag("force")
        if request.flag("dryRun") {
            let steps = try await scheduler.read { core, now in try core.groupSteps(id, json, now: now) }
            return .json(["steps": .array(steps.map { ["actions": .array($0.map(\.json))] })])
        }
        let change = try await scheduler.perform { core, now throws(APIFailure) in
            try core.updateGroup(id, json, force: force, now: now)
        }
        return changed(change)
    }

    private func deleteGroup(_ request: EngineRequest) async throws -> EngineResponse {
        let id = try pathID(request.rest)
        let force = request.flag("force")
        return changed(try await scheduler.perform { core, now throws(APIFailure) in try core.deleteGroup(id, force: force, now: now) })
    }
}
