import JSON
import Marathon

/// A request that is refused, as Marathon's exception mapper answers it.
struct APIFailure: Error, Sendable, Hashable {
    let status: Int
    let json: JSON

    init(_ status: Int, _ message: String) {
        self.status = status
        json = ["message": .string(message)]
    }

    init(_ status: Int, json: JSON) {
        self.status = status
        self.json = json
    }

    /// What is to be kept does not fit.
    static func tooLarge(_ write: StateWrite, _ bytes: Int) -> APIFailure {
        APIFailure(
            413,
            "What is to be stored as '\(write.path)' has \(bytes) bytes; ZooKeeper holds at most \(StateWrite.limit) of it. Move large values "
                + "('cmd', 'env', 'labels') to files that the tasks fetch, or split the group.")
    }

    static func appNotFound(_ id: PathID, version: String? = nil) -> APIFailure {
        APIFailure(404, "App '\(id)' does not exist" + (version.map { " in version \($0)" } ?? ""))
    }

    static func groupNotFound(_ id: PathID) -> APIFailure { APIFailure(404, "Group '\(id)' does not exist") }

    /// 422 with every problem, those of one path together.
    static func invalid(_ problems: [FieldProblem]) -> APIFailure {
        var order: [String] = []
        var byPath: [String: [String]] = [:]
        for problem in problems {
            if byPath[problem.path] == nil { order.append(problem.path) }
            byPath[problem.path, default: []].append(problem.message)
        }
        let details = order.map { path -> JSON in
            ["path": .string(path), "errors": .array((byPath[path] ?? []).map { .string($0) })]
        }
        return APIFailure(422, json: ["message": "Object is not valid", "details": .array(details)])
    }

    static func locked(by deployments: [Deployment]) -> APIFailure {
        let first = deployments.first?.id ?? ""
        return APIFailure(
            409,
            json: [
                "message": .string(
                    "App is locked by one or more deployments. Override with the option '?force=true'. "
                        + "View details at '/v2/deployments/\(first)'."),
                "deployments": .array(deployments.map { ["id": .string($0.id)] }),
            ])
    }
}
