import EngineSupport
import JSON
import Marathon

/// `/v2/tasks`, and the tasks below `/v2/apps`
extension MarathonAPI {
    func addTasks(_ router: inout EngineRouter) {
        router.on("GET", at: "/v2/tasks", answering(listAllTasks))
        router.on("POST", at: "/v2/tasks/delete", answering(killListed))
    }

    private func listAllTasks(_ request: EngineRequest) async throws -> EngineResponse {
        if request.wantsText {
            return .text(await scheduler.read { core, _ in core.tasksText(core.root.apps.values.sorted { $0.id < $1.id }) })
        }
        let states = Set(request.queryValues("status") + request.queryValues("status[]"))
        for state in states where state != "running" && state != "staging" {
            throw APIFailure(400, "'\(state)' is not a task status: expected running or staging")
        }
        let tasks = await scheduler.read { core, _ in
            core.instances.values.filter { instance in
                guard !states.isEmpty else { return true }
                let isStaging = instance.condition == .created || instance.condition == .staging
                return states.contains(isStaging ? "staging" : "running") && (isStaging || instance.condition == .running)
            }.sorted { $0.taskID < $1.taskID }.map { core.json($0) }
        }
        return .json(["tasks": .array(tasks)])
    }

    func listTasks(of path: [String], _ request: EngineRequest) async throws -> EngineResponse {
        let isGroup = path.last == "*"
        let id = try pathID(isGroup ? path.dropLast() : path[...])
        let wantsText = request.wantsText
        let (text, tasks) = try await scheduler.read { core, _ in
            if !isGroup, core.root.apps[id] == nil { throw APIFailure.appNotFound(id) }
            let apps = isGroup ? core.root.apps(within: id) : [core.root.apps[id]].compactMap(\.self)
            if wantsText { return (core.tasksText(apps), [JSON]()) }
            return ("", apps.flatMap { core.instances(of: $0.id) }.map { core.json($0) })
        }
        return wantsText ? .text(text) : .json(["tasks": .array(tasks)])
    }

    /// How tasks shall be killed.
    private struct Options {
        let scale: Bool
        let force: Bool

        init(_ request: EngineRequest) throws(APIFailure) {
            scale = request.flag("scale")
            force = request.flag("force")
            if scale, request.flag("wipe") { throw APIFailure(400, "You cannot use scale and wipe at the same time.") }
        }
    }

    func killTasks(of path: [String], _ request: EngineRequest) async throws -> EngineResponse {
        let options = try Options(request)
        let id = try pathID(path)
        let host = request.query("host")
        let (killed, change) = try await scheduler.perform { core, now throws(APIFailure) in
            guard core.root.apps[id] != nil else { throw APIFailure.appNotFound(id) }
            let tasks = core.instances(of: id).filter { $0.isActive && (host == nil || host == "*" || $0.host == host) }
            let json = tasks.map { core.json($0) }
            return (json, try core.killTasks(tasks, scale: options.scale, force: options.force, now: now))
        }
        return change.map { changed($0) } ?? .json(["tasks": .array(killed)])
    }

    func killTask(_ task: String, of id: PathID, _ request: EngineRequest) async throws -> EngineResponse {
        let options = try Options(request)
        let (killed, change) = try await scheduler.perform { core, now throws(APIFailure) in
            guard core.root.apps[id] != nil else { throw APIFailure.appNotFound(id) }
            guard let instance = core.instances[task], instance.appID == id else { throw APIFailure(404, "Task '\(task)' does not exist") }
            let json = core.json(instance)
            return (json, try core.killTasks([instance], scale: options.scale, force: options.force, now: now))
        }
        return change.map { changed($0) } ?? .json(["task": killed])
    }

    private func killListed(_ request: EngineRequest) async throws -> EngineResponse {
        let options = try Options(request)
        guard let ids = try request.json()["ids"]?.array else { throw APIFailure.invalid([FieldProblem("/ids", "error.path.missing")]) }
        let names = ids.compactMap(\.string)
        for name in names {
            let app = name.lastIndex(of: ".").flatMap { PathID(safePath: name[..<$0]) }
            guard app != nil else { throw APIFailure(400, "Invalid task id '\(name)'. [\(name)] is not a task id of Marathon") }
        }
        let (killed, change) = try await scheduler.perform { core, now throws(APIFailure) in
            let tasks = names.compactMap { core.instances[$0] }
            let json = tasks.map { core.json($0) }
            return (json, try core.killTasks(tasks, scale: options.scale, force: options.force, now: now))
        }
        return change.map { changed($0) } ?? .json(["tasks": .array(killed)])
    }
}
