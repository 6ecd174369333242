import JSON
import Marathon

/// Deployments as events and the API show them.
extension SchedulerCore {
    func stepFields(_ deployment: Deployment) -> KeyValuePairs<String, JSON?> {
        ["plan": plan(deployment), "currentStep": ["actions": .array(deployment.currentActions.map(\.json))]]
    }

    /// The plan with the affected apps as they were and as they shall be.
    func plan(_ deployment: Deployment) -> JSON {
        .members([
            "id": .string(deployment.id),
            "original": groupJSON(deployment.originals, version: deployment.originals.values.max() ?? deployment.version),
            "target": groupJSON(deployment.targets, version: deployment.version), "steps": deployment.stepsJSON,
            "version": .string(deployment.version.description),
        ])
    }

    private func groupJSON(_ apps: [PathID: Timestamp], version: Timestamp) -> JSON {
        let definitions = apps.sorted { $0.key < $1.key }.compactMap { versions[$0.key]?[$0.value]?.json }
        return [
            "id": "/", "apps": .array(definitions), "groups": [], "dependencies": [], "version": .string(version.description),
            "pods": [],
        ]
    }

    /// An element of `GET /v2/deployments`.
    func json(_ deployment: Deployment) -> JSON {
        [
            "id": .string(deployment.id), "version": .string(deployment.version.description),
            "affectedApps": .array(deployment.affectedApps.sorted().map { .string($0.description) }), "affectedPods": [],
            "steps": deployment.stepsJSON,
            "currentActions": .array(
                deployment.currentActions.map { action in
                    [
                        "action": .string(action.kind.rawValue), "app": .string(action.app.description),
                        "readinessCheckResults": .array(readinessResults(action.app)),
                    ]
                }),
            "currentStep": .number(min(deployment.currentStep + 1, deployment.steps.count)),
            "totalSteps": .number(deployment.steps.count),
        ]
    }

    /// `readinessCheckResults` of an app's tasks.
    func readinessResults(_ id: PathID) -> [JSON] {
        instances(of: id).flatMap { instance -> [JSON] in
            guard let app = app(of: instance) else { return [] }
            return (readiness[instance.taskID] ?? [:]).sorted { $0.key < $1.key }.compactMap { index, result in
                guard app.readinessChecks.indices.contains(index) else { return nil }
                let check = app.readinessChecks[index]
                return .members([
                    "name": .string(check.name), "taskId": .string(instance.taskID), "ready": .bool(result.isReady),
                    "lastResponse": check.preserveLastResponse ? result.lastResponse : nil,
                ])
            }
        }
    }
}
