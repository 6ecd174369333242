import ClusterCore
import ClusterTestKit
import Glibc
import JSON
import Supervision
import Testing

/// The probes and subcommands of a running entrypoint.
@Suite struct ProbeTests {
    @Test func answersOnBothSockets() async throws {
        let directory = try TemporaryDirectory("probes")
        let port = try freePort()
        let fixture = try await Fixture(
            ["PROBE_PORT": "\(port)", "FIXTURE_READY": directory.file("ready")], directory: directory)
        try await eventually("the child") { try fixture.ask("/status").json["pid"] != nil }
        let ready = try fixture.ask("/ready")
        #expect(ready.status == 503)
        #expect(ready.json["ready"] == false)
        #expect(ready.json["reason"]?.string == "ready-file: \(directory.file("ready")) does not exist")
        #expect(ready.json["checks"]?.array?.compactMap { $0["name"]?.string } == ["process", "ready-file"])
        try directory.write("ready", "")
        try await eventually("ready") { try fixture.ask("/ready").status == 200 }
        #expect(try fixture.ask("/ready").json["checks"]?[1]?["last_failure"]?["reason"]?.string?.contains("does not exist") == true)
        #expect(try fixture.ask("/live").json["live"] == true)
        #expect(try fixture.ask("/role").json["role"] == "standby")
        #expect(try fixture.ask("/role").json["detail"] == "leader is somebody else")
        let probe = try fixture.ask("/probe").json
        #expect(probe["live"] == true && probe["ready"] == true && probe["role"] == "standby" && probe["reason"] == .null)
        #expect(try fixture.ask("/nothing").status == 404)
        let overTCP = try #require(await httpGet("/metrics", port: port))
        #expect(overTCP.status == 200)
        for line in [
            "entrypoint_ready{component=\"fixture\"} 1.0", "entrypoint_role{component=\"fixture\",role=\"standby\"} 1.0",
            "entrypoint_check_passed{check=\"ready-file\",component=\"fixture\"} 1.0",
        ] {
            #expect(overTCP.body.contains("\n\(line)\n"), "\(overTCP.body)")
        }
        var status = stat()
        #expect(stat(fixture.socket, &status) == 0 && status.st_mode & 0o777 == 0o660)
    }

    @Test func aLongPollTellsOfTheChildsEndAtOnce() async throws {
        let fixture = try await Fixture(["FIXTURE_COMMAND": "sleep 1000"])
        try await eventually("ready") { try fixture.ask("/ready").status == 200 }
        #expect(try fixture.ask("/ready").json["watchable"] == true)
        let began = ContinuousClock.now
        // What is known already is answered after the wait, what is not at once.
        #expect(try fixture.ask("/ready?wait=300ms&known=ready").status == 200)
        #expect(ContinuousClock.now - began >= .milliseconds(300))
        #expect(try fixture.ask("/ready?wait=8s&known=not-ready").status == 200)
        #expect(try fixture.ask("/ready?wait=8s").status == 200)
        let pid = try #require(try fixture.ask("/status").json["pid"]?.int)
        async let asked = OwnThread.run("long-poll") { try? fixture.ask("/ready?wait=8s&known=ready").status }
        kill(Int32(pid), SIGKILL)
        #expect(await asked == 503)
        #expect(ContinuousClock.now - began < .seconds(7))
    }

    @Test func aLongPollTellsOfACheckThatTurnsByItself() async throws {
        let directory = try TemporaryDirectory("watch")
        let ready = try directory.write("ready", "")
        let fixture = try await Fixture(["FIXTURE_COMMAND": "sleep 1000", "FIXTURE_READY": ready], directory: directory)
        try await eventually("ready") { try fixture.ask("/ready").status == 200 }
        let began = ContinuousClock.now
        async let asked = OwnThread.run("long-poll") { try? fixture.ask("/ready?wait=20s&known=ready").status }
        unlink(ready)
        #expect(await asked == 503)
        #expect(ContinuousClock.now - began < .seconds(8))
    }

