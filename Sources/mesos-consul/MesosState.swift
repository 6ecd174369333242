import ClusterCore
import JSON

/// What the bridge reads of a master's `/state` (Mesos 0.28 to 1.11).
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
    }

    /// A port of a task.
    struct Port: Sendable, Hashable {
        let number: Int
        let name: String?
        let labels: [String: String]
    }

    /// A task that runs.
    struct Task: Sendable, Hashable {
        let id: String
        let frameworkID: String
        let name: String
        let slaveID: String
        let labels: [String: String]
        let ports: [Port]
        /// nil where nothing checks it.
        let isHealthy: Bool?
    }

    /// Which term of which master it is; empty where it is not told.
    let term: String
    let slaves: [Slave]
    let tasks: [Task]

    init(json: JSON) throws(ClusterError) {
        guard let slaves = json["slaves"]?.array, let frameworks = json["frameworks"]?.array else {
            throw ClusterError(
                .invalid, "the Mesos master's /state has no slaves and frameworks: it does not lead, or is of an unknown version")
        }
        term = "\(json["id"]?.string ?? "")/\(json["elected_time"]?.double ?? 0)"
        self.slaves = slaves.compactMap(Self.slave)
        let lists = frameworks.map { $0["tasks"]?.array ?? [] } + [json["orphan_tasks"]?.array ?? []]
        tasks = lists.flatMap { $0.compactMap(Self.task) }
    }

    private static func slave(_ json: JSON) -> Slave? {
        guard let id = json["id"]?.string, let hostname = json["hostname"]?.string else { return nil }
        let pid = json["pid"]?.string ?? ""
        let parts = pid.split(separator: "@", maxSplits: 1)
        let endpoint = parts.count == 2 ? HostPort(parts[1]) : nil
        return Slave(
            id: id, address: endpoint?.host ?? hostname, port: endpoint?.port ?? 5051, hostname: hostname,
            process: parts.first.map(String.init) ?? "slave(1)")
    }

    private static func task(_ json: JSON) -> Task? {
        guard let id = json["id"]?.string, json["state"]?.string == "TASK_RUNNING", let slave = json["slave_id"]?.string else { return nil }
        let discovered = json["discovery"]?["ports"]?["ports"]?.array ?? []
        var ports = discovered.compactMap { port -> Port? in
            guard let number = port["number"]?.int, (1...65535).contains(number) else { return nil }
            return Port(number: number, name: port["name"]?.string, labels: labels(port["labels"]?["labels"]))
        }
        if ports.isEmpty { ports = Self.ports(json["resources"]?["ports"]?.string ?? "").map { Port(number: $0, name: nil, labels: [:]) } }
        return Task(
            id: id, frameworkID: json["framework_id"]?.string ?? "", name: json["name"]?.string ?? id, slaveID: slave,
            labels: labels(json["labels"]), ports: ports, isHealthy: health(json))
    }

    /// The last status tells, where something checks the task; before the first result a checked task is not healthy.
    private static func health(_ json: JSON) -> Bool? {
        let last = json["statuses"]?.array?.max { ($0["timestamp"]?.double ?? 0) < ($1["timestamp"]?.double ?? 0) }
        if let healthy = last?["healthy"]?.bool { return healthy }
        return json["health_check"].map { !$0.isNull } == true ? false : nil
    }

    private static func labels(_ json: JSON?) -> [String: String] {
        var out: [String: String] = [:]
        for label in json?.array ?? [] { if let key = label["key"]?.string { out[key] = label["value"]?.string ?? "" } }
        return out
    }

    /// `[31000-31001, 31005-31005]`; at most 64 ports of a task are of interest.
    private static func ports(_ text: String) -> [Int] {
        var out: [Int] = []
        for range in text.filter({ $0 != "[" && $0 != "]" && $0 != " " }).split(separator: ",") {
            let ends = range.split(separator: "-").compactMap { Int($0) }
            guard let first = ends.first, let last = ends.last, (1...65535).contains(first), first <= last, last <= 65535 else { continue }
            out += Array(first...last).prefix(64 - out.count)
        }
        return out
    }
}
