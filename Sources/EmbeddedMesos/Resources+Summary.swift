import JSON
import Mesos

extension Resources {
    /// `{"disk":…,"mem":…,"gpus":…,"cpus":…,"ports":"[…]"}`, as `/state` shows resources (a recording of Mesos 1.11).
    var summary: JSON {
        var object: JSONObject = ["disk": .double(disk), "mem": .double(mem), "gpus": .double(gpus), "cpus": .double(cpus)]
        for item in self where !["disk", "mem", "gpus", "cpus"].contains(item.name) && object[item.name] == nil {
            switch item.value {
            case .scalar: object[item.name] = .double(scalar(item.name))
            case .ranges: object[item.name] = .string(item.name == "ports" ? ports.description : item.text)
            case .set(let names): object[item.name] = .string("{\(names.sorted().joined(separator: ", "))}")
            }
        }
        return .object(object)
    }
}
