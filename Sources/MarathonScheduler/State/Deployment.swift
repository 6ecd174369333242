import JSON
import Marathon

/// A way from one state of the apps to another, step by step. It is kept in ZooKeeper, so a new leader goes on where the last one was.
struct Deployment: Sendable, Hashable {
    struct Action: Sendable, Hashable {
        enum Kind: String, Sendable {
            case start = "StartApplication"
            case scale = "ScaleApplication"
            case stop = "StopApplication"
            case restart = "RestartApplication"
        }
        let kind: Kind
        let app: PathID
    }

    let id: String
    let version: Timestamp
    /// Actions of one step run side by side.
    let steps: [[Action]]
    /// Versions of the affected apps before; an app that is absent was new.
    let originals: [PathID: Timestamp]
    /// Versions of the affected apps behind it; an app that is absent is removed.
    let targets: [PathID: Timestamp]
    /// Groups that it made.
    let madeGroups: [PathID]
    /// Groups that it removed or whose dependencies it changed, as they were.
    let changedGroups: [PathID: [PathID]]
    /// Index of the step that is under way.
    var currentStep = 0

    init(
        id: String, version: Timestamp, steps: [[Action]], originals: [PathID: Timestamp], targets: [PathID: Timestamp],
        madeGroups: [PathID],
        changedGroups: [PathID: [PathID]], currentStep: Int = 0
    ) {
        self.id = id
        self.version = version
        self.steps = steps
        self.originals = originals
        self.targets = targets
        self.madeGroups = madeGroups
        self.changedGroups = changedGroups
        self.currentStep = currentStep
        affectedApps = Set(steps.joined().map(\.app))
    }

    /// Apps of any step.
    let affectedApps: Set<PathID>
    var isFinished: Bool { currentStep >= steps.count }
    var currentActions: [Action] { isFinished ? [] : steps[currentStep] }

    /// What is done about an app now; nil where its turn has not come or is over.
    func currentAction(for app: PathID) -> Action? { currentActions.first { $0.app == app } }
    /// True where a later step will touch the app.
    func isWaiting(for app: PathID) -> Bool {
        !isFinished && steps[(currentStep + 1)...].joined().contains { $0.app == app } && currentAction(for: app) == nil
    }
}

extension Deployment {
    /// As ZooKeeper keeps it.
    var json: JSON {
        func versions(_ map: [PathID: Timestamp]) -> JSON {
            .object(JSONObject(map.sorted { $0.key < $1.key }.map { ($0.key.description, .string($0.value.description)) }))
        }
        return .members([
            "id": .string(id), "version": .string(version.description), "steps": stepsJSON, "originals": versions(originals),
            "targets": versions(targets), "madeGroups": .array(madeGroups.map { .string($0.description) }),
            "changedGroups": .object(
                JSONObject(
                    changedGroups.sorted { $0.key < $1.key }.map {
                        ($0.key.description, .array($0.value.map { .string($0.description) }))
                    })),
            "currentStep": .number(currentStep),
        ])
    }

    /// `[{"actions":[{"action":…,"app":…}]}]`, the form of the API since 1.4.
    var stepsJSON: JSON { .array(steps.map { ["actions": .array($0.map(\.json))] }) }

    init?(json: JSON) {
        func versions(_ key: String) -> [PathID: Timestamp] {
            var map: [PathID: Timestamp] = [:]
            for (name, value) in json[key]?.object ?? [:] {
                if let id = PathID(name), let moment = value.string.flatMap({ Timestamp($0) }) { map[id] = moment }
            }
            return map
        }
        guard let id = json["id"]?.string, let version = json["version"]?.string.flatMap({ Timestamp($0) }),
            let steps = json["steps"]?.array, let current = json["currentStep"]?.int
        else { return nil }
        var changed: [PathID: [PathID]] = [:]
        for (name, value) in json["changedGroups"]?.object ?? [:] {
            if let id = PathID(name) { changed[id] = (value.array ?? []).compactMap { $0.string.flatMap { PathID($0) } } }
        }
        self.init(
            id: id, version: version,
            steps: steps.map { step in
                (step["actions"]?.array ?? []).compactMap { action in
                    guard let kind = action["action"]?.string.flatMap({ Action.Kind(rawValue: $0) }),
                        let app = action["app"]?.string.flatMap({ PathID($0) })
                    else { return nil }
                    return Action(kind: kind, app: app)
                }
            }, originals: versions("originals"), targets: versions("targets"),
            madeGroups: (json["madeGroups"]?.array ?? []).compactMap { $0.string.flatMap { PathID($0) } }, changedGroups: changed,
            currentStep: current)
    }
}

extension Deployment.Action {
    var json: JSON { ["action": .string(kind.rawValue), "app": .string(app.description)] }
}