    @Test func theHealthSubcommandAsksTheRunningOne() async throws {
        let directory = try TemporaryDirectory("health")
        func health(_ option: String) async throws -> (Int32, String) {
            let environment = ["PROBE_SOCKET": directory.file("probe.sock")]
            var command = Command([Fixture.program, "health", option])
            command.spec.environment = environment
            let result = try await command.run()
            return (result.termination.exitCode, result.outputText)
        }
        #expect(
            try await health("--live") == (
                1, "not live: no entrypoint answers at \(directory.file("probe.sock")): No such file or directory\n"
            ))
        let fixture = try await Fixture(["FIXTURE_READY": directory.file("ready")], directory: directory)
        try await eventually("the child") { try fixture.ask("/status").json["pid"] != nil }
        #expect(try await health("--live") == (0, "live\n"))
        #expect(try await health("--ready") == (1, "not ready: ready-file: \(directory.file("ready")) does not exist\n"))
        try directory.write("ready", "")
        try await eventually("ready") { try await health("--ready") == (0, "ready\n") }
        #expect(try await health("--role") == (0, "standby: leader is somebody else\n"))
    }

    @Test func aFailingCompanionShows() async throws {
        let fixture = try await Fixture(["FIXTURE_COMPANION": "fails"])
        try await eventually("its check") {
            try fixture.ask("/ready").json["reason"]?.string?.contains("companion-failing: failed: its source is away") == true
        }
        #expect(try fixture.ask("/live").status == 200)
    }

    @Test func aCompanionSignalsTheChildAndCounts() async throws {
        let fixture = try await Fixture([
            "FIXTURE_COMPANION": "signals", "FIXTURE_COMMAND": "trap 'exit 17' USR1; while :; do sleep 0.01; done", "RESTART": "never",
        ])
        #expect([17, 128 + SIGUSR1].contains(try await fixture.exitCode()))
    }

    @Test func plansFromReplayedFacts() async throws {
        let directory = try TemporaryDirectory("facts")
        let (code, text) = try await Fixture.run(arguments: ["plan", "--print-facts"])
        #expect(code == 0)
        #expect(try JSON(parsing: text)["hostname"]?.string?.isEmpty == false)
        let facts = try directory.write("facts.json", "{\"hostname\": \"another-host\"}")
        #expect(try await Fixture.run(arguments: ["plan", "--facts", facts]).log.contains("host: another-host"))
        let json = try JSON(parsing: try await Fixture.run(arguments: ["plan", "--json", "--facts=\(facts)"]).log)
        #expect(json["facts"]?["hostname"] == "another-host")
        #expect(json["plan"]?["argv"]?[0] == "/bin/sh")
        let broken = try directory.write("broken.json", "{")
        #expect(try await Fixture.run(arguments: ["plan", "--facts", broken]).code == 65)
    }

    @Test func helpListsEverySetting() async throws {
        let (code, text) = try await Fixture.run(arguments: ["--help"])
        #expect(code == 0)
        let names = [
            "FIXTURE_COMMAND", "FIXTURE_PASSWORD", "NODE_ADDRESS", "NODE_NAME", "PROBE_ADDRESS", "PROBE_PORT", "PROBE_SOCKET", "RESTART",
            "STOP_GRACE", "START_DEADLINE", "LOG_LEVEL", "SETTINGS_FILE",
        ]
        for name in names { #expect(text.contains("  \(name) ["), "\(name)") }
        #expect(try await Fixture.run(arguments: ["--version"]).log == "fixture 0.1.0\n")
        for format in ["markdown", "argument_specs", "compose"] {
            #expect(
                try await Fixture.run(arguments: ["settings", "--format", format]).log.contains("PROBE_PORT") || format == "argument_specs")
        }
        #expect(try await Fixture.run(["FIXTURE_COUNT": "3"], arguments: ["settings"]).log.contains("FIXTURE_COUNT"))
    }
}
