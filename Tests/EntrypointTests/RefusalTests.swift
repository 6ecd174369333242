import ClusterTestKit
import Glibc
import JSON
import Supervision
import Testing

/// What bad input gets: one clear message each, a documented exit status, nothing half-written, no orphan.
@Suite struct RefusalTests {
    @Test func reportsAllSettingsMistakesAtOnce() async throws {
        let directory = try TemporaryDirectory("settings")
        let (code, log) = try await Fixture.run(
            [
                "FIXTURE_COUNT": "10", "FIXTURE_CUONT": "3", "PROBE_PORT": "ninety", "FIXTURE_PASSWORD_FILE": "/no/such/secret",
                "FIXTURE_FILE": directory.file("out"),
            ], directory: directory)
        #expect(code == 78)
        for text in ["FIXTURE_COUNT: '10'", "FIXTURE_CUONT: is not known", "PROBE_PORT: 'ninety'", "/no/such/secret"] {
            #expect(log.contains(text), "\(log)")
        }
        #expect(directory.read("out") == nil)
    }

    @Test func reportsAllRefusalsOfThePlan() async throws {
        let (code, log) = try await Fixture.run(["FIXTURE_REFUSALS": "an even quorum,a changed myid"])
        #expect(code == 78)
        #expect(log.contains("an even quorum") && log.contains("a changed myid"))
    }

    @Test(arguments: [["frobnicate"], ["health", "--live", "--ready"], ["plan", "--facts"], ["run", "now"]])
    func refusesArguments(arguments: [String]) async throws {
        let (code, log) = try await Fixture.run(arguments: arguments)
        #expect(code == 64)
        #expect(log.hasPrefix("fixture: "))
    }

    @Test func namesAMissingProgram() async throws {
        let (code, log) = try await Fixture.run(["FIXTURE_PROGRAM": "/no/such/server"])
        #expect(code == 78)
        #expect(log.contains("there is no program /no/such/server that this user may execute: install it"))
    }

    @Test func namesAPortInUseBeforeTheChildStarts() async throws {
        let port = try freePort()
        let backend = try TestHTTPBackend(port: port) { _ in .init() }
        defer { backend.stop() }
        let (code, log) = try await Fixture.run(["PROBE_PORT": "\(port)", "FIXTURE_COMMAND": "echo started"])
        #expect(code == 78)
        #expect(log.contains("127.0.0.1:\(port) is in use: stop the program that listens there"))
        #expect(!log.contains("started"))
    }

    @Test func waitsForThePortOfAPredecessorThatIsGoing() async throws {
        let port = try freePort()
        let backend = try TestHTTPBackend(port: port) { _ in .init() }
        let fixture = try await Fixture(["FIXTURE_LISTENS": "\(port)", "FIXTURE_COMMAND": "echo up; exec sleep 1000"])
        try await fixture.waitForLog("127.0.0.1:\(port) in use by another process: waits up to 3secs for its end")
        #expect(!fixture.log.contains("\nup\n"))
        backend.stop()
        try await fixture.waitForLog("\nup\n")
    }

    @Test func looksAtPortsBeforeTheFirstStartOnly() async throws {
        let port = try freePort()
        let fixture = try await Fixture(["FIXTURE_LISTENS": "\(port)", "FIXTURE_COMMAND": "echo up $$; exec sleep 1000"])
        try await fixture.waitForLog("\nup ")
        let backend = try TestHTTPBackend(port: port) { _ in .init() }
        defer { backend.stop() }
        let pid = try #require(fixture.log.split(separator: "\n").first { $0.hasPrefix("up ") }.flatMap { Int32($0.dropFirst(3)) })
        kill(pid, SIGKILL)
        try await eventually("it is started again") { fixture.log.split(separator: "\n").count { $0.hasPrefix("up ") } == 2 }
    }

