import ClusterCore
import ClusterTestKit
import Glibc
import Testing

/// What bad input gets, of every entrypoint: one clear message with what to do, a documented exit status, no half-written file, and no
/// process left. The fixture of EntrypointTests tries what they share more thoroughly.
@Suite(.timeLimit(.minutes(5))) struct BadInputTests {
    static let all = EntrypointCase.all

    @Test(arguments: all) func everySettingsMistakeAtOnce(entrypoint: EntrypointCase) async throws {
        let run = try await Refusal(
            entrypoint,
            [
                entrypoint.misspelt.wrong: "1", entrypoint.malformed.name: entrypoint.malformed.value,
                entrypoint.fromFile + "_FILE": "/no/such/secret", "PROBE_PORT": "ninety",
            ])
        run.expect(
            78,
            [
                "\(entrypoint.misspelt.wrong): is not known to \(entrypoint.component); did you mean \(entrypoint.misspelt.right)?",
                "\(entrypoint.malformed.name): '\(entrypoint.malformed.value)' is not allowed; expected ", "PROBE_PORT: 'ninety'",
                "\(entrypoint.fromFile)_FILE (/no/such/secret): does not exist: create the file or correct the path",
            ])
    }

    @Test(arguments: all) func aProbePortInUse(entrypoint: EntrypointCase) async throws {
        // Nobody but the test's own shell could listen in that namespace; the socket below goes the same way.
        if entrypoint.hasOwnNetwork { return }
        let port = try freePort()
        let backend = try TestHTTPBackend(port: port) { _ in .init() }
        defer { backend.stop() }
        let run = try await Refusal(entrypoint, ["PROBE_PORT": "\(port)"])
        run.expect(78, ["127.0.0.1:\(port) is in use: stop the program that listens there, or "])
    }

    @Test(arguments: all.flatMap { entrypoint in entrypoint.ports.map { OwnPort(entrypoint: entrypoint, text: $0) } })
    func theComponentsOwnPortInUse(own: OwnPort) async throws {
        let port = try freePort()
        let occupier = try Occupier(port, isUDP: own.isUDP)
        defer { occupier.end() }
        let run = try await Refusal(own.entrypoint, [own.variable: "\(port)"])
        let name = own.isUDP ? "127.0.0.1:\(port) (UDP)" : "127.0.0.1:\(port)"
        run.expect(78, ["\(name) is in use by another process: end it, or choose another port (\(own.variable))"])
    }

    @Test(arguments: all.filter { $0.missingProgram != nil }) func aMissingServer(entrypoint: EntrypointCase) async throws {
        let missing = try #require(entrypoint.missingProgram)
        let run = try await Refusal(entrypoint, [missing.name: missing.value])
        run.expect(78, ["install ", missing.name == "JAVA_HOME" ? missing.name : missing.value])
    }

    @Test(arguments: all.filter { $0.template != nil }) func aTemplateThatDoesNotParse(entrypoint: EntrypointCase) async throws {
        let directory = try TemporaryDirectory("template")
        let template = try directory.write("it", "first\n{{#section}}\n")
        let run = try await Refusal(entrypoint, [try #require(entrypoint.template): template])
        run.expect(78, [":2:1: the section 'section' has no end"])
    }

    @Test(arguments: all.filter(\.waitsForZooKeeper)) func aZooKeeperThatNeverComes(entrypoint: EntrypointCase) async throws {
        let run = try await Refusal(entrypoint, ["START_DEADLINE": "1s"])
        run.expect(69, ["127.0.0.1:1 ", "did not come within 1secs"])
    }
}
