public import Mesos

/// What a framework learns from its master, in the order in which it happened.
public enum FrameworkEvent: Sendable, Hashable {
    /// Subscribed: offers and updates follow. All that was offered before is void. The id is the one given in, where one was.
    case connected(frameworkID: String, master: MasterInfo)
    /// The stream ended; the client subscribes again by itself, at once where a new master leads. Offers are void.
    case disconnected(reason: String)
    /// New offers.
    case offers([Offer])
    /// An offer no longer holds.
    case rescind(offerID: String)
    /// A task's status; one with a `uuid` must be acknowledged.
    case update(TaskStatus)
    /// Bytes of an executor, in base64.
    case message(agentID: String, executorID: String, data: String)
    /// An agent was removed, or an executor ended.
    case failure(agentID: String?, executorID: String?, status: Int?)
    /// The master refuses the framework for good (removed, failed over to another scheduler, not authorized); `run` throws.
    case refused(String)
}
