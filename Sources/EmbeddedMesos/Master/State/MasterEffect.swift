import JSON
import Mesos

/// What the master's state wants done.
enum MasterEffect: Sendable, Hashable {
    /// Sends an event on a framework's stream.
    case tell(streamID: String, SchedulerEvent)
    /// Ends a framework's stream once what was sent has gone out.
    case close(streamID: String)
    /// Sends a command on an agent's stream.
    case command(agentID: String, AgentProtocol.Command)
    /// Ends an agent's stream.
    case disconnect(agentID: String)
    /// Sends an event to those who subscribed to the operator API.
    case publish(JSON)
    /// Remembers that this agent exists, so that a next leader waits for it.
    case remember(agentID: String)
    /// Forgets it.
    case forget(agentID: String)
    /// Logs at info.
    case log(String)
}
