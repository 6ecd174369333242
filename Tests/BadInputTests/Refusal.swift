import ClusterCore
import ClusterTestKit
import Glibc
import Testing

/// One run of an entrypoint to its refusal.
struct Refusal {
    let status: Int32
    let log: String
    /// Files that it has left, relative to its directory.
    let files: [String]
    /// Processes that it has left.
    let processes: [Int32]

    init(_ entrypoint: EntrypointCase, _ settings: [String: String]) async throws {
        let directory = try TemporaryDirectory("refusal")
        let logs = try TemporaryDirectory("refusal-log")
        var environment = [
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "NODE_ADDRESS": entrypoint.hasOwnNetwork ? "198.18.77.1" : "127.0.0.1",
            "PROBE_PORT": "0", "PROBE_SOCKET": directory.file("probe.sock"), "REFUSAL_TEST": directory.path,
        ]
        environment.merge(
            try entrypoint.settings.mapValues {
                $0 == "PORT" ? String(try freePort()) : $0.replacing("DIR", with: directory.path)
            }
        ) { $1 }
        environment.merge(settings) { $1 }
        var argv = [try BuiltExecutable.path(entrypoint.executable)]
        if entrypoint.hasOwnNetwork { argv = ["unshare", "--net", "/bin/sh", "-c", Self.network] + argv }
        let process = try await TestProcess(argv, environment: environment, output: logs.file("log"))
        // The deadline only bounds a test that fails: an entrypoint that was not refused runs on.
        status = await process.wait(atMost: .seconds(30))
        log = process.output
        files = try Self.files(below: directory.path)
        processes = try Self.processes(marked: "REFUSAL_TEST=\(directory.path)")
    }

    private static let network = """
        ip link set lo up && ip link add refusal0 type veth peer name refusal1 && ip address add 198.18.77.1/24 dev refusal0 && ip link set refusal0 up \
        && exec "$0"
        """

    /// Expects this exit status, and each of these texts in the log.
    func expect(_ status: Int32, _ texts: [String], location: SourceLocation = #_sourceLocation) {
        #expect(self.status == status, "\(log)", sourceLocation: location)
        for text in texts { #expect(log.contains(text), "\(log)", sourceLocation: location) }
        #expect(files.isEmpty, sourceLocation: location)
        #expect(processes.isEmpty, sourceLocation: location)
    }

    private static func files(below path: String) throws -> [String] {
        var found: [String] = []
        for name in try Files.list(path) {
            var status = stat()
            guard lstat("\(path)/\(name)", &status) == 0 else { continue }
            if status.st_mode & S_IFMT == S_IFDIR {
                found += try files(below: "\(path)/\(name)").map { "\(name)/\($0)" }
            } else {
                found.append(name)
            }
        }
        return found
    }

    private static func processes(marked mark: String) throws -> [Int32] {
        try Files.list("/proc").compactMap { Int32($0) }.filter { pid in
            // One that ends meanwhile is none.
            guard let environment = try? Files.read("/proc/\(pid)/environ") else { return false }
            return environment.split(separator: 0).contains { $0.elementsEqual(mark.utf8) }
        }
    }
}
