import ClusterCore
import Entrypoint
import JSON
import Mesos
import Prerequisites

/// What the plan depends on beside the settings.
struct SlaveFacts: PlanFacts, Hashable {
    /// The engines found.
    var engines: EngineChoice.Found
    /// The agent that an earlier start has checkpointed in the work directory.
    var checkpoint: AgentCheckpoint?

    init(engines: EngineChoice.Found, checkpoint: AgentCheckpoint? = nil) {
        self.engines = engines
        self.checkpoint = checkpoint
    }

    var json: JSON { .members(["engines": engines.json, "checkpoint": checkpoint?.json]) }

    init(json: JSON) throws(ClusterError) {
        engines = EngineChoice.Found(json: json["engines"])
        checkpoint = try json["checkpoint"].map { (value) throws(ClusterError) in try AgentCheckpoint(json: value) }
    }
}

/// `<work_dir>/meta/slaves/latest/slave.info`: who this slave was.
struct AgentCheckpoint: Sendable, Hashable {
    /// The engine that wrote it: JSON is the embedded one's, a protobuf message upstream's.
    let engine: EngineChoice.Engine
    let agent: AgentInfo

    var json: JSON { ["engine": .string(engine.rawValue), "agent": agent.json] }

    init(engine: EngineChoice.Engine, agent: AgentInfo) {
        self.engine = engine
        self.agent = agent
    }

    init(json: JSON) throws(ClusterError) {
        guard let engine = json["engine"]?.string.flatMap(EngineChoice.Engine.init(rawValue:)), let agent = json["agent"] else {
            throw ClusterError(.invalid, "the fact 'checkpoint' needs 'engine' and 'agent'")
        }
        self.init(engine: engine, agent: try AgentInfo(json: agent))
    }

    /// Reads the checkpoint of a work directory; nil where there is none.
    /// - Throws: `.invalid` where there is one that can't be read.
    static func read(workDirectory: String) throws(ClusterError) -> AgentCheckpoint? {
        let path = "\(workDirectory)/meta/slaves/latest/slave.info"
        guard Files.exists(path) else { return nil }
        let bytes = try Files.read(path, limit: 4 << 20)
        if bytes.first == UInt8(ascii: "{") {
            guard let json = try? JSON(parsing: bytes) else { throw ClusterError(.invalid, "\(path) is not valid JSON") }
            return AgentCheckpoint(engine: .embedded, agent: try AgentInfo(json: json))
        }
        guard let agent = SlaveInfoMessage.read(bytes) else {
            throw ClusterError(.invalid, "\(path) is no checkpoint of a Mesos slave")
        }
        return AgentCheckpoint(engine: .upstream, agent: agent)
    }
}
