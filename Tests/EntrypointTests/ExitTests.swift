import ClusterTestKit
import Glibc
import JSON
import Supervision
import Testing

/// How a run ends, with real processes.
@Suite struct ExitTests {
    let never = ["RESTART": "never"]

    @Test(arguments: [0, 1, 64, 127, 128, 143, 255]) func keepsTheChildsCode(code: Int32) async throws {
        let (ended, log) = try await Fixture.run(never.merging(["FIXTURE_COMMAND": "exit \(code)"]) { $1 })
        #expect(ended == code, "\(log)")
    }

    @Test(arguments: [SIGKILL, SIGSEGV, SIGUSR1]) func tellsTheSignalThatEndedTheChild(number: Int32) async throws {
        let (ended, log) = try await Fixture.run(never.merging(["FIXTURE_COMMAND": "kill -\(number) $$"]) { $1 })
        #expect(ended == 128 + number, "\(log)")
    }

    @Test func passesTheChildsOutputThrough() async throws {
        let (_, log) = try await Fixture.run(never.merging(["FIXTURE_COMMAND": "echo to-out; echo to-err >&2"]) { $1 })
        #expect(log.contains("\nto-out\n") && log.contains("\nto-err\n"))
    }

    @Test(arguments: [SIGTERM, SIGINT]) func stopsOnTheSignal(number: Int32) async throws {
        let fixture = try await Fixture(["FIXTURE_COMMAND": "trap 'exit 42' TERM; echo up; while :; do sleep 0.01; done"])
        try await fixture.waitForLog("\nup\n")
        fixture.child.signal(number)
        #expect(try await fixture.exitCode() == 42)
    }

    @Test func killsAChildThatDoesNotStopAndAllThatIsLeft() async throws {
        // A grandchild in the child's group, and one that has made a session of its own.
        let command = """
            trap '' TERM
            sh -c 'trap "" TERM; echo $$ > "$0"; while :; do sleep 1; done' $DIR/one &
            setsid sh -c 'trap "" TERM; echo $$ > "$0"; while :; do sleep 1; done' $DIR/two &
            while :; do sleep 1; done
            """
        let directory = try TemporaryDirectory("kill")
        let fixture = try await Fixture(
            [
                "FIXTURE_COMMAND": "DIR=\(directory.path)\n\(command)", "STOP_GRACE": "200ms", "FIXTURE_MARKS": directory.file("marks"),
            ], directory: directory)
        let one = Int32(try await fixture.waitForFile("one").dropLast()) ?? 0
        let two = Int32(try await fixture.waitForFile("two").dropLast()) ?? 0
        #expect(isAlive(one) && isAlive(two))
        fixture.child.signal(SIGTERM)
        #expect(try await fixture.exitCode() == 128 + SIGKILL)
        #expect(!isAlive(one) && !isAlive(two))
        #expect(directory.read("marks") == "before\nexit 137 stopping=true left=0\nafter\n")
    }

    @Test func leavesSessionsWhereThePlanSaysSo() async throws {
        let directory = try TemporaryDirectory("sessions")
        let command = "setsid sh -c 'echo $$ > \(directory.file("task")); exec sleep 1000' & sleep 1000 & exec sleep 1000"
        let fixture = try await Fixture(["FIXTURE_COMMAND": command, "FIXTURE_LEAVES_SESSIONS": "true"], directory: directory)
        let task = Int32(try await fixture.waitForFile("task").dropLast()) ?? 0
        defer { kill(task, SIGKILL) }
        fixture.child.signal(SIGTERM)
        #expect(try await fixture.exitCode() == 128 + SIGTERM)
        #expect(isAlive(task))
    }

    @Test func leavesNoOrphanWhenTheChildIsKilled() async throws {
        let directory = try TemporaryDirectory("orphans")
        let command = "echo $$ > \(directory.file("child")); sh -c 'echo $$ > \(directory.file("orphan")); exec sleep 1000' & wait"
        let fixture = try await Fixture(["FIXTURE_COMMAND": command, "RESTART": "never"], directory: directory)
        let orphan = Int32(try await fixture.waitForFile("orphan").dropLast()) ?? 0
        let child = Int32(try await fixture.waitForFile("child").dropLast()) ?? 0
        kill(child, SIGKILL)
        #expect(try await fixture.exitCode() == 128 + SIGKILL)
        #expect(!isAlive(orphan))
    }

