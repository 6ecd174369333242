import JSON
import Mesos

/// The parts of the views that are the process's, not the state's.
struct MasterViews: Sendable {
    let node: MasterNode

    /// `/flags`, in alphabetical order.
    var flags: JSON { .object(JSONObject(node.configuration.flags.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) })) }

    /// `/state`
    func state(_ state: MasterState) -> JSON {
        let info = node.info
        var object: JSONObject = [
            "version": .string(EmbeddedMesosVersion.version), "git_tag": .string(EmbeddedMesosVersion.tag),
            "build_date": EmbeddedMesosVersion.json["build_date"] ?? "", "build_time": 0.0, "build_user": "embedded-engine",
            "start_time": .double(node.started.wall), "elected_time": .double(state.electedTime), "id": .string(info.id),
            "pid": .string(info.pid), "hostname": .string(info.hostname),
            "capabilities": .array(info.capabilities.map { .string($0) }),
            "activated_slaves": .double(Double(state.agents.values.count { $0.isConnected })),
            "deactivated_slaves": .double(Double(state.agents.values.count { !$0.isConnected })),
            "unreachable_slaves": .double(Double(state.unreachableAgents.count)), "leader": .string(info.pid),
            "leader_info": [
                "id": .string(info.id), "pid": .string(info.pid), "port": .number(info.port), "hostname": .string(info.hostname),
            ],
        ]
        if let cluster = node.configuration.cluster { object["cluster"] = .string(cluster) }
        if let directory = node.configuration.flags["log_dir"] { object["log_dir"] = .string(directory) }
        object["flags"] = flags
        state.stateView(into: &object)
        return .object(object)
    }
}
