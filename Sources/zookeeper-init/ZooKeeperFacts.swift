import ClusterCore
import Entrypoint
import JSON

/// What zookeeper-init's plan depends on beside its settings.
struct ZooKeeperFacts: PlanFacts, Hashable {
    /// The logging library that the class path has.
    enum LoggingLibrary: String, Sendable { case log4j, logback, none }

    var host: HostFacts
    /// Addresses by each member's name; empty where it does not resolve.
    var resolved: [String: [String]]
    /// Absolute path of the JVM.
    var java: String?
    /// ZooKeeper's jars.
    var classPath: [String]
    var logging: LoggingLibrary
    /// The id in the data directory.
    var recordedID: Int?
    /// The members that this data directory was used with last; nil where it has no transaction.
    var recordedMembers: [Member]?

    init(
        host: HostFacts, resolved: [String: [String]] = [:], java: String?, classPath: [String], logging: LoggingLibrary,
        recordedID: Int? = nil, recordedMembers: [Member]? = nil
    ) {
        self.host = host
        self.resolved = resolved
        self.java = java
        self.classPath = classPath
        self.logging = logging
        self.recordedID = recordedID
        self.recordedMembers = recordedMembers
    }

    var json: JSON {
        .members([
            "host": host.json,
            "resolved": .object(
                JSONObject(resolved.sorted { $0.key < $1.key }.map { ($0.key, .array($0.value.map { .string($0) })) })),
            "java": java.map { .string($0) }, "class_path": .array(classPath.map { .string($0) }), "logging": .string(logging.rawValue),
            "recorded_id": recordedID.map { .number($0) }, "recorded_members": recordedMembers.map { .array($0.map(\.json)) },
        ])
    }

    init(json: JSON) throws(ClusterError) {
        guard let host = json["host"], let classPath = json["class_path"]?.array, let logging = json["logging"]?.string,
            let library = LoggingLibrary(rawValue: logging)
        else {
            throw ClusterError(.invalid, "the facts need host, class_path and logging (log4j, logback or none)")
        }
        self.init(
            host: try HostFacts(json: host), java: json["java"]?.string, classPath: classPath.compactMap(\.string), logging: library,
            recordedID: json["recorded_id"]?.int, recordedMembers: json["recorded_members"]?.array?.compactMap(Member.init(json:)))
        for (name, addresses) in json["resolved"]?.object ?? [:] { resolved[name] = addresses.array?.compactMap(\.string) ?? [] }
    }
}
