import ClusterTestKit
import Glibc
import Supervision
import Testing

@Suite struct StopTests {
    let reaper = ProcessReaper.shared
    let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory("stop") }

    /// A child that handles TERM by `onTerm`, and has said so.
    func child(onTerm: String, setup: String = "") async throws -> Child {
        let script = """
            import os, signal, sys, time
            \(setup)
            signal.signal(signal.SIGTERM, \(onTerm))
            open("\(directory.file("up"))", "w").write("up")
            while True: time.sleep(1000)
            """
        let child = try await reaper.spawn(ProcessSpec(["/usr/bin/python3", "-c", script]))
        try await eventually("the child") { directory.read("up") == "up" }
        return child
    }

    @Test func signalsAtOnceAndKeepsTheCode() async throws {
        let child = try await child(onTerm: "lambda *_: os._exit(7)")
        let began = ContinuousClock.now
        #expect(await child.stop() == .exited(7))
        #expect(ContinuousClock.now - began < .seconds(2))
    }

    @Test func killsWhatIgnoresTheSignal() async throws {
        let child = try await child(onTerm: "signal.SIG_IGN")
        let began = ContinuousClock.now
        #expect(await child.stop(StopSequence(grace: .milliseconds(200))) == .signalled(SIGKILL))
        #expect(ContinuousClock.now - began >= .milliseconds(200))
    }

    @Test func sendsTheSecondSignalAfterTheGrace() async throws {
        let child = try await child(onTerm: "lambda *_: os._exit(9)", setup: "signal.signal(signal.SIGUSR1, lambda *_: None)")
        let sequence = StopSequence(signal: SIGUSR1, secondSignal: SIGTERM, grace: .milliseconds(100))
        #expect(await child.stop(sequence) == .exited(9))
    }

    @Test func killsTheGroupThatIsLeft() async throws {
        // The grandchild ignores TERM and outlives its parent.
        let setup = """
            if os.fork() == 0:
                signal.signal(signal.SIGTERM, signal.SIG_IGN)
                open("\(directory.file("grandchild"))", "w").write(str(os.getpid()))
                while True: time.sleep(1000)
            """
        let child = try await child(onTerm: "lambda *_: os._exit(0)", setup: setup)
        let grandchild = try await eventuallyValue("the grandchild") { directory.read("grandchild").flatMap { Int32($0) } }
        await child.stop()
        try await eventually("the grandchild's end") { kill(grandchild, 0) != 0 || isZombie(grandchild) }
    }

    @Test func goesOnWhenItsCallerIsCancelled() async throws {
        let child = try await child(onTerm: "signal.SIG_IGN")
        let stopping = Task { await child.stop(StopSequence(grace: .milliseconds(100))) }
        stopping.cancel()
        #expect(await stopping.value == .signalled(SIGKILL))
    }

    func isZombie(_ pid: Int32) -> Bool { ProcessTable().entries.first { $0.pid == pid }?.state == "Z" }
}
