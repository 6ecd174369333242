import ClusterCore
import Supervision
import Testing

@Suite struct CommandTests {
    @Test func collectsBothOutputsAndFeedsTheInput() async throws {
        var command = Command(["/bin/sh", "-c", "cat; echo bad >&2; exit 3"])
        // Larger than a pipe's buffer in both directions.
        command.input = Array(repeating: UInt8(ascii: "x"), count: 300_000)
        let result = try await command.run()
        #expect(result.termination == .exited(3))
        #expect(result.output == command.input)
        #expect(result.errorText == "bad\n")
        #expect(result.complaint == "bad")
        #expect(!result.isTruncated)
    }

    @Test func survivesACommandThatReadsNothing() async throws {
        var command = Command(["/bin/true"])
        command.input = Array(repeating: 0, count: 300_000)
        #expect(try await command.run().termination.isSuccess)
    }

    @Test func boundsTheOutput() async throws {
        var command = Command(["/usr/bin/head", "-c", "1000000", "/dev/zero"])
        command.outputLimit = 1000
        let result = try await command.run()
        #expect(result.termination.isSuccess)
        #expect(result.output.count == 1000)
        #expect(result.isTruncated)
    }

    @Test func killsWhatTakesTooLong() async throws {
        let began = ContinuousClock.now
        let error = await #expect(throws: ClusterError.self) {
            try await Command(["/bin/sh", "-c", "sleep 1000 & sleep 1000"], deadline: .milliseconds(100)).run()
        }
        #expect(error?.code == .timeout)
        #expect(ContinuousClock.now - began < .seconds(20))
    }

    @Test func doesNotWaitForADaemonThatKeepsTheOutputOpen() async throws {
        let began = ContinuousClock.now
        let result = try await Command(["/bin/sh", "-c", "echo started; sleep 60 &"], deadline: .seconds(30)).run()
        #expect(result.outputText == "started\n")
        #expect(ContinuousClock.now - began < .seconds(20))
    }

    @Test func endsWhenItsCallerIsCancelled() async throws {
        let running = Task { try await Command(["/bin/sleep", "1000"], deadline: .seconds(100)).run() }
        running.cancel()
        let result = try await running.value
        #expect(result.termination == .signalled(9))
    }

    @Test func findsPrograms() {
        #expect(Executable.find("sh", path: "/nowhere:/bin") == "/bin/sh")
        #expect(Executable.find("sh", path: "/nowhere") == nil)
        #expect(Executable.find("/etc/passwd") == nil)
        #expect(Executable.find("/bin") == nil)
    }
}
