/// Where a framework keeps the id that the master gave it, so that a new leader continues with the same one. A framework that lost
/// its id would be a stranger to its own running tasks.
public protocol FrameworkIdentity: Sendable {
    /// The id kept; nil only where there never was one.
    func load() async throws -> String?
    /// Keeps the id of the first subscription; the client waits for it before it hands out the first offers.
    func save(_ frameworkID: String) async throws
}
