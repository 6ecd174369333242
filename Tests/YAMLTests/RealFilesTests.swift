import ClusterCore
import Glibc
import JSON
import Testing
import YAML

/// Files that others wrote as YAML and as JSON (the Mustache specification's; scripts/install-dependencies fetches them)
/// must be read to the same values.
struct RealFilesTests {
    static let directory: String = {
        func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 } }
        let cache = variable("XDG_CACHE_HOME") ?? (variable("HOME") ?? "/root") + "/.cache"
        return (variable("MESOS_CLUSTER_TOOLS") ?? cache + "/mesos-cluster") + "/mustache-specification-0.4.1"
    }()

    @Test(arguments: ["comments", "delimiters", "interpolation", "inverted", "partials", "sections"])
    func yamlAndJSONHoldTheSame(module: String) throws {
        let path = "\(Self.directory)/\(module)"
        try #require(Files.exists("\(path).yml"), "\(path).yml is missing: run scripts/install-dependencies")
        let yaml = try #require(try YAML.parse(bytes: try Files.read("\(path).yml"), source: module)).json()
        let json = try JSON(parsing: try Files.read("\(path).json"))
        let cases = try #require(yaml["tests"]?.array)
        #expect(cases.count >= 9)
        #expect(cases == json["tests"]?.array)
    }
}
