import ClusterCore
import ClusterTestKit
import Glibc
import Testing
import YAML

/// The committed reference pages say what the executables declare.
struct ReferenceTests {
    static let components = [
        ("zookeeper", "zookeeper-init"), ("mesos-master", "mesos-master-wrap"), ("mesos-slave", "mesos-slave-wrap"),
        ("marathon", "marathon-wrap"), ("chronos", "chronos-wrap"), ("consul", "consul-wrap"), ("haproxy", "haproxy-consul"),
        ("keepalived", "keepalived-wrap"), ("mesos-consul", "mesos-consul"), ("marathon-consul", "marathon-consul"),
    ]

    /// Where the build put the executables: beside the tests.
    static let directory: String = {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = buffer.withUnsafeMutableBytes { readlink("/proc/self/exe", $0.baseAddress!, $0.count) }
        let own = String(decoding: buffer[..<max(count, 0)], as: UTF8.self)
        return String(own[..<(own.lastIndex(of: "/") ?? own.startIndex)])
    }()

    /// The project's top directory.
    static let project: String = #filePath.split(separator: "/").dropLast(3).reduce("") { "\($0)/\($1)" }

    static func settings(_ executable: String, _ format: String) async throws -> String {
        let directory = try TemporaryDirectory("reference")
        let process = try await TestProcess(
            ["\(Self.directory)/\(executable)", "settings", "--format", format], environment: [:], output: directory.file("output"))
        #expect(await process.wait() == 0)
        return process.output
    }

    @Test(arguments: components) func theReferencePageIsCurrent(component: String, executable: String) async throws {
        let expected = try await Self.settings(executable, "markdown")
        #expect(expected.contains(": settings\n"))
        let page = "\(Self.project)/docs/reference/\(component).md"
        #expect(readText(page) == expected, "\(page) has drifted: run scripts/generate-docs, and commit what it changes")
    }

    /// A name that is declared twice would be a key given twice, which our YAML refuses.
    @Test(arguments: components) func theOtherFormsAreYAML(component: String, executable: String) async throws {
        let specs = try YAML.parse(try await Self.settings(executable, "argument_specs"), source: component)
        let options = try #require(specs).required("argument_specs").required("main").required("options").mapping()
        let block = try YAML.parse(try await Self.settings(executable, "compose"), source: component)
        let variables = try #require(block).required("environment").mapping()
        #expect(options.count == variables.count && options.count > 10)
        for option in options {
            let description = try option.value.required("description").string()
            #expect(description.count > 10, "\(option.key) has no help")
        }
    }
}
