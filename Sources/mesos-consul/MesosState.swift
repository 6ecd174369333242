import ClusterCore
import JSON

/// What the bridge reads of Mesos: a master's `/state` (0.28 to 1.11), or the same in the words of its operator API.
struct MesosState: Sendable, Hashable {
    /// A slave that is registered with this master.
    struct Slave: Sendable, Hashable {
        let id: String
        /// Its own address, from its libprocess id; the host name where that has none.
        let address: String
        let port: Int
        let hostname: String
        /// `slave(1)`: the path of its endpoints.
        let process: String

        init?(id: String?, hostname: String?, pid: String) {
            guard let id, let hostname else { return nil }
            let parts = pid.split(separator: "@", maxSplits: 1)
            let endpoint = parts.count == 2 ? HostPort(parts[1]) : nil
            self.id = id
            self.hostname = hostname
            address = endpoint?.host ?? hostname
            port = endpoint?.port ?? 5051
            process = parts.first.map(String.init) ?? "slave(1)"
        }
    }

    /// A port of a task.
    struct Port: Sendable, Hashable {
        let number: Int
        let name: String?
        let labels: [String: String]
    }

    /// A task that a slave has.
    struct Task: Sendable, Hashable {
        let id: String
        let frameworkID: String
        let name: String
        let slaveID: String
        var state: String
        let labels: [String: String]
        let ports: [Port]
        /// nil where nothing checks it.
        var isHealthy: Bool?
        /// By where they were found; not that of the host.
        var addresses: [AddressSource: String]
        var isChecked: Bool

        var isRunning: Bool { state == "TASK_RUNNING" }
    }

    /// The slaves that are registered.
    let slaves: [Slave]
    /// The slaves of before this master led that it still waits for; nil where it doesn't tell (before 1.5).
    let recovered: Set<String>?
    let tasks: [Task]
    /// Names of the frameworks, by id.
    let frameworks: [String: String]

    /// Reads `/state`.
    init(json: JSON) throws(ClusterError) {
        guard let slaves = json["slaves"]?.array, let frameworks = json["frameworks"]?.array else {
            throw ClusterError(
                .invalid, "the Mesos master's /state has no slaves and frameworks: it does not lead, or is of an unknown version")
        }
        self.slaves = slaves.compactMap { Slave(id: $0["id"]?.string, hostname: $0["hostname"]?.string, pid: $0["pid"]?.string ?? "") }
        recovered = json["recovered_slaves"]?.array.map { Set($0.compactMap { $0["id"]?.string }) }
        let lists = frameworks.map { $0["tasks"]?.array ?? [] } + [json["orphan_tasks"]?.array ?? []]
        tasks = lists.flatMap { $0.compactMap(Task.init(state:)) }
        self.frameworks = Self.names(frameworks) { ($0["id"]?.string, $0["name"]?.string) }
    }

    /// Reads the `get_state` of a SUBSCRIBED event (Mesos documentation, "Operator HTTP API").
    init(operatorState json: JSON) throws(ClusterError) {
        guard let agents = json["get_agents"], let tasks = json["get_tasks"] else {
            throw ClusterError(.invalid, "the Mesos master's event SUBSCRIBED has no agents and tasks: it is of an unknown version")
        }
        slaves = (agents["agents"]?.array ?? []).compactMap(Slave.init(operatorAgent:))
        // An empty list is left out by protobuf's JSON.
        recovered = Set((agents["recovered_agents"]?.array ?? []).compactMap { $0["id"]?["value"]?.string })
        self.tasks = ((tasks["tasks"]?.array ?? []) + (tasks["orphan_tasks"]?.array ?? [])).compactMap(Task.init(operatorTask:))
        frameworks = Self.names(json["get_frameworks"]?["frameworks"]?.array ?? []) {
            ($0["framework_info"]?["id"]?["value"]?.string, $0["framework_info"]?["name"]?.string)
        }
    }

    private static func names(_ list: [JSON], _ read: (JSON) -> (String?, String?)) -> [String: String] {
        var out: [String: String] = [:]
        for json in list { if case (let id?, let name?) = read(json) { out[id] = name } }
        return out
    }
}
