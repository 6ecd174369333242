import Chronos
import ClusterCore
import Synchronization

/// The host's tz database, compiled (`/usr/share/zoneinfo`). Zones are read once.
final class TimeZoneDatabase: Sendable {
    private let directory: String
    private let zones = Mutex<[String: TimeZoneRules]>([:])

    init(directory: String = "/usr/share/zoneinfo") { self.directory = directory }

    /// - Throws: `ClusterError` `.invalid`: no zone of that name.
    func zone(_ name: String) throws(ClusterError) -> TimeZoneRules {
        if let zone = zones.withLock({ $0[name] }) { return zone }
        guard TimeZoneRules.isName(name) else { throw ClusterError(.invalid, "'\(name)' is not a time zone such as Europe/Rome") }
        let path = "\(directory)/\(name)"
        guard Files.exists(path), !Files.isDirectory(path) else {
            guard Files.isDirectory(directory) else {
                throw ClusterError(.invalid, "the time zone '\(name)' can't be found: install tzdata, or use an offset such as +02:00")
            }
            throw ClusterError(.invalid, "the time zone '\(name)' is not in the tz database")
        }
        let zone = try TimeZoneRules(tzif: try Files.read(path, limit: 1 << 20))
        zones.withLock { $0[name] = zone }
        return zone
    }
}
