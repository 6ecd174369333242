import ClusterCore
import ClusterTestKit
import Testing

@testable import HAProxy

@Suite struct AnswerTests {
    @Test func showProcTellsWorkersOldWorkersAndFailedReloads() throws {
        let processes = try MasterProcesses(
            answer: """
                #<PID>          <type>          <reloads>       <uptime>        <version>
                1162            master          5 [failed: 2]   0d00h02m07s     2.6.12
                # workers
                1271            worker          1               0d00h00m00s     2.6.12
                # old workers
                1233            worker          3               0d00h00m43s     2.6.12
                # programs

                """)
        #expect(processes.master == .init(pid: 1162, reloads: 5))
        #expect(processes.failedReloads == 2)
        #expect(processes.workers.map(\.pid) == [1271])
        #expect(processes.oldWorkers.map(\.pid) == [1233])
        #expect(throws: ClusterError.self) { try MasterProcesses(answer: "") }
    }

    @Test func statisticsKeepQuotedCommas() throws {
        let rows = try StatisticsRow.rows(csv: "# pxname,svname,status,last_chk,\nweb,\"a,b\",UP,\"L4OK, fine\",\nweb,BACKEND,DOWN,,\n\n")
        #expect(rows.map(\.server) == ["a,b", "BACKEND"])
        #expect(rows[0].fields["last_chk"] == "L4OK, fine")
        #expect(rows[1].status == "DOWN")
    }

    @Test func complaintsLoseTheirPreamble() {
        let output = """
            [NOTICE]   (22967) : haproxy version is 2.6.12
            [ALERT]    (22967) : config : parsing [/x.cfg:16] : unknown keyword 'bad' in 'backend' section
            [ALERT]    (22967) : config : Error(s) found in configuration file : /x.cfg
            [ALERT]    (22967) : config : Fatal errors found in configuration.
            """
        #expect(ConfigurationCheck.reasons(output) == ["config : parsing [/x.cfg:16] : unknown keyword 'bad' in 'backend' section"])
    }
}

/// With a real HAProxy, in master-worker mode.
@Suite(.timeLimit(.minutes(2))) struct HAProxySocketTests {
    @Test func aReloadIsSeenAndAFailedOneIsTold() async throws {
        let directory = try TemporaryDirectory("haproxy")
        let port = try freePort()
        func configuration(_ name: String) -> String {
            """
            global
                description \(name)
                stats socket \(directory.file("worker.sock")) mode 600 level admin expose-fd listeners
            defaults
                mode http
                timeout connect 5s
                timeout client 5s
                timeout server 5s
            frontend front
                bind 127.0.0.1:\(port)
                default_backend back
            backend back
                server 127.0.0.1:9 127.0.0.1:9

            """
        }
        let file = try directory.write("haproxy.cfg", configuration("first"))
        let process = try await TestProcess(
            ["haproxy", "-W", "-S", "\(directory.file("master.sock")),mode,600", "-f", file], output: directory.file("log"))
        let worker = WorkerSocket(directory.file("worker.sock"))
        let master = MasterSocket(directory.file("master.sock"))
        #expect(await !HAProxyHealth.look(WorkerSocket(directory.file("none"))).isServing)
        let first = try await eventuallyValue("the first worker") { try await worker.info() }
        #expect(first.description == "first")
        // The master takes its own socket up again a moment after the worker serves.
        _ = try await eventuallyValue("the master") { try await master.processes() }
        #expect(try await worker.statistics().map(\.server) == ["FRONTEND", "127.0.0.1:9", "BACKEND"])
        let servers = try await worker.servers(of: "back")
        #expect(servers.map(\.name) == ["127.0.0.1:9"])
        #expect(servers.first?.port == 9)

        _ = try directory.write("haproxy.cfg", configuration("second"))
        try await master.reload()
        try await eventually("the second worker") { try await worker.info().description == "second" }
        // The master, which executes itself anew, refuses connections for a moment.
        try await eventually("the master") { try await master.processes().failedReloads == 0 }

        _ = try directory.write("haproxy.cfg", "nonsense\n")
        try await master.reload()
        try await eventually("the failure") { try await master.processes().failedReloads == 1 }
        #expect(await HAProxyHealth.look(worker).isServing)
        await process.terminate()
    }
}
