import ClusterCore
import Glibc
import JSON
import Templating
import Testing

/// The cases of the public Mustache specification, as a Debian package ships them; scripts/install-dependencies fetches it.
struct SpecificationTests {
    static let directory: String = {
        func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 } }
        if let directory = variable("MUSTACHE_SPECIFICATION") { return directory }
        let cache = variable("XDG_CACHE_HOME") ?? (variable("HOME") ?? "/root") + "/.cache"
        return (variable("MESOS_CLUSTER_TOOLS") ?? cache + "/mesos-cluster") + "/mustache-specification-0.4.1"
    }()

    @Test(arguments: [("comments", 10), ("delimiters", 12), ("interpolation", 25), ("inverted", 18), ("partials", 9), ("sections", 22)])
    func theSpecificationsCasesPass(module: String, atLeast: Int) throws {
        let path = "\(Self.directory)/\(module).json"
        try #require(Files.exists(path), "\(path) is missing: run scripts/install-dependencies")
        let cases = try #require(try JSON(parsing: try Files.read(path))["tests"]?.array)
        #expect(cases.count >= atLeast)
        for test in cases {
            let name = test["name"]?.string ?? "?"
            var partials: [String: Template] = [:]
            for (partial, text) in test["partials"]?.object ?? JSONObject() {
                partials[partial] = try Template(try #require(text.string), name: partial)
            }
            let template = try Template(try #require(test["template"]?.string), name: module)
            let text = try template.render(test["data"] ?? .null, partials: partials, options: .specification)
            #expect(text == test["expected"]?.string, "\(module): \(name)")
        }
    }
}
