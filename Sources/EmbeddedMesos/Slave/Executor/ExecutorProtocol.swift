import ClusterCore
import JSON

/// What the slave tells its executor: one JSON object a line, on the executor's Unix socket.
enum ExecutorCommand: Sendable, Hashable {
    /// Start the task that is checkpointed in this directory.
    case launch(directory: String)
    /// Take over the task of this directory, which an executor that is gone has started.
    case adopt(directory: String)
    /// End a task. `grace` nil: the task's own.
    case kill(container: String, grace: Duration?, reportsKilling: Bool)
    /// End all tasks.
    case endAll

    /// One line.
    var json: JSON {
        switch self {
        case .launch(let directory): ["launch": .string(directory)]
        case .adopt(let directory): ["adopt": .string(directory)]
        case .kill(let container, let grace, let reportsKilling):
            .members([
                "kill": .string(container), "grace_ms": grace.map { .int($0.milliseconds) }, "reports_killing": .bool(reportsKilling),
            ])
        case .endAll: ["end_all": true]
        }
    }

    /// Reads a line; nil for what is no command.
    init?(json: JSON) {
        if let directory = json["launch"]?.string {
            self = .launch(directory: directory)
        } else if let directory = json["adopt"]?.string {
            self = .adopt(directory: directory)
        } else if let container = json["kill"]?.string {
            self = .kill(
                container: container, grace: (json["grace_ms"]?.int).map { .milliseconds($0) },
                reportsKilling: json["reports_killing"]?.bool ?? false)
        } else if json["end_all"] != nil {
            self = .endAll
        } else {
            return nil
        }
    }
}

/// What the executor tells the slave.
enum ExecutorMessage: Sendable, Hashable {
    /// The first message of a connection: the containers that this executor supervises.
    case hello(containers: [String])
    /// Something has become of a task; it is in the task's file already.
    case event(container: String, TaskEvent)

    /// One line.
    var json: JSON {
        switch self {
        case .hello(let containers): ["hello": .array(containers.map { .string($0) })]
        case .event(let container, let event): ["event": event.json, "container": .string(container)]
        }
    }

    /// Reads a line; nil for what is no message.
    init?(json: JSON) {
        if let containers = json["hello"]?.array {
            self = .hello(containers: containers.compactMap(\.string))
        } else if let container = json["container"]?.string, let event = json["event"].flatMap({ TaskEvent(json: $0) }) {
            self = .event(container: container, event)
        } else {
            return nil
        }
    }
}