    @Test func takesNoCommandThatIsBeingStartedForALeftover() async throws {
        let fixture = try await Fixture(["FIXTURE_COMPANION": "spawns"])
        try await fixture.waitForLog("ended as they should")
        #expect(fixture.log.contains(" 1000 ended as they should"), "\(fixture.log)")
    }

    @Test func theChildDiesWithAKilledEntrypoint() async throws {
        let directory = try TemporaryDirectory("killed")
        let fixture = try await Fixture(
            ["FIXTURE_COMMAND": "echo $$ > \(directory.file("child")); exec sleep 1000"], directory: directory)
        let child = Int32(try await fixture.waitForFile("child").dropLast()) ?? 0
        fixture.child.signal(SIGKILL)
        try await eventually("the child's end") { !isAlive(child) }
        // And the next one starts in its place, over the stale socket.
        let next = try await Fixture(["FIXTURE_COMMAND": "exit 3", "RESTART": "never"], directory: directory)
        #expect(try await next.exitCode() == 3, "\(next.log)")
    }

    @Test func restartsInPlaceAndRunsTheExitActionsEachTime() async throws {
        let directory = try TemporaryDirectory("restart")
        let command = "if [ -e \(directory.file("second")) ]; then exec sleep 1000; fi; touch \(directory.file("second")); exit 9"
        let fixture = try await Fixture(
            ["FIXTURE_COMMAND": command, "FIXTURE_MARKS": directory.file("marks")], directory: directory)
        try await eventually("the restart") { try fixture.ask("/status").json["restarts"]?.int == 1 }
        #expect(try fixture.ask("/ready").status == 200)
        fixture.child.signal(SIGTERM)
        #expect(try await fixture.exitCode() == 128 + SIGTERM)
        #expect(directory.read("marks") == "before\nexit 9 stopping=false left=0\nexit 143 stopping=true left=0\nafter\n")
    }

    @Test func failsWhereTheEndIsNotWhatItMustBe() async throws {
        let directory = try TemporaryDirectory("after")
        let (code, log) = try await Fixture.run(
            [
                "FIXTURE_COMMAND": "exit 0", "RESTART": "never", "FIXTURE_MARKS": directory.file("marks"),
                "FIXTURE_FAILS_AFTER_STOP": "true",
            ], directory: directory)
        #expect(code == 78)
        #expect(log.contains("failed to verify the end: something is left"))
    }

    @Test func forwardsOtherSignals() async throws {
        let fixture = try await Fixture([
            "FIXTURE_COMMAND":
                "trap 'echo HUP' HUP; trap 'echo QUIT' QUIT; trap 'echo USR1' USR1; trap 'exit 12' USR2; echo up; "
                + "while :; do sleep 0.01; done", "RESTART": "never",
        ])
        try await fixture.waitForLog("\nup\n")
        for (number, name) in [(SIGHUP, "HUP"), (SIGQUIT, "QUIT"), (SIGUSR1, "USR1")] {
            fixture.child.signal(number)
            try await fixture.waitForLog("\n\(name)\n")
        }
        fixture.child.signal(SIGUSR2)
        #expect(try await fixture.exitCode() == 12)
    }

    @Test func sendsTheSecondStopSignal() async throws {
        let fixture = try await Fixture([
            "FIXTURE_COMMAND": "trap '' TERM; trap 'exit 21' USR2; echo up; while :; do sleep 0.01; done",
            "FIXTURE_SECOND_SIGNAL": "\(SIGUSR2)", "STOP_GRACE": "100ms",
        ])
        try await fixture.waitForLog("\nup\n")
        fixture.child.signal(SIGTERM)
        #expect(try await fixture.exitCode() == 21)
    }

    @Test func withoutAChildTheCompanionsAreTheComponent() async throws {
        let fixture = try await Fixture(["FIXTURE_COMMAND": "none"])
        try await eventually("ready") { try fixture.ask("/ready").status == 200 }
        fixture.child.signal(SIGTERM)
        #expect(try await fixture.exitCode() == 0)
    }
}
