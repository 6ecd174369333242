import ClusterCore
import ClusterTestKit
import Glibc
import JSON
import Supervision

/// A running `entrypoint-fixture` with a directory of its own; killed when the value goes away.
final class Fixture: Sendable {
    static let program = "\(Executable.ownDirectory)/entrypoint-fixture"

    let directory: TemporaryDirectory
    let child: Child
    var socket: String { directory.file("probe.sock") }
    var log: String { directory.read("log") ?? "" }

    /// - Parameter wrapper: program and arguments in front of the fixture's.
    init(
        _ environment: [String: String] = [:], arguments: [String] = [], wrapper: [String] = [], directory: TemporaryDirectory? = nil
    ) async throws {
        self.directory = try directory ?? TemporaryDirectory("entrypoint")
        var variables = ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "PROBE_SOCKET": self.directory.file("probe.sock")]
        variables.merge(environment) { _, own in own }
        var spec = ProcessSpec(wrapper + [Self.program] + arguments, environment: variables)
        spec.input = .null
        spec.output = .append(self.directory.file("log"))
        spec.error = .append(self.directory.file("log"))
        spec.diesWithParent = true
        child = try await ProcessReaper.shared.spawn(spec)
    }

    deinit { child.signal(SIGKILL) }

    /// Runs to the end.
    static func run(
        _ environment: [String: String] = [:], arguments: [String] = [], directory: TemporaryDirectory? = nil
    ) async throws -> (code: Int32, log: String) {
        let fixture = try await Fixture(environment, arguments: arguments, directory: directory)
        let code = await fixture.child.wait().exitCode
        return (code, fixture.log)
    }

    /// Its exit code; the deadline only bounds a test that fails.
    func exitCode() async throws -> Int32 {
        guard let end = await child.wait(atMost: .seconds(60)) else {
            throw ClusterError(.timeout, "the entrypoint did not end:\n\(log)")
        }
        return end.exitCode
    }

    func waitForLog(_ text: String) async throws {
        try await eventually("'\(text)' in the log") { log.contains(text) }
    }

    func waitForFile(_ name: String) async throws -> String {
        try await eventuallyValue("the file \(name)") { directory.read(name).flatMap { $0.isEmpty ? nil : $0 } }
    }

    /// What the socket's probes answer.
    func ask(_ path: String) throws -> (status: Int, json: JSON) {
        let answer = try UnixClient.get(path, socket)
        return (answer.status, (try? JSON(parsing: answer.body)) ?? .string(answer.body))
    }
}

func isAlive(_ pid: Int32) -> Bool {
    guard let entry = ProcessTable().entries.first(where: { $0.pid == pid }) else { return false }
    return entry.state != "Z"
}
