import Mesos
import Testing

@testable import EmbeddedMesos

@Suite struct TaskLifecycleTests {
    private func states(_ actions: [TaskLifecycle.Action]) -> [String] {
        actions.compactMap { if case .report(let status) = $0 { status.state } else { nil } }
    }

    private func running() -> TaskLifecycle {
        var lifecycle = TaskLifecycle()
        _ = lifecycle.handle(.prepared)
        _ = lifecycle.handle(.started)
        return lifecycle
    }

    @Test func `a task is prepared, started, and reported as starting and running`() {
        var lifecycle = TaskLifecycle()
        #expect(lifecycle.handle(.prepared) == [.start])
        let actions = lifecycle.handle(.started)
        #expect(states(actions) == ["TASK_STARTING", "TASK_RUNNING"])
        #expect(actions.last == .startHealthChecks)
    }

    @Test(arguments: [
        (ProcessExit.exited(0), "TASK_FINISHED", "Command exited with status 0"),
        (.exited(3), "TASK_FAILED", "Command exited with status 3"),
        (.signaled(9), "TASK_FAILED", "Command terminated with signal Killed"),
    ])
    func `an exit by itself decides the last state`(exit: ProcessExit, state: String, message: String) {
        var lifecycle = running()
        let actions = lifecycle.handle(.exited(exit, message: nil))
        #expect(states(actions) == [state])
        guard case .report(let status)? = actions.last else { return #expect(Bool(false)) }
        #expect(status.message == message)
    }

    @Test func `a kill is TERM, then KILL after the grace period, and ends as KILLED however the process exits`() {
        var lifecycle = running()
        let actions = lifecycle.handle(.killRequested(grace: .seconds(3), reportsKilling: true))
        #expect(states(actions) == ["TASK_KILLING"])
        #expect(actions.contains(.terminate(grace: .seconds(3))) && actions.contains(.arm(1, .seconds(3))))
        #expect(lifecycle.handle(.graceElapsed(1)) == [.kill])
        #expect(states(lifecycle.handle(.exited(.exited(0), message: nil))) == ["TASK_KILLED"])
    }

    @Test func `only frameworks that know the state hear of KILLING`() {
        var lifecycle = running()
        #expect(states(lifecycle.handle(.killRequested(grace: .seconds(3), reportsKilling: false))).isEmpty)
    }

    @Test func `a second kill may shorten the grace period`() {
        var lifecycle = running()
        _ = lifecycle.handle(.killRequested(grace: .seconds(60), reportsKilling: false))
        #expect(lifecycle.handle(.killRequested(grace: .seconds(1), reportsKilling: false)) == [.arm(2, .seconds(1))])
    }

    @Test func `a task killed while it is prepared never starts`() {
        var lifecycle = TaskLifecycle()
        let actions = lifecycle.handle(.killRequested(grace: .seconds(3), reportsKilling: true))
        #expect(actions.first == .cancelPreparation)
        #expect(states(actions) == ["TASK_KILLED"])
        // What was started in the same moment is ended.
        #expect(lifecycle.handle(.started) == [.kill])
    }

    @Test func `ill health ends the task as KILLED and unhealthy`() {
        var lifecycle = running()
        #expect(states(lifecycle.handle(.health(.report(healthy: false), grace: .seconds(1)))) == ["TASK_RUNNING"])
        let actions = lifecycle.handle(.health(.endTask(reason: "unhealthy"), grace: .seconds(1)))
        #expect(actions.contains(.terminate(grace: .seconds(1))) && actions.contains(.stopHealthChecks))
        guard case .report(let status)? = lifecycle.handle(.exited(.signaled(15), message: nil)).last else { return #expect(Bool(false)) }
        #expect(status.state == "TASK_KILLED")
        #expect(status.healthy == false)
    }

    @Test func `what fails to be prepared says why`() {
        var lifecycle = TaskLifecycle()
        let failure = PreparationFailure("Failed to fetch http://h/x: the server answered 404")
        let actions = lifecycle.handle(.preparationFailed(state: failure.state, reason: failure.reason, message: failure.message))
        #expect(actions == [.report(StatusDraft(state: "TASK_FAILED", reason: "REASON_CONTAINER_LAUNCH_FAILED", message: failure.message))])
        #expect(lifecycle.phase == .ended)
    }

    @Test func `an end that nobody saw is a failure of the executor`() {
        var lifecycle = TaskLifecycle()
        _ = lifecycle.handle(.adopted(healthy: true, wasStopping: false))
        guard case .report(let status)? = lifecycle.handle(.exited(.unknown, message: nil)).last else { return #expect(Bool(false)) }
        #expect(status.state == "TASK_FAILED")
        #expect(status.reason == "REASON_EXECUTOR_TERMINATED")
    }
}

@Suite struct HealthStateTests {
    private let check = HealthCheck(.tcp(port: 1), consecutiveFailures: 2, gracePeriodSeconds: 10)

    @Test func `failures inside the grace period do not count before the first success`() {
        var state = HealthState(check)
        #expect(state.result("refused", age: .seconds(5)).isEmpty)
        #expect(state.result("refused", age: .seconds(11)) == [.report(healthy: false)])
        let last = state.result("refused", age: .seconds(12))
        guard case .endTask? = last.last else { return #expect(Bool(false)) }
    }

    @Test func `a success is reported once, and a failure behind it counts at once`() {
        var state = HealthState(check)
        #expect(state.result(nil, age: .seconds(1)) == [.report(healthy: true)])
        #expect(state.result(nil, age: .seconds(2)).isEmpty)
        #expect(state.result("refused", age: .seconds(3)) == [.report(healthy: false)])
        #expect(state.result(nil, age: .seconds(4)) == [.report(healthy: true)])
    }

    @Test func `zero failures allowed means that the task is never ended`() {
        var state = HealthState(HealthCheck(.tcp(port: 1), consecutiveFailures: 0, gracePeriodSeconds: 0))
        for second in 1...20 {
            let actions = state.result("refused", age: .seconds(second))
            #expect(actions == (second == 1 ? [.report(healthy: false)] : []))
        }
    }
}
