import ClusterCore
import Mesos
import Testing

@Suite struct MesosFlagsTests {
    @Test func `each version knows its own names`() {
        #expect(MesosFlags.master(version: "0.28").flags["slave_ping_timeout"] != nil)
        #expect(MesosFlags.master(version: "0.28").flags["agent_ping_timeout"] == nil)
        #expect(MesosFlags.master(version: "1.1").flags["slave_ping_timeout"]?.name == "agent_ping_timeout")
        #expect(MesosFlags.master(version: "1.5").flags["role_sorter"] == nil)
        #expect(MesosFlags.agent(version: "1.11").flags["work_dir"] != nil)
        #expect(MesosFlags.agent(version: "1.1").flags["reconfiguration_policy"] == nil)
    }

    @Test(arguments: [
        ("0.28.2", "0.28"), ("1.0.4", "0.28"), ("1.1.0", "1.1"), ("1.4.1", "1.1"), ("1.9.0", "1.5"), ("1.11.0", "1.11"), ("2.0", "1.11"),
    ])
    func `a version takes the table of the newest that is not newer`(_ version: String, _ table: String) {
        #expect(MesosFlags.tableVersion(for: version) == table)
    }

    @Test func `the command line is read as stout reads it`() throws {
        let table = MesosFlags.master(version: "1.11")
        let flags = try MesosFlags.parse(
            ["--IP=127.0.0.1", "word", "--no-root_submissions", "--quiet", "--slave_ping_timeout=3secs"], table: table)
        #expect(flags == ["ip": "127.0.0.1", "root_submissions": "false", "quiet": "true", "agent_ping_timeout": "3secs"])
    }

    @Test(arguments: [
        (["--bogus=1"], "Failed to load unknown flag 'bogus'"), (["--port"], "Failed to load non-boolean flag 'port': Missing value"),
        (["--port=1", "--port=2"], "Flag 'port' is already loaded via name 'port'"),
        (
            ["--agent_ping_timeout=1secs", "--slave_ping_timeout=1secs"],
            "Flag 'agent_ping_timeout' is already loaded via name 'slave_ping_timeout'"
        ),
    ])
    func `errors are in upstream's words`(_ words: [String], _ text: String) {
        #expect { try MesosFlags.parse(words, table: MesosFlags.master(version: "1.11")) } throws: { "\($0)" == text }
    }

    @Test func `unknown variables are ignored and known ones taken`() {
        let flags = MesosFlags.fromEnvironment(
            ["MESOS_TASK_ID": "x", "MESOS_attributes": "a:b", "MESOS_STRICT": "", "MESOS_PORT": "1"], table: MesosFlags.agent)
        #expect(flags == ["attributes": "a:b", "strict": "true", "port": "1"])
    }
}
