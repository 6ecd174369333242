import ClusterCore
import JSON

extension MesosState.Slave {
    /// An `Agent` of the operator API.
    init?(operatorAgent json: JSON) {
        let info = json["agent_info"]
        self.init(id: info?["id"]?["value"]?.string, hostname: info?["hostname"]?.string, pid: json["pid"]?.string ?? "")
    }
}

extension MesosState.Task {
    /// An element of `tasks` in `/state`.
    init?(state json: JSON) {
        let ports = Self.ports(json["resources"]?["ports"]?.string ?? "")
        self.init(
            json, id: json["id"]?.string, frameworkID: json["framework_id"]?.string, slaveID: json["slave_id"]?.string,
            labels: Self.labels(json["labels"]), ports: ports)
    }

    /// A `Task` of the operator API.
    init?(operatorTask json: JSON) {
        var ports: [Int] = []
        for resource in json["resources"]?.array ?? [] where resource["name"] == "ports" {
            for range in resource["ranges"]?["range"]?.array ?? [] {
                if let begin = range["begin"]?.int, let end = range["end"]?.int { Self.append(begin, end, to: &ports) }
            }
        }
        self.init(
            json, id: json["task_id"]?["value"]?.string, frameworkID: json["framework_id"]?["value"]?.string,
            slaveID: json["agent_id"]?["value"]?.string, labels: Self.labels(json["labels"]?["labels"]), ports: ports)
    }

    private init?(_ json: JSON, id: String?, frameworkID: String?, slaveID: String?, labels: [String: String], ports: [Int]) {
        guard let id, let slaveID, let state = json["state"]?.string else { return nil }
        self.id = id
        self.frameworkID = frameworkID ?? ""
        self.slaveID = slaveID
        self.state = state
        self.labels = labels
        name = json["name"]?.string ?? id
        let discovered = (json["discovery"]?["ports"]?["ports"]?.array ?? []).compactMap { port -> MesosState.Port? in
            guard let number = port["number"]?.int, (1...65535).contains(number) else { return nil }
            return MesosState.Port(number: number, name: port["name"]?.string, labels: Self.labels(port["labels"]?["labels"]))
        }
        self.ports = discovered.isEmpty ? ports.map { MesosState.Port(number: $0, name: nil, labels: [:]) } : discovered
        isChecked = json["health_check"].map { !$0.isNull } ?? false
        isHealthy = nil
        addresses = [:]
        let last = json["statuses"]?.array?.max { ($0["timestamp"]?.double ?? 0) < ($1["timestamp"]?.double ?? 0) }
        if let last { note(status: last) }
        // Before the first result a checked task is not healthy.
        if isChecked, isHealthy == nil { isHealthy = false }
    }

    /// Takes what a status tells beside the state.
    mutating func note(status: JSON) {
        if let healthy = status["healthy"]?.bool { isHealthy = healthy }
        let networks = status["container_status"]?["network_infos"]?.array ?? []
        if let address = networks.lazy.flatMap({ $0["ip_addresses"]?.array ?? [] }).compactMap({ $0["ip_address"]?.string }).first {
            addresses[.netinfo] = address
        }
        let labels = Self.labels(status["labels"]?["labels"] ?? status["labels"])
        addresses[.mesos] = labels["MesosContainerizer.NetworkSettings.IPAddress"] ?? addresses[.mesos]
        addresses[.docker] = labels["Docker.NetworkSettings.IPAddress"] ?? addresses[.docker]
    }

    private static func labels(_ json: JSON?) -> [String: String] {
        var out: [String: String] = [:]
        for label in json?.array ?? [] { if let key = label["key"]?.string { out[key] = label["value"]?.string ?? "" } }
        return out
    }

    /// `[31000-31001, 31005-31005]`
    private static func ports(_ text: String) -> [Int] {
        var out: [Int] = []
        for range in text.filter({ $0 != "[" && $0 != "]" && $0 != " " }).split(separator: ",") {
            let ends = range.split(separator: "-").compactMap { Int($0) }
            if let first = ends.first, let last = ends.last { append(first, last, to: &out) }
        }
        return out
    }

    /// At most 64 ports of a task are of interest.
    private static func append(_ first: Int, _ last: Int, to ports: inout [Int]) {
        guard (1...65535).contains(first), first <= last, last <= 65535 else { return }
        ports += Array(first...last).prefix(64 - ports.count)
    }
}