    @Test func namesASocketInUse() async throws {
        let first = try await Fixture()
        try await eventually("the first") { try first.ask("/live").status == 200 }
        let (code, log) = try await Fixture.run(["PROBE_SOCKET": first.socket])
        #expect(code == 78)
        #expect(log.contains("\(first.socket) is in use"))
        #expect(try first.ask("/live").status == 200)
    }

    @Test func givesUpAPrerequisiteThatNeverComes() async throws {
        let fixture = try await Fixture([
            "FIXTURE_AWAITED": "/no/such/file", "START_DEADLINE": "1s", "FIXTURE_COMMAND": "echo started",
        ])
        #expect(try await fixture.exitCode() == 69)
        #expect(fixture.log.contains("waiting for file: /no/such/file does not exist"))
        #expect(fixture.log.contains("/no/such/file does not exist; it did not come within 1secs"))
        #expect(!fixture.log.contains("\nstarted\n"))
    }

    @Test func aStopEndsAWaitAtOnce() async throws {
        let fixture = try await Fixture(["FIXTURE_AWAITED": "/no/such/file"])
        try await eventually("its reason") {
            let ready = try fixture.ask("/ready")
            return ready.status == 503 && ready.json["reason"]?.string?.contains("file (/no/such/file does not exist)") == true
        }
        #expect(try fixture.ask("/live").status == 200)
        #expect(fixture.log.contains("waiting for file"))
        fixture.child.signal(SIGTERM)
        #expect(try await fixture.exitCode() == 128 + SIGTERM)
    }

    @Test func startsWhenThePrerequisiteComes() async throws {
        let directory = try TemporaryDirectory("awaited")
        let fixture = try await Fixture(
            ["FIXTURE_AWAITED": directory.file("it"), "FIXTURE_COMMAND": "exit 6", "RESTART": "never"], directory: directory)
        try await fixture.waitForLog("waiting for file")
        try directory.write("it", "")
        #expect(try await fixture.exitCode() == 6)
    }

    @Test func aRefusedFileLeavesTheOldOne() async throws {
        let directory = try TemporaryDirectory("file")
        try directory.write("conf", "old\n")
        let (code, log) = try await Fixture.run(
            [
                "FIXTURE_FILE": directory.file("conf"), "FIXTURE_CONTENT": "new",
                "FIXTURE_VALIDATOR": "/usr/bin/diff,/dev/null,{}", "FIXTURE_COMMAND": "echo started",
            ], directory: directory)
        #expect(code == 65)
        #expect(log.contains("/usr/bin/diff refuses the new \(directory.file("conf")) (exited with 1)"))
        #expect(log.contains("> new"), "the validator's own words are shown")
        #expect(!log.contains("\nstarted\n"))
        #expect(directory.read("conf") == "old\n")
        #expect(directory.read(".conf.staged") == nil)
    }

    @Test func saysWhereItMayNotWrite() async throws {
        let (code, log) = try await Fixture.run(["FIXTURE_FILE": "/proc/no/such/conf"])
        #expect(code == 74 || code == 65)
        #expect(log.contains("/proc/no/such/conf"))
    }

    @Test func secretsAreNeitherPrintedNorReadable() async throws {
        let directory = try TemporaryDirectory("secret")
        let secret = "c0rrect-horse"
        let environment = [
            "FIXTURE_PASSWORD_FILE": try directory.write("password", secret), "FIXTURE_FILE": directory.file("conf"), "LOG_LEVEL": "debug",
            "FIXTURE_COMMAND": "stat -c %a \(directory.file("conf"))", "RESTART": "never",
        ]
        let (code, log) = try await Fixture.run(environment, directory: directory)
        #expect(code == 0, "\(log)")
        #expect(log.contains("\n600\n"))
        #expect(directory.read("conf") == secret)
        for arguments in [["plan"], ["plan", "--json"], ["settings"], ["settings", "--json"]] {
            let (code, log) = try await Fixture.run(environment, arguments: arguments)
            #expect(code == 0)
            #expect(log.contains("(secret)"))
            #expect(!log.contains(secret))
        }
        #expect(!log.contains(secret))
    }
}
