import ClusterTestKit
import Glibc
import Logging
import Supervision
import Synchronization
import Testing

@Suite struct SupervisorTests {
    let logger = Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() })

    func configuration(_ text: String, exits: Int = 5) -> Supervisor.Configuration {
        var configuration = Supervisor.Configuration(ProcessSpec(["/bin/sh", "-c", text]))
        configuration.restarts.firstPause = .milliseconds(1)
        configuration.restarts.longestPause = .milliseconds(2)
        configuration.restarts.exits = exits
        return configuration
    }

    @Test func restartsUntilItGivesUpWithTheChildsCode() async throws {
        let exits = Mutex<[Supervisor.Exit]>([])
        let supervisor = Supervisor(configuration("exit 41"), logger: logger) { exit in exits.withLock { $0.append(exit) } }
        #expect(try await supervisor.run() == 41)
        #expect(exits.withLock { $0.map(\.termination) } == Array(repeating: .exited(41), count: 5))
        #expect(exits.withLock { $0.allSatisfy { !$0.isStopping } })
        #expect(await supervisor.restarts == 4)
        #expect(await supervisor.phase == .ended(exitCode: 41))
    }

    @Test func stopsARunningChild() async throws {
        let exits = Mutex<[Supervisor.Exit]>([])
        let supervisor = Supervisor(configuration("exec sleep 1000"), logger: logger) { exit in exits.withLock { $0.append(exit) } }
        async let code = supervisor.run()
        try await eventually("the start") { await supervisor.childPID != nil }
        await supervisor.stop()
        await supervisor.stop()
        #expect(try await code == 128 + SIGTERM)
        #expect(exits.withLock { $0.map(\.isStopping) } == [true])
    }

    @Test func aStopEndsThePause() async throws {
        var configuration = configuration("exit 5")
        configuration.restarts.firstPause = .seconds(1000)
        configuration.restarts.longestPause = .seconds(1000)
        let supervisor = Supervisor(configuration, logger: logger)
        async let code = supervisor.run()
        try await eventually("the pause") { await supervisor.phase == .pausing(last: .exited(5)) }
        await supervisor.stop()
        #expect(try await code == 5)
    }

    @Test func aStopBeforeTheStartStartsNothing() async throws {
        let supervisor = Supervisor(configuration("exit 5"), logger: logger)
        await supervisor.stop()
        #expect(try await supervisor.run() == 128 + SIGTERM)
        #expect(await supervisor.lastTermination == nil)
    }

    @Test func passesSignalsOn() async throws {
        let directory = try TemporaryDirectory()
        let text = "trap 'echo got > \(directory.file("got"))' HUP; touch \(directory.file("up")); while :; do sleep 0.01; done"
        let supervisor = Supervisor(configuration(text), logger: logger)
        #expect(await supervisor.signal(SIGHUP) == false)
        async let code = supervisor.run()
        try await eventually("the start") { directory.read("up") != nil }
        #expect(await supervisor.signal(SIGHUP))
        try await eventually("the signal") { directory.read("got") == "got\n" }
        await supervisor.stop()
        _ = try await code
    }

    @Test func failsWhereThereIsNoProgram() async throws {
        let supervisor = Supervisor(.init(ProcessSpec(["/no/such/program"])), logger: logger)
        await #expect(throws: (any Error).self) { _ = try await supervisor.run() }
    }
}
