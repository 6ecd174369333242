import JSON
import Marathon
import Mesos

/// What the shell has to do after the core has decided something: first all writes, then the rest in order.
enum Effect: Sendable {
    /// Keep it in ZooKeeper.
    case write(StateWrite)
    /// Tell the master.
    case call(SchedulerCall.Kind)
    /// Tell who listens to `/v2/events`.
    case publish(MarathonEvent)
    /// Begin to check a task.
    case startProbes([Probe])
    /// No longer check a task.
    case stopProbes(taskID: String)
}

/// One node of the state; nil deletes it.
struct StateWrite: Sendable, Hashable {
    /// Below the state's root, without a leading slash: `instances/web/web.1234`.
    let path: String
    let value: [UInt8]?

    /// The most bytes that one node may have: what ZooKeeper takes (1 MB for a request), less room for what is added to a node later.
    static let limit = 800_000
}

/// What `/v2/events` tells.
struct MarathonEvent: Sendable, Hashable {
    let type: String
    let json: JSON

    init(_ type: String, at moment: Timestamp, _ fields: KeyValuePairs<String, JSON?>) {
        self.type = type
        var object = JSONObject()
        for (key, value) in fields { if let value { object[key] = value } }
        object["eventType"] = .string(type)
        object["timestamp"] = .string(moment.description)
        json = .object(object)
    }
}

/// A check that the leader runs.
struct Probe: Sendable, Hashable {
    enum Purpose: Sendable, Hashable {
        /// Index in the app's health checks.
        case health(Int)
        /// Index in the app's readiness checks.
        case readiness(Int)
    }
    enum Method: Sendable, Hashable {
        case http(url: String)
        case tcp(host: String, port: Int)
    }
    let taskID: String
    let purpose: Purpose
    let method: Method
    let interval: Duration
    let timeout: Duration
    /// How long failures mean nothing but that the task is coming up.
    let patience: Duration
}

/// What a probe found.
enum ProbeResult: Sendable, Hashable {
    /// Something answered: an HTTP status and body, or a connection (status 0).
    case answer(status: Int, type: String?, body: String)
    /// Nothing did.
    case failure(String)
}
