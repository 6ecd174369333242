import ClusterCore
import Glibc
import Supervision
import Testing

@testable import EmbeddedMesos

@Suite struct ProcessTests {
    @Test func `a process reports its exit status`() async throws {
        let process = try await TaskProcess.start(ProcessSpec(["/bin/sh", "-c", "exit 7"], environment: [:]))
        #expect(await process.exit() == .exited(7))
    }

    @Test func `a signal is told from an exit`() async throws {
        let process = try await TaskProcess.start(ProcessSpec(["sleep", "100"], environment: [:]))
        process.signalGroup(SIGTERM)
        let exit = await process.exit()
        #expect(exit == .signaled(SIGTERM))
        #expect(exit.message == "Command terminated with signal Terminated")
    }

    @Test func `a program that does not exist is an error and leaves nothing`() async {
        await #expect(throws: ClusterError.self) { try await TaskProcess.start(ProcessSpec(["/nonexistent/program"], environment: [:])) }
        await #expect(throws: ClusterError.self) { try await TaskProcess.start(ProcessSpec(["no-such-program"], environment: [:])) }
    }

    @Test func `a pid with another start time is another process`() async throws {
        let process = try await TaskProcess.start(ProcessSpec(["sleep", "100"], environment: [:]))
        let identity = process.identity
        #expect(HostProcesses.isRunning(identity))
        let reused = ProcessIdentity(pid: identity.pid, startTicks: identity.startTicks + 1, bootID: identity.bootID)
        #expect(!HostProcesses.isRunning(reused))
        #expect(TaskProcess.adopt(reused) == nil)
        #expect(TaskProcess.adopt(ProcessIdentity(pid: identity.pid, startTicks: identity.startTicks, bootID: "other boot")) == nil)
        process.signalGroup(SIGKILL)
        #expect(await process.exit() == .signaled(SIGKILL))
    }

    @Test func `a session's members in other groups end too`() async throws {
        let process = try await TaskProcess.start(
            ProcessSpec(["/bin/bash", "-c", "set -m; sleep 1000 & sleep 1000 & wait"], environment: ["PATH": "/usr/bin:/bin"]))
        let session = process.identity.pid
        while HostProcesses.all().values.filter({ $0.session == session }).count < 3 { await Task.yield() }
        process.signalGroup(SIGKILL)
        _ = await process.exit()
        await SessionSweeper().end(session)
        #expect(HostProcesses.all().values.allSatisfy { $0.session != session || $0.state == "Z" })
    }

    @Test func `a thousand that exit at once are all reported`() async throws {
        let codes = try await withThrowingTaskGroup(of: Int32.self) { group in
            for index in 0..<1000 {
                let process = try await TaskProcess.start(ProcessSpec(["/bin/sh", "-c", "exit \(index % 256)"], environment: [:]))
                group.addTask {
                    guard case .exited(let code) = await process.exit() else { return -1 }
                    return code == Int32(index % 256) ? 0 : -1
                }
            }
            return try await group.reduce(0, +)
        }
        #expect(codes == 0)
    }
}
