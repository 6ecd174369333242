import ClusterTestKit
import Testing

/// What an entrypoint brings along: the system's libraries, and in a debug build the Swift runtime, but never Foundation, whose ICU alone
/// is larger than all of an entrypoint.
@Suite struct LinkageTests {
    static let entrypoints = [
        "chronos-wrap", "consul-wrap", "haproxy-consul", "keepalived-wrap", "marathon-consul", "marathon-wrap", "mesos-consul",
        "mesos-master-wrap", "mesos-slave-wrap", "zookeeper-init",
    ]
    /// Begins of the names of libraries that may be needed directly.
    static let expected = [
        // The C and C++ runtime.
        "libc.so.", "libm.so.", "libgcc_s.so.", "libstdc++.so.", "ld-linux-", "libpthread.so.", "libdl.so.", "librt.so.",
        // Bound by a C module each.
        "libcurl.so.", "libyaml-0.so.", "libzookeeper_mt.so.",
        // The Swift runtime, which release builds contain.
        "libswift", "libdispatch.so", "libBlocksRuntime.so",
    ]
    static let forbidden = ["Foundation", "icu"]

    @Test(arguments: entrypoints) func needsOnlyWhatIsExpected(name: String) async throws {
        let needed = try await Self.neededLibraries(name)
        #expect(needed.contains { $0.hasPrefix("libc.so.") })
        for library in needed {
            #expect(Self.expected.contains { library.hasPrefix($0) }, "\(name) needs \(library)")
            #expect(!Self.forbidden.contains { library.contains($0) }, "\(name) needs \(library)")
        }
    }

    @Test(arguments: entrypoints) func containsNoFoundation(name: String) async throws {
        #expect(try await !Self.containsFoundation(name))
    }

    /// The search finds what it must: the engine uses FoundationEssentials.
    @Test func theEngineContainsIt() async throws {
        #expect(try await Self.containsFoundation("embedded-engine"))
    }

    private static func neededLibraries(_ name: String) async throws -> [String] {
        let directory = try TemporaryDirectory("linkage")
        let readelf = try await TestProcess(
            ["readelf", "--dynamic", "--wide", try BuiltExecutable.path(name)], output: directory.file("output"))
        #expect(await readelf.wait() == 0, "\(readelf.output)")
        return readelf.output.split(separator: "\n").filter { $0.contains("(NEEDED)") }.compactMap { line in
            line.split(separator: "[").last?.split(separator: "]").first.map(String.init)
        }
    }

    /// True where the file, stripped or not, has names that belong to a Foundation module: as mangled (a length, then the module), or
    /// ICU's.
    private static func containsFoundation(_ name: String) async throws -> Bool {
        let directory = try TemporaryDirectory("linkage")
        let patterns = ["$s20FoundationEssentials", "$s10Foundation", "FoundationInternationalization", "_FoundationICU"]
        let words = ["grep", "--quiet", "--text", "--fixed-strings"] + patterns.flatMap { ["-e", $0] }
        let grep = try await TestProcess(words + [try BuiltExecutable.path(name)], output: directory.file("output"))
        let status = await grep.wait()
        #expect(status <= 1, "\(grep.output)")
        return status == 0
    }
}
