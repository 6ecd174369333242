import EngineSupport
import HTTPClient
import JSON
import Marathon

/// Deployments, the queue, events, and what the leader says of itself.
extension MarathonAPI {
    func addDeployments(_ router: inout EngineRouter) {
        router.on(
            "GET", at: "/v2/deployments",
            answering { _ in
                .json(.array(await scheduler.read { core, _ in core.deployments.map { core.json($0) } }))
            })
        router.on(
            "DELETE", at: "/v2/deployments/:id",
            answering { request in
                let (id, force) = (request.captures["id"] ?? "", request.flag("force"))
                let change = try await scheduler.perform { core, now throws(APIFailure) in
                    try core.stopDeployment(id, force: force, now: now)
                }
                return change.map { changed($0) } ?? .empty(status: 202)
            })
        router.on("GET", at: "/v2/queue", answering { _ in .json(await scheduler.read { core, now in core.queueJSON(now: now) }) })
        router.on(
            "DELETE", at: "/v2/queue/*rest",
            answering { request in
                let rest = request.rest
                guard rest.last == "delay" else {
                    return .json(["message": .string("URI not found: \(request.path)")], status: 404)
                }
                let id = try pathID(rest.dropLast())
                try await scheduler.perform { core, now throws(APIFailure) in try core.resetDelay(of: id, now: now) }
                return .empty(status: 204)
            })
    }

    func addSystem(_ router: inout EngineRouter) {
        router.on("GET", at: "/ping", answering { _ in .text("pong") })
        router.on(
            "GET", at: "/v2/info",
            answering { _ in .json(info(await scheduler.read { core, _ in core.connection?.frameworkID })) })
        router.on("GET", at: "/v2/leader", answering { _ in .json(["leader": .string(leader)]) })
        router.on(
            "DELETE", at: "/v2/leader",
            answering { request in
                for name in ["backup", "restore"] where request.query(name) != nil {
                    throw APIFailure(422, "'\(name)' is not supported by this Marathon")
                }
                abdicate()
                return .json(["message": "Leadership abdicated"])
            })
        router.on("GET", at: "/v2/events", answering(openEvents))
        router.on("GET", at: "/metrics", answering { _ in .json(await metrics()) })
        router.on("GET", at: "/v2/plugins", answering { _ in .json(["plugins": []]) })
        router.on("GET", at: "/v2/pods", answering { _ in .json([]) })
        let noPods = answering { _ in throw APIFailure(422, "Pods are not supported by this Marathon; use apps") }
        router.on("POST", at: "/v2/pods", noPods)
        router.on("PUT", "DELETE", at: "/v2/pods/*rest", noPods)
    }

    private func openEvents(_ request: EngineRequest) async throws -> EngineResponse {
        let types = Set(request.queryValues("event_type"))
        let peer = request.peer ?? ""
        let scheduler = scheduler
        let stream = scheduler.events.subscribe(types: types, isLight: request.query("plan-format") == "light") {
            Task { await scheduler.announce("event_stream_detached", ["remoteAddress": .string(peer)]) }
        }
        await scheduler.announce("event_stream_attached", ["remoteAddress": .string(peer)])
        return .stream(stream, type: "text/event-stream", headers: ["Cache-Control": "no-cache"])
    }

    private func metrics() async -> JSON {
        let events = scheduler.events.count
        return await scheduler.read { core, _ in
            func gauge(_ value: Int) -> JSON { ["value": .number(value)] }
            func counter(_ value: Int) -> JSON { ["count": .number(value)] }
            let states = Dictionary(grouping: core.instances.values, by: \.condition).mapValues(\.count)
            return [
                "version": "3.0.0",
                "gauges": [
                    "service.mesosphere.marathon.app.count": gauge(core.root.apps.count),
                    "service.mesosphere.marathon.group.count": gauge(core.root.groups.count),
                    "service.mesosphere.marathon.task.running.count": gauge(states[.running] ?? 0),
                    "service.mesosphere.marathon.task.staged.count": gauge((states[.staging] ?? 0) + (states[.created] ?? 0)),
                    "service.mesosphere.marathon.deployment.count": gauge(core.deployments.count),
                    "service.mesosphere.marathon.queue.count": gauge(core.queue.values.reduce(0) { $0 + $1.count }),
                    "service.mesosphere.marathon.event.streams": gauge(events),
                    "service.mesosphere.marathon.leader": gauge(1),
                ],
                "counters": [
                    "service.mesosphere.marathon.offers.received": counter(core.statistics.offersReceived),
                    "service.mesosphere.marathon.offers.used": counter(core.statistics.offersUsed),
                    "service.mesosphere.marathon.offers.declined": counter(core.statistics.offersDeclined),
                    "service.mesosphere.marathon.tasks.launched": counter(core.statistics.tasksLaunched),
                    "service.mesosphere.marathon.tasks.failed": counter(core.statistics.tasksFailed),
                    "service.mesosphere.marathon.status.updates": counter(core.statistics.statusUpdates),
                    "service.mesosphere.marathon.health.failures": counter(core.statistics.healthFailures),
                ],
                "histograms": [:], "meters": [:], "timers": [:],
            ]
        }
    }
}
