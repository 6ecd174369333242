import EngineSupport
import HTTPClient
import JSON
import Logging
import Marathon

/// The leader's REST API, as of Marathon 1.5.15.
struct MarathonAPI: Sendable {
    let scheduler: Scheduler
    /// `/v2/info`, given the framework's id.
    let info: @Sendable (_ frameworkID: String?) -> JSON
    /// `host:port` of this leader.
    let leader: String
    /// Gives up leadership once the answer has been sent.
    let abdicate: @Sendable () -> Void
    let logger: Logger

    /// Everything that a leader answers.
    var router: EngineRouter {
        var router = EngineRouter { request in
            .json(["message": .string("URI not found: \(request.path)")], status: 404)
        }
        addApps(&router)
        addGroups(&router)
        addTasks(&router)
        addDeployments(&router)
        addSystem(&router)
        return router
    }

    /// Turns what is thrown into the answer that Marathon's exception mapper gives.
    func answering(_ body: @escaping @Sendable (EngineRequest) async throws -> EngineResponse) -> EngineRouter.Handler {
        { request in
            do {
                return try await body(request)
            } catch let failure as APIFailure {
                return .json(failure.json, status: failure.status)
            } catch let error as JSONParseError {
                return .json(["message": "Invalid JSON", "details": .string(error.description)], status: 400)
            } catch {
                logger.error("a request failed", metadata: ["uri": "\(request.path)", "reason": "\(error)"])
                return .json(["message": .string("\(error)")], status: 503)
            }
        }
    }

    /// The answer to a change.
    func changed(_ change: SchedulerCore.Change, status: Int = 200, location: String? = nil) -> EngineResponse {
        var response = EngineResponse.json(change.json, status: status)
        response.headers["Marathon-Deployment-Id"] = change.deploymentID
        if let location { response.headers["Location"] = location }
        return response
    }

    /// Tells event listeners who changed what.
    func publishPost(_ request: EngineRequest, _ definition: JSON) async {
        await scheduler.announce(
            "api_post_event",
            [
                "clientIp": .string(request.peer ?? ""), "uri": .string(request.path), "appDefinition": definition,
            ])
    }
}

extension EngineRequest {
    /// `force=`; a bare `force` counts as true.
    func flag(_ name: String, default standard: Bool = false) -> Bool {
        guard let value = query(name) else { return standard }
        return value != "false"
    }

    /// The segments that `*rest` captured.
    var rest: [String] { (captures["rest"] ?? "").split(separator: "/").map { String($0) } }

    var wantsText: Bool {
        guard let accept = headers["Accept"] else { return false }
        return accept.contains("text/plain") && !accept.contains("application/json")
    }
}

/// Reads an id from a path.
func pathID(_ segments: some Sequence<String>) throws(APIFailure) -> PathID {
    let text = "/" + segments.joined(separator: "/")
    guard let id = PathID(text) else { throw APIFailure.invalid([FieldProblem("/id", "error.pattern: '\(text)' is not a valid path")]) }
    return id
}

extension Scheduler {
    /// Publishes an event of the API.
    func announce(_ type: String, _ fields: KeyValuePairs<String, JSON?>) {
        let now = read { _, now in now }
        events.publish(MarathonEvent(type, at: now, fields))
    }
}
