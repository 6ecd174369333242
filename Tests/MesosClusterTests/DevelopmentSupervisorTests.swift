import ClusterCore
import ClusterTestKit
import Glibc
import Supervision
import Synchronization
import Testing

@testable import mesos_cluster

@Suite struct DevelopmentSupervisorTests {
    /// Starts a process as slowly as a bad disk may: it is up only after the supervisor's stop has begun.
    final class SlowStart: Sendable {
        let supervisor = Mutex<DevelopmentSupervisor?>(nil)
        let hasBegun = Mutex(false)

        func spawn(_ spec: ProcessSpec) async -> Result<Child, ClusterError> {
            hasBegun.withLock { $0 = true }
            try? await eventually("the stop") { await supervisor.withLock { $0 }?.isStopping == true }
            do throws(ClusterError) {
                let child = try await ProcessReaper.shared.spawn(spec)
                try? await eventually("the program") { Files.exists("\(spec.argv[0]).up") }
                return .success(child)
            } catch {
                return .failure(error)
            }
        }
    }

    @Test func waitsForAnEntrypointThatWasStartedDuringTheStop() async throws {
        let directory = try TemporaryDirectory("supervisor")
        let program = try directory.write(
            "program", "#!/bin/sh\ntrap 'touch \"$0.ended\"; exit 0' TERM\ntouch \"$0.up\"\nwhile :; do sleep 0.01; done\n", mode: 0o755)
        let topology = try Topology(masters: 1, slaves: 1, loadBalancers: 1, network: Topology.network("127.9.0.0/16"))
        let context = ClusterContext(
            kind: .development, topology: topology, hasAuthentication: false, identifier: "test", executables: directory.path)
        let start = SlowStart()
        let supervisor = DevelopmentSupervisor(context: context, state: StateDirectory(directory.path)) { spec throws(ClusterError) in
            // Not to be cancelled, as the reaper is not.
            try await Task.detached { await start.spawn(spec) }.value.get()
        }
        start.supervisor.withLock { $0 = supervisor }
        let launch = ComponentLaunch(
            node: topology.nodes[0], kind: .zookeeper, executable: program, environment: ["PATH": "/usr/bin:/bin"],
            log: directory.file("log"))
        await supervisor.run([launch]) { try? await eventually("the start") { start.hasBegun.withLock { $0 } } }
        #expect(Files.exists("\(program).ended"))
        start.supervisor.withLock { $0 = nil }
    }
}
