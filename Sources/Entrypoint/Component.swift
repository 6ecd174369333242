public import ClusterCore
public import JSON
public import Settings

/// A dockerized component: its declared settings, the facts that its plan depends on, and the plan.
///
/// The executable's whole main program is `await Entrypoint.main(TheComponent.self)`.
public protocol Component: Sendable {
    /// What is found out before planning; printable and replayable (`plan --facts FILE`).
    associatedtype Facts: PlanFacts

    /// The declared settings.
    static var schema: SettingsSchema { get }

    /// Finds out what the plan depends on: binaries and versions found, what the data directory holds. Changes nothing.
    static func gatherFacts(_ settings: ResolvedSettings, host: HostFacts) async throws(ClusterError) -> Facts

    /// Decides everything. Pure: no I/O, no clock, no randomness.
    /// - Throws: `PlanRefusal` with every reason at once.
    static func plan(_ settings: ResolvedSettings, facts: Facts) throws(PlanRefusal) -> LaunchPlan
}

/// Facts that can be written as JSON and read back.
public protocol PlanFacts: Sendable {
    /// The facts as JSON.
    var json: JSON { get }
    /// Reads what `json` wrote.
    init(json: JSON) throws(ClusterError)
}

/// What every component may want to know of its host.
public struct HostFacts: Sendable, Hashable {
    /// The host's name.
    public let hostname: String
    /// Addresses of all interfaces that are up, IPv4 and IPv6, without prefix length.
    public let addresses: [String]
    /// Directory of the running executable: `embedded-engine` lies there.
    public let executableDirectory: String
    /// Numeric user id of this process.
    public let uid: UInt32

    /// Describes a host.
    public init(hostname: String, addresses: [String], executableDirectory: String, uid: UInt32) {
        self.hostname = hostname
        self.addresses = addresses
        self.executableDirectory = executableDirectory
        self.uid = uid
    }
}

/// Why no plan is made: every reason, each a sentence that says what to do. Exit status 78.
public struct PlanRefusal: Error, Sendable, Hashable, CustomStringConvertible {
    /// The reasons.
    public let reasons: [String]
    /// Refuses for these reasons.
    public init(_ reasons: [String]) { self.reasons = reasons }
    /// The reasons, one a line.
    public var description: String { reasons.joined(separator: "\n") }
}
