/// Something that must hold before the component is started.
public struct Prerequisite: Sendable {
    /// What one look found.
    public enum State: Sendable, Hashable {
        /// It holds; what was seen.
        case met(String)
        /// It does not hold yet; names what is missing: `1 of 3 ZooKeeper servers answers; 127.0.1.3:2181 refused`.
        case missing(String)
        /// It can never hold; waiting is no use.
        case impossible(String)
    }

    /// Short name: `zookeeper-majority`, `mesos-leader`.
    public let name: String
    /// What is waited for, in a sentence with its addresses.
    public let description: String
    /// How long one look may take.
    public let timeout: Duration
    /// Looks once.
    public let look: @Sendable () async -> State

    /// Declares a prerequisite.
    public init(_ name: String, _ description: String, timeout: Duration = .seconds(5), look: @escaping @Sendable () async -> State) {
        self.name = name
        self.description = description
        self.timeout = timeout
        self.look = look
    }
}
