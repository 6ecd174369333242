import ClusterCore
import Mesos
import Prerequisites

/// Whether the slave may go on as the agent that it was. Mesos would refuse to start, too, but only after a while and in words that lead
/// people to delete the work directory, and their tasks with it.
struct CheckpointCheck: Sendable {
    private let checkpoint: AgentCheckpoint
    private let engine: EngineChoice.Engine
    private let workDirectory: String
    private let isAdditive: Bool

    init(_ checkpoint: AgentCheckpoint, engine: EngineChoice.Engine, workDirectory: String, isAdditive: Bool) {
        self.checkpoint = checkpoint
        self.engine = engine
        self.workDirectory = workDirectory
        self.isAdditive = isAdditive
    }

    /// Every reason why not.
    func reasons(hostname: String, port: Int, resources: String?, attributes: String?) -> [String] {
        guard checkpoint.engine == engine else {
            return [
                "\(workDirectory) holds the checkpoint of the \(checkpoint.engine.rawValue) engine, and this slave would be the "
                    + "\(engine.rawValue) one: give each its own MESOS_WORK_DIR, or set ENGINE=\(checkpoint.engine.rawValue)"
            ]
        }
        let old = checkpoint.agent
        var reasons: [String] = []
        func changed(_ variable: String, _ before: String, _ now: String, isMoreAllowed: Bool = false) {
            let more =
                isMoreAllowed && !isAdditive ? ", or, where it is only more than before, set MESOS_RECONFIGURATION_POLICY=additive" : ""
            reasons.append(
                "\(variable) was '\(before)' when agent \(old.id ?? "?") first registered, and is '\(now)' now: set it back\(more), or stop "
                    + "the slave with its tasks and remove \(workDirectory)/meta/slaves/latest to start as a new agent; nothing was changed"
            )
        }
        if hostname != old.hostname { changed("MESOS_HOSTNAME", old.hostname, hostname) }
        if port != old.port { changed("MESOS_PORT", String(old.port), String(port)) }
        if let resources, let wanted = try? Resources(text: resources) {
            // What is not named is taken from the host, which this check does not know.
            let names = Set(wanted.items.map(\.name))
            let before = Resources(old.resources.filter { names.contains($0.name) })
            let isSame = wanted.contains(before) && before.contains(wanted)
            if !isSame && !(isAdditive && wanted.contains(before)) {
                changed("MESOS_RESOURCES", before.flagText, wanted.flagText, isMoreAllowed: true)
            }
        }
        let wanted = Set((try? Attribute.list(text: attributes ?? "")) ?? [])
        let before = Set(old.attributes)
        if wanted != before && !(isAdditive && wanted.isSuperset(of: before)) {
            changed("MESOS_ATTRIBUTES", Self.text(before), Self.text(wanted), isMoreAllowed: true)
        }
        return reasons
    }

    private static func text(_ attributes: Set<Attribute>) -> String {
        attributes.map { "\($0.name):\($0.text)" }.sorted().joined(separator: ";")
    }
}
